/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_stats_get(): what the figures count.  What readers hold up is in
 * test_reader_grace.c.
 */

#include "support_walk.h"

static struct rcumem_stats stats(void)
{
	struct rcumem_stats now = {.sz = sizeof(now)};

	assert_int_equal(rcumem_stats_get(&now), 0);
	return now;
}

static void statistics_count_what_was_done(void **state)
{
	struct rcumem_stats before = stats(), now;
	char *va = ext_reserve(3);
	char *pages = pages_get(4);

	(void)state;
	assert_int_equal(ext_register(va, 3, 0x1000), 0);
	pages_put(pages, 1);
	assert_fails_null(rcumem_pages_alloc(2 * GIB, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	now = stats();
	assert_int_equal(now.allocs, before.allocs + 1);
	assert_int_equal(now.frees, before.frees + 1);
	assert_int_equal(now.alloc_failures, before.alloc_failures + 1);
	assert_int_equal(now.segments, before.segments + 3 + 3);
	assert_int_equal(now.bytes, before.bytes + 3 * page_sz);
	assert_int_equal(now.lists, before.lists + 1);
	assert_int_equal(now.recoveries, 0);
	assert_true(now.index_nodes > 0);
	assert_true(now.snapshot_blocks > 0);
	assert_int_equal(ext_unregister(va, 3), 0);
	pages_put(pages + page_sz, 3);
	now = stats();
	assert_int_equal(now.segments, before.segments);
	assert_int_equal(now.bytes, before.bytes);
	assert_int_equal(now.lists, before.lists);
	ext_release(va, 3);
}

static void statistics_go_by_the_size_that_the_caller_knows(void **state)
{
	struct {
		struct rcumem_stats stats;
		char more[64];
	} large;
	struct rcumem_stats small = {.sz = offsetof(struct rcumem_stats, alloc_failures)};

	(void)state;
	assert_fails(rcumem_stats_get(NULL), EINVAL);
	small.alloc_failures = 4711;
	assert_fails(rcumem_stats_get(&(struct rcumem_stats){.sz = 0}), EINVAL);
	assert_fails(rcumem_stats_get(&(struct rcumem_stats){.sz = 1}), EINVAL);
	rte_errno = 0;
	assert_true(rcumem_stats_get(&small) == 0 || rte_errno == EINVAL);
	assert_int_equal(small.alloc_failures, 4711);
	memset(&large, 0x5a, sizeof(large));
	large.stats.sz = sizeof(large);
	assert_int_equal(rcumem_stats_get(&large.stats), 0);
	assert_int_equal(large.stats.recoveries, 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(statistics_count_what_was_done),
		CASE(statistics_go_by_the_size_that_the_caller_knows),
	};

	return RUN_CASES("statistics", cases);
}
