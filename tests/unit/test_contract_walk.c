/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.2: the six walks.  A table lets every rule be tried on all of
 * them.
 */

#include "support_walk.h"

/* Each walk with a recorder, and without a callback; raw walks need a section around them. */
#define WALK(fn, recorder)                                                                         \
	static int call_##fn(struct visits *visits)                                                \
	{                                                                                          \
		return visits ? fn(recorder, visits) : fn(NULL, NULL);                             \
	}                                                                                          \
	static int call_##fn##_thread_unsafe(struct visits *visits)                                \
	{                                                                                          \
		int rc = rcumem_read_lock();                                                       \
                                                                                                   \
		if (rc == 0)                                                                       \
			rc = visits ? fn##_thread_unsafe(recorder, visits)                         \
				    : fn##_thread_unsafe(NULL, NULL);                              \
		rcumem_read_unlock();                                                              \
		return rc;                                                                         \
	}

WALK(rte_memseg_walk, record_seg)
WALK(rte_memseg_contig_walk, record_run)
WALK(rte_memseg_list_walk, record_list)

/* Every walk is followed by its twin. */
static int (*const walks[])(struct visits *visits) = {
	call_rte_memseg_walk,
	call_rte_memseg_walk_thread_unsafe,
	call_rte_memseg_contig_walk,
	call_rte_memseg_contig_walk_thread_unsafe,
	call_rte_memseg_list_walk,
	call_rte_memseg_list_walk_thread_unsafe,
};

static struct visits seen, twin;

/* Two external lists and a hole between internal pages: several of everything. */
static char *scene_pages, *scene_ext;

static void scene_make(void)
{
	scene_pages = pages_get(4);
	pages_put(scene_pages + page_sz, 1);
	scene_ext = ext_reserve(4);
	assert_int_equal(ext_register(scene_ext, 2, 0x10000), 0);
	assert_int_equal(ext_register(scene_ext + 2 * EXT_PAGE, 2, 0x90000), 0);
}

static void scene_end(void)
{
	assert_int_equal(ext_unregister(scene_ext, 2), 0);
	assert_int_equal(ext_unregister(scene_ext + 2 * EXT_PAGE, 2), 0);
	ext_release(scene_ext, 4);
	pages_put(scene_pages, 1);
	pages_put(scene_pages + 2 * page_sz, 2);
}

/* rows W1, W4 */
static void walk_of_an_empty_table_calls_nobody(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		memset(&seen, 0, sizeof(seen));
		assert_int_equal(walks[i](&seen), 0);
		assert_int_equal(seen.n, 0);
	}
}

/* rows W1, W5 */
static void walk_goes_by_list_and_then_by_page(void **state)
{
	char *expected[] = {NULL, NULL, NULL, NULL, NULL, NULL, NULL};

	(void)state;
	scene_make();
	expected[0] = scene_pages;
	expected[1] = scene_pages + 2 * page_sz;
	expected[2] = scene_pages + 3 * page_sz;
	for (int i = 0; i < 4; i++)
		expected[3 + i] = scene_ext + i * EXT_PAGE;
	visit_segs(&seen);
	assert_int_equal(seen.n, ARRAY_LEN(expected));
	for (unsigned int i = 0; i < seen.n; i++) {
		assert_ptr_equal(seen.at[i].seg.addr, expected[i]);
		assert_int_equal(seen.at[i].msl->external, i >= 3);
	}
	for (unsigned int i = 1; i < seen.n; i++)
		assert_true(seen.at[i].msl >= seen.at[i - 1].msl);
	scene_end();
}

