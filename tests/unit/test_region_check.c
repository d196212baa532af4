/* SPDX-License-Identifier: BSD-3-Clause */
/* The header check: which files are refused as control regions, and with which words. */

#include "arena_table.h"
#include "region_check.h"
#include "region_parts.h"
#include "support_check.h"

static struct region *header; /* A copy, of its own size and at another address. */

static int header_setup(void **state)
{
	int err = scene_setup(state);

	header = malloc(sizeof(*header));
	memcpy(header, scene.region, sizeof(*header));
	return err;
}

static int header_teardown(void **state)
{
	free(header);
	return scene_teardown(state);
}

static void refused(uint64_t file_len, int want, const char *words)
{
	int err;
	const char *fault = region_header_fault(header, file_len, &err);

	if (fault == NULL || strcmp(fault, words) || err != want)
		fail_msg("wanted \"%s\" and %d: \"%s\" and %d", words, want, fault, err);
}

/* Damaged so, refused so; then as before. */
#define REFUSED(member, value, err, words)                                                         \
	do {                                                                                       \
		__typeof__(header->member) was = header->member;                                   \
		header->member = (__typeof__(was))(value);                                         \
		refused(scene.region->len, err, words);                                            \
		header->member = was;                                                              \
	} while (0)

static void a_sound_header_passes_at_any_address(void **state)
{
	assert_int_equal(region_check_header(header, scene.region->len), 0);
	assert_int_equal(region_check_header(scene.region, scene.region->len), 0);
}

static void another_build_is_told_from_damage(void **state)
{
	REFUSED(magic, 1, -EBADMSG, "it is no control region");
	REFUSED(version, REGION_VERSION + 1, -EPROTO, "it belongs to another build of the library");
	REFUSED(fingerprint, 2, -EPROTO, "it belongs to another build of the library");
}

static void a_file_of_another_length_is_refused(void **state)
{
	refused(0, -EBADMSG, "the file is shorter than a header");
	refused(sizeof(*header) - 1, -EBADMSG, "the file is shorter than a header");
	refused(sizeof(*header), -EBADMSG, "the file is too short");
	refused(scene.region->len - 1, -EBADMSG, "the file is too short");
	refused(scene.region->len + 4096, -EBADMSG, "the file is too long");
}

/* INV-LAYOUT-1: refused before anything is computed that could overflow. */
static void a_shape_out_of_range_is_refused(void **state)
{
	const char *words = "its shape is out of range";

	REFUSED(shape.base, 4096, -EBADMSG, words);
	REFUSED(shape.max_lists, 0, -EBADMSG, words);
	REFUSED(shape.max_lists, 4097, -EBADMSG, words);
	REFUSED(shape.max_lists, 1, -EBADMSG, words);
	REFUSED(shape.max_readers, 0, -EBADMSG, words);
	REFUSED(shape.max_readers, UINT32_MAX, -EBADMSG, words);
	REFUSED(shape.max_nodes, 0, -EBADMSG, words);
	REFUSED(shape.max_nodes, UINT32_MAX, -EBADMSG, words);
	REFUSED(shape.list_len, UINT64_MAX, -EBADMSG, words);
	REFUSED(shape.list_len, 1ull << 46, -EBADMSG, words);
	REFUSED(shape.page_sizes, 0, -EBADMSG, words);
	REFUSED(shape.page_sizes, 512, -EBADMSG, words);
	REFUSED(shape.page_sizes, 1ull << 35, -EBADMSG, words);
	REFUSED(shape.page_sizes, 1ull << 34, -EBADMSG, words);
	REFUSED(shape.n_sockets, 0, -EBADMSG, words);
	REFUSED(shape.n_sockets, -1, -EBADMSG, words);
	REFUSED(shape.n_sockets, 33, -EBADMSG, words);
	REFUSED(shape.sockets[0], -1, -EBADMSG, words);
	REFUSED(shape.sockets[0], 32, -EBADMSG, words);
	REFUSED(shape.list_len, 512 * GIB, -EBADMSG, "its length is not that of its shape");
}

static void a_place_out_of_range_is_refused(void **state)
{
	REFUSED(len, header->len + GIB, -EBADMSG, "its length is not that of its shape");
	REFUSED(base, 0, -EBADMSG, "its address is out of range");
	REFUSED(base, header->base + 4096, -EBADMSG, "its address is out of range");
	REFUSED(base, (1ull << 47) - GIB, -EBADMSG, "its address is out of range");
	REFUSED(shape.base, header->base + GIB, -EBADMSG, "its address is not the one asked for");
	REFUSED(max_lists, 65, -EBADMSG, "its numbers of lists are not those of its shape");
	REFUSED(n_internal, 9, -EBADMSG, "its numbers of lists are not those of its shape");
}

