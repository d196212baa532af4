/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem as a user runs it: dump and translate.
 */

#include "support_tool.h"

/* ---- dump ---- */

/* Segments of a dump: consecutive pages of 4 KiB whose IO address is the virtual one. */
static void check_segments(const json_t *segments, size_t n)
{
	uint64_t next = 0;
	json_t *segment;
	size_t i;

	assert_int_equal(json_array_size(segments), n);
	json_array_foreach(segments, i, segment)
	{
		uint64_t address = address_of(segment, "address");

		assert_int_equal(address_of(segment, "iova"), address);
		assert_int_equal(number_of(segment, "length"), 4096);
		assert_int_equal(number_of(segment, "page_size"), 4096);
		if (i > 0)
			assert_int_equal(address, next);
		next = address + 4096;
	}
}

static void dump_json_shows_the_memory_asked_for(void **state)
{
	uint64_t used = 0;
	json_t *stats;
	json_t *root;
	json_t *list;
	size_t i;

	assert_int_equal(tool("dump --json --mem 64K --page-size 4K --iova-mode va 2>&1"), OK);
	root = output_json();
	assert_string_equal(json_string_value(json_object_get(root, "iova_mode")), "va");
	assert_int_equal(number_of(root, "bytes"), 64 << 10);
	check_segments(json_object_get(root, "segments"), 16);
	json_array_foreach(json_object_get(root, "lists"), i, list)
	{
		assert_int_equal(number_of(list, "list"), i);
		used += number_of(list, "used");
	}
	assert_int_equal(used, 16);
	stats = json_object_get(root, "statistics");
	assert_int_equal(number_of(stats, "segments"), 16);
	assert_int_equal(number_of(stats, "bytes"), 64 << 10);
	assert_int_equal(number_of(stats, "allocs"), 1);
	assert_int_equal(number_of(stats, "lists"), i);
	json_decref(root);
}

static void dump_text_merges_neighbours_and_all_shows_each(void **state)
{
	assert_int_equal(tool("dump --mem 64K -p 4K 2>&1"), OK);
	assert_output_has(" 0-15 ");
	assert_output_has("64 KiB");
	assert_int_equal(tool("dump --mem 64K -p 4K --all 2>&1 | sed -n '/^Segments/,/^$/p'"), OK);
	assert_int_equal(count_lines("     "), 16);
}

static void dump_of_no_memory_shows_empty_lists(void **state)
{
	json_t *root;

	assert_int_equal(tool("dump --json --mem 0 2>&1"), OK);
	root = output_json();
	assert_int_equal(json_array_size(json_object_get(root, "segments")), 0);
	assert_true(json_array_size(json_object_get(root, "lists")) > 0);
	json_decref(root);
}

static void dump_says_why_it_cannot_allocate(void **state)
{
	assert_int_equal(tool("dump -p 4K --mem 1024T 2>&1 >/dev/null"), FAILED);
	assert_output_has("cannot allocate the memory");
	assert_int_equal(tool("dump -p 12K 2>&1 >/dev/null"), FAILED);
	assert_output_has("cannot allocate the memory");
	assert_int_equal(tool("dump --base-va 5000 2>&1 >/dev/null"), FAILED);
	assert_output_has("cannot start the runtime");
}

static void dump_shows_hugepages_where_some_are_free(void **state)
{
	json_t *segments;
	json_t *root;

	if (file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages") < 2)
		skip();
	assert_int_equal(tool("dump --json --mem 3M --page-size 2M 2>&1"), OK);
	root = output_json();
	segments = json_object_get(root, "segments");
	assert_int_equal(json_array_size(segments), 2);
	assert_int_equal(number_of(json_array_get(segments, 0), "page_size"), 2 << 20);
	json_decref(root);
}

static void dump_is_private_whatever_the_environment_says(void **state)
{
	setenv("RCUMEM_PREFIX", "not/a/name", 1);
	assert_int_equal(tool("dump --mem 4K -p 4K 2>&1"), OK);
	unsetenv("RCUMEM_PREFIX");
}

/* ---- translate ---- */

/* Where the memory of a run begins: the same in each run with the same options. */
static uint64_t first_byte(void)
{
	json_t *root;
	uint64_t va;

	assert_int_equal(tool("translate --json -m 64K -p 4K 0 2>&1"), OK);
	root = output_json();
	va = address_of(json_array_get(root, 0), "va");
	json_decref(root);
	return va;
}

static void translate_tells_page_and_contiguous_length_of_offsets(void **state)
{
	uint64_t base = first_byte();
	json_t *answer;
	json_t *root;

	assert_int_equal(tool("translate --json -m 64K -p 4K -i va 0 0x3001 65535 2>&1"), OK);
	root = output_json();
	assert_int_equal(json_array_size(root), 3);
	answer = json_array_get(root, 1);
	assert_int_equal(address_of(answer, "va"), base + 0x3001);
	assert_int_equal(address_of(answer, "iova"), base + 0x3001);
	assert_int_equal(number_of(answer, "page"), number_of(json_array_get(root, 0), "page") + 3);
	assert_int_equal(number_of(answer, "contiguous"), 0x10000 - 0x3001);
	assert_int_equal(number_of(json_array_get(root, 2), "contiguous"), 1);
	json_decref(root);
}

static void translate_finds_virtual_and_io_addresses_alike(void **state)
{
	uint64_t base = first_byte();
	json_t *root;

	assert_int_equal(tool("translate --json -m 64K -p 4K -i va --va 0x%" PRIx64
			      " --iova 0x%" PRIx64 " 2>&1",
				 base + 5000, base + 5000),
		OK);
	root = output_json();
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(address_of(json_array_get(root, i), "va"), base + 5000);
		assert_int_equal(address_of(json_array_get(root, i), "iova"), base + 5000);
	}
	json_decref(root);
}

static void translate_of_what_is_not_there_is_status_1(void **state)
{
	uint64_t base = first_byte();

	assert_int_equal(tool("translate -m 64K -p 4K 65535 65536"), FAILED);
	assert_output_has("in no segment in use");
	assert_output_has("contiguous 1 B");
	assert_int_equal(tool("translate -m 64K -p 4K --va 0x%" PRIx64, base - 1), FAILED);
	assert_int_equal(tool("translate -m 64K -p 4K --iova 0"), FAILED);
	assert_int_equal(tool("translate -m 64K -p 4K --iova 0xffffffffffffffff"), FAILED);
	assert_int_equal(tool("translate -m 0 0"), FAILED);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(dump_json_shows_the_memory_asked_for),
		cmocka_unit_test(dump_text_merges_neighbours_and_all_shows_each),
		cmocka_unit_test(dump_of_no_memory_shows_empty_lists),
		cmocka_unit_test(dump_says_why_it_cannot_allocate),
		cmocka_unit_test(dump_shows_hugepages_where_some_are_free),
		cmocka_unit_test(dump_is_private_whatever_the_environment_says),
		cmocka_unit_test(translate_tells_page_and_contiguous_length_of_offsets),
		cmocka_unit_test(translate_finds_virtual_and_io_addresses_alike),
		cmocka_unit_test(translate_of_what_is_not_there_is_status_1),
	};

	return RUN_TOOL_CASES(cases);
}