/* rows W1, W5 */
static void freed_slot_of_a_list_is_walked_at_its_place_again(void **state)
{
	char *va = ext_reserve(3);

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(ext_register(va + i * EXT_PAGE, 1, 0x1000), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	visit_segs(&seen);
	assert_int_equal(seen.n, 2);
	assert_ptr_equal(seen.at[0].seg.addr, va + EXT_PAGE);
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	visit_segs(&seen);
	assert_int_equal(seen.n, 3);
	for (int i = 0; i < 3; i++)
		assert_ptr_equal(seen.at[i].seg.addr, va + i * EXT_PAGE);
	for (int i = 0; i < 3; i++)
		assert_int_equal(ext_unregister(va + i * EXT_PAGE, 1), 0);
	ext_release(va, 3);
}

/* rows W2 */
static void list_walk_shows_empty_and_external_lists(void **state)
{
	unsigned int internal;

	(void)state;
	visit_lists(&seen);
	internal = seen.n;
	assert_true(internal >= 1);
	for (unsigned int i = 0; i < internal; i++)
		assert_int_equal(seen.at[i].msl->memseg_arr.count, 0);
	scene_make();
	visit_lists(&seen);
	assert_int_equal(seen.n, internal + 2);
	assert_ptr_equal(seen.at[internal].msl->base_va, scene_ext);
	assert_ptr_equal(seen.at[internal + 1].msl->base_va, scene_ext + 2 * EXT_PAGE);
	scene_end();
	visit_lists(&seen);
	assert_int_equal(seen.n, internal);
}

/* rows W3 */
static void nonzero_answer_stops_every_walk_and_comes_back_verbatim(void **state)
{
	static const int answers[] = {1, -1, 2, -7, 12345, INT32_MIN, INT32_MAX};

	(void)state;
	scene_make();
	for (size_t i = 0; i < ARRAY_LEN(walks); i++) {
		for (size_t j = 0; j < ARRAY_LEN(answers); j++) {
			unsigned int stop_at = 1 + j % 2;

			memset(&seen, 0, sizeof(seen));
			seen.stop_at = stop_at;
			seen.answer = answers[j];
			assert_int_equal(walks[i](&seen), answers[j]);
			assert_int_equal(seen.n, stop_at);
		}
	}
	scene_end();
}

/* rows W4, N2 */
static void finished_walk_returns_zero_and_its_twin_shows_the_same(void **state)
{
	(void)state;
	scene_make();
	rte_errno = ERRNO_UNTOUCHED;
	for (size_t i = 0; i < ARRAY_LEN(walks); i += 2) {
		memset(&seen, 0, sizeof(seen));
		memset(&twin, 0, sizeof(twin));
		assert_int_equal(walks[i](&seen), 0);
		assert_int_equal(walks[i + 1](&twin), 0);
		assert_true(seen.n > 0);
		assert_memory_equal(&seen, &twin, sizeof(seen));
	}
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	scene_end();
}

/* rows N3: a crash in DPDK */
static void walk_without_a_callback_is_invalid(void **state)
{
	char *page = pages_get(1);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(walks); i++)
		assert_fails(walks[i](NULL), EINVAL);
	pages_put(page, 1);
}

/* rows W5, W6 */
static void walk_shows_live_lists_and_live_slots(void **state)
{
	(void)state;
	scene_make();
	visit_segs(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		const void *addr = seen.at[i].seg.addr;

		assert_ptr_equal(seen.at[i].msl, rte_mem_virt2memseg_list(addr));
		assert_ptr_equal(seen.at[i].ms, rte_mem_virt2memseg(addr, NULL));
		assert_memory_equal(&seen.at[i].seg, seen.at[i].ms, sizeof(struct rte_memseg));
	}
	visit_runs(&seen);
	for (unsigned int i = 0; i < seen.n; i++)
		assert_ptr_equal(seen.at[i].ms, rte_mem_virt2memseg(seen.at[i].seg.addr, NULL));
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++)
		assert_ptr_equal(seen.at[i].msl, rte_mem_virt2memseg_list(seen.at[i].msl->base_va));
	scene_end();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(walk_of_an_empty_table_calls_nobody),
		CASE(walk_goes_by_list_and_then_by_page),
		CASE(freed_slot_of_a_list_is_walked_at_its_place_again),
		CASE(list_walk_shows_empty_and_external_lists),
		CASE(nonzero_answer_stops_every_walk_and_comes_back_verbatim),
		CASE(finished_walk_returns_zero_and_its_twin_shows_the_same),
		CASE(walk_without_a_callback_is_invalid),
		CASE(walk_shows_live_lists_and_live_slots),
	};

	return RUN_CASES("contract: walks", cases);
}