static void pointers_that_lead_elsewhere_are_refused(void **state)
{
	REFUSED(domain, NULL, -EBADMSG, "the readers are not where they belong");
	REFUSED(va_index, header->iova_index, -EBADMSG,
		"the index by virtual address is not where it belongs");
	REFUSED(iova_index, 1, -EBADMSG, "the index by IO address is not where it belongs");
	REFUSED(ext_index, UINT64_MAX, -EBADMSG,
		"the index of external memory is not where it belongs");
	REFUSED(lists, NULL, -EBADMSG, "the lists are not where they belong");
	REFUSED(states, NULL, -EBADMSG, "the list states are not where they belong");
	REFUSED(snapshots, NULL, -EBADMSG, "the snapshots are not where they belong");
	REFUSED(arena, NULL, -EBADMSG, "the arena is not where it belongs");
	REFUSED(views_begin, 0, -EBADMSG, "the segment arrays are not where they belong");
	REFUSED(views_end, 0, -EBADMSG, "the segment arrays are not where they belong");
}

static void options_out_of_range_are_refused(void **state)
{
	REFUSED(prefix[63], 'x', -EBADMSG, "there is something behind the prefix");
	REFUSED(iova_mode, 9, -EBADMSG, "there is no such IOVA mode");
	REFUSED(nrank, 17, -EBADMSG, "an option is out of range");
	REFUSED(membarrier, 2, -EBADMSG, "an option is out of range");
	REFUSED(free_timeout_ns, UINT64_MAX, -EBADMSG, "a timeout is out of range");
	REFUSED(lock_timeout_ns, UINT64_MAX, -EBADMSG, "a timeout is out of range");
	REFUSED(event_timeout_ns, UINT64_MAX, -EBADMSG, "a timeout is out of range");
	memset(header->prefix, 'x', sizeof(header->prefix));
	refused(scene.region->len, -EBADMSG, "the prefix has no end");
}

/* ---- Behind the header ---- */

static void parts_refused(void)
{
	struct region_layout layout;

	assert_int_equal(region_layout_make(&layout, &scene.region->shape), 0);
	assert_int_equal(region_check_parts(scene.region, &layout), -EBADMSG);
}

#define PARTS_REFUSED(member, value)                                                               \
	do {                                                                                       \
		__typeof__(member) was = (member);                                                 \
		(member) = (__typeof__(was))(value);                                               \
		parts_refused();                                                                   \
		(member) = was;                                                                    \
	} while (0)

static void parts_that_lead_elsewhere_are_refused(void **state)
{
	struct region *r = scene.region;
	struct region_layout layout;

	assert_int_equal(region_layout_make(&layout, &r->shape), 0);
	assert_int_equal(region_check_parts(r, &layout), 0);
	PARTS_REFUSED(r->snapshots->blocks, NULL);
	PARTS_REFUSED(r->arena->pieces, NULL);
	PARTS_REFUSED(r->va_index->pool, NULL);
	PARTS_REFUSED(r->va_index->window, NULL);
	PARTS_REFUSED(r->va_index->window_cnt, 99);
	PARTS_REFUSED(r->iova_index->window_first, 0);
	PARTS_REFUSED(r->ext_index->node_max, 1);
	PARTS_REFUSED(r->domain->reader_max, 65);
	PARTS_REFUSED(r->states[0].taken, NULL);
	PARTS_REFUSED(r->lists[0].len, 4096);
	PARTS_REFUSED(r->lists[0].memseg_arr.data, NULL);
}

/* What who joins calls: nothing is mapped when it fails. */
static void joining_a_damaged_region_is_refused(void **state)
{
	struct region *region = NULL, *own = scene.region;
	uint64_t len = own->len;

	own->magic ^= 1;
	assert_int_equal(region_join(runtime.region_fd, own->base, len, &region), -EBADMSG);
	own->magic ^= 1;
	own->fingerprint ^= 1;
	assert_int_equal(region_join(runtime.region_fd, own->base, len, &region), -EPROTO);
	own->fingerprint ^= 1;
	assert_int_equal(region_join(runtime.region_fd, own->base + GIB, len, &region), -EBADMSG);
	assert_int_equal(region_join(runtime.list_fds[0], own->base, len, &region), -EBADMSG);
	assert_int_equal(region_join(runtime.region_fd, own->base, len, &region), -EADDRNOTAVAIL);
	assert_null(region);
}

#define HEADER_CASE(name) cmocka_unit_test_setup_teardown(name, header_setup, header_teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		HEADER_CASE(a_sound_header_passes_at_any_address),
		HEADER_CASE(another_build_is_told_from_damage),
		HEADER_CASE(a_file_of_another_length_is_refused),
		HEADER_CASE(a_shape_out_of_range_is_refused),
		HEADER_CASE(a_place_out_of_range_is_refused),
		HEADER_CASE(pointers_that_lead_elsewhere_are_refused),
		HEADER_CASE(options_out_of_range_are_refused),
		SCENE_CASE(parts_that_lead_elsewhere_are_refused),
		SCENE_CASE(joining_a_damaged_region_is_refused),
	};

	return RUN_CASES("region_check", cases);
}
