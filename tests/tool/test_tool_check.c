/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem check, info and dump of a runtime that another process has: this one.
 */

#include <unistd.h>

#include <rcumem.h>

#include "runtime.h"
#include "support_tool.h"

#define PREFIX "looked-at"

static char folder[] = "/tmp/rcumem-tool-XXXXXX";
static char *pages;

static int start(void **state)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.prefix = PREFIX,
		.page_sizes = 4096,
		.list_len = 1 << 30,
	};

	if (!mkdtemp(folder) || setenv("RCUMEM_RUNTIME_DIR", folder, 1) || rcumem_init(&opts))
		return -1;
	pages = rcumem_pages_alloc(5 * 4096, 4096, SOCKET_ID_ANY, 0);
	return pages ? 0 : -1;
}

static int stop(void **state)
{
	int err = rcumem_fini();

	rmdir(folder);
	return err;
}

static void check_of_a_sound_runtime_says_so(void **state)
{
	json_t *root;

	assert_int_equal(tool("check " PREFIX " 2>&1"), OK);
	assert_string_equal(output, PREFIX ": sound\n");
	setenv("RCUMEM_PREFIX", PREFIX, 1);
	assert_int_equal(tool("check --json 2>&1"), OK);
	unsetenv("RCUMEM_PREFIX");
	root = output_json();
	assert_string_equal(json_string_value(json_object_get(root, "prefix")), PREFIX);
	assert_true(json_is_true(json_object_get(root, "sound")));
	assert_int_equal(number_of(root, "count"), 0);
	json_decref(root);
}

static void check_tells_what_is_wrong(void **state)
{
	json_t *root;

	runtime_region()->stats.lists = 9;
	assert_int_equal(tool("check " PREFIX " 2>&1"), FAILED);
	assert_string_equal(
		output, "statistics: lists: 9 counted, 1 there\n" PREFIX ": 1 finding\n");
	runtime_region()->stats.bytes = 9;
	assert_int_equal(tool("check -j " PREFIX " 2>&1"), FAILED);
	runtime_region()->stats.bytes = 5 * 4096;
	runtime_region()->stats.lists = 1;
	root = output_json();
	assert_true(json_is_false(json_object_get(root, "sound")));
	assert_int_equal(number_of(root, "count"), 2);
	assert_int_equal(json_array_size(json_object_get(root, "findings")), 2);
	json_decref(root);
}

static void what_cannot_be_looked_at_is_no_finding(void **state)
{
	assert_int_equal(tool("check nobody 2>&1"), USAGE);
	assert_string_equal(output, "rcumem: cannot look at 'nobody': No such file or directory\n");
	assert_int_equal(tool("check 2>&1"), USAGE);
	assert_int_equal(tool("check a/b 2>&1"), USAGE);
	assert_int_equal(tool("check " PREFIX " surplus 2>&1"), USAGE);
	runtime_region()->magic ^= 1;
	assert_int_equal(tool("check " PREFIX " 2>&1"), USAGE);
	runtime_region()->magic ^= 1;
	assert_output_has("control region refused: it is no control region");
	assert_int_equal(tool("dump nobody 2>&1"), FAILED);
	assert_int_equal(tool("info nobody 2>&1"), FAILED);
}

static void dump_shows_the_memory_of_another_process(void **state)
{
	json_t *root, *segments;

	assert_int_equal(tool("dump --json " PREFIX " 2>&1"), OK);
	root = output_json();
	segments = json_object_get(root, "segments");
	assert_int_equal(json_array_size(segments), 5);
	assert_int_equal(address_of(json_array_get(segments, 0), "address"), (uintptr_t)pages);
	assert_int_equal(number_of(json_array_get(segments, 4), "page"), 4);
	assert_int_equal(number_of(root, "bytes"), 5 * 4096);
	json_decref(root);
	assert_int_equal(tool("dump " PREFIX " 2>&1"), OK);
	assert_output_has("  0-4  ");
}

static void info_shows_the_processes(void **state)
{
	json_t *root, *processes;
	char pid[32];

	assert_int_equal(tool("info --json " PREFIX " 2>&1"), OK);
	root = output_json();
	processes = json_object_get(root, "processes");
	assert_int_equal(json_array_size(processes), 1);
	assert_int_equal(number_of(json_array_get(processes, 0), "pid"), getpid());
	assert_int_equal(number_of(json_object_get(root, "statistics"), "segments"), 5);
	json_decref(root);
	assert_int_equal(tool("info " PREFIX " 2>&1"), OK);
	snprintf(pid, sizeof(pid), "%10d", getpid());
	assert_output_has(pid);
	assert_output_has("Runtime " PREFIX ": IOVA mode va");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(check_of_a_sound_runtime_says_so),
		cmocka_unit_test(check_tells_what_is_wrong),
		cmocka_unit_test(what_cannot_be_looked_at_is_no_finding),
		cmocka_unit_test(dump_shows_the_memory_of_another_process),
		cmocka_unit_test(info_shows_the_processes),
	};

	if (!getenv("RCUMEM_TOOL")) {
		fputs("RCUMEM_TOOL must name the command\n", stderr);
		return 1;
	}
	return cmocka_run_group_tests(cases, start, stop);
}
