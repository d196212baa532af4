/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_pages_alloc(); contract 2.1.  rcumem_pages_free() stands in
 * test_pages_free.c.
 */

#include "support_walk.h"

static struct visits seen;

static bool all_zero(const char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* ---- Arguments ---- */

static void bad_arguments_of_alloc_are_invalid(void **state)
{
	(void)state;
	assert_fails_null(rcumem_pages_alloc(0, page_sz, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(0, 0, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 1u << 3), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, ~0u), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, 3 * page_sz, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, 1, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, 64 * KIB, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, GIB, SOCKET_ID_ANY, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, -2, 0), EINVAL);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, 999, 0), EINVAL);
	assert_fails_null(
		rcumem_pages_alloc(page_sz, page_sz, 999, RCUMEM_ALLOC_STRICT_SOCKET), EINVAL);
	assert_int_equal(segs_now(), 0);
}

static void request_beyond_the_list_finds_no_space(void **state)
{
	(void)state;
	assert_fails_null(rcumem_pages_alloc(GIB + page_sz, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_fails_null(rcumem_pages_alloc(SIZE_MAX, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_fails_null(
		rcumem_pages_alloc(SIZE_MAX - page_sz, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_int_equal(segs_now(), 0);
}

static void index_that_is_full_is_no_space(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = (char *)(1ull << 44);
	unsigned int n = 0;

	(void)state;
	opts.max_nodes = 64;
	runtime_start(&opts);
	/* Each of these needs nodes of its own in the index. */
	while (n < 60 &&
		rte_extmem_register(va + ((uint64_t)n << 39), EXT_PAGE, NULL, 0, EXT_PAGE) == 0)
		n++;
	assert_int_equal(rte_errno, ENOSPC);
	assert_true(n < 60);
	assert_int_equal(segs_now(), n);
	assert_null(rte_mem_virt2memseg_list(va + ((uint64_t)n << 39)));
	runtime_stop();
}

/* rows H2 */
static void more_hugepages_than_there_are_is_no_memory_and_takes_none(void **state)
{
	struct rcumem_options opts = test_options();
	size_t n = (size_t)(hugepages_free() + hugepages_taken() + 1);

	(void)state;
	if (page_sz == RTE_PGSIZE_4K)
		skip();
	opts.list_len = n * page_sz;
	runtime_start(&opts);
	assert_fails_null(rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0), ENOMEM);
	assert_true(hugepages_are_back());
	assert_int_equal(segs_now(), 0);
	pages_put(pages_get(1), 1);
	runtime_stop();
}

/* rows N4 */
static void pages_without_a_runtime_have_no_device(void **state)
{
	struct rcumem_stats now = {.sz = sizeof(now)};

	(void)state;
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENODEV);
	assert_fails(rcumem_pages_free((void *)(4 * GIB), page_sz), ENODEV);
	assert_fails(rcumem_stats_get(&now), ENODEV);
}

/* ---- Alloc ---- */

/* rows H1, H7 */
static void pages_are_cleared_whatever_was_in_them_before(void **state)
{
	(void)state;
	for (int round = 0; round < 3; round++) {
		char *pages = pages_get(4);

		assert_true(all_zero(pages, 4 * page_sz));
		memset(pages, 0xa5, 4 * page_sz);
		pages_put(pages, 4);
	}
}

/* rows H1 */
static void length_is_rounded_up_and_pages_follow_each_other(void **state)
{
	char *pages = rcumem_pages_alloc(2 * page_sz + 1, page_sz, SOCKET_ID_ANY, 0);

	(void)state;
	assert_non_null(pages);
	assert_int_equal((uintptr_t)pages % page_sz, 0);
	visit_runs(&seen);
	assert_int_equal(seen.n, 1);
	assert_ptr_equal(seen.at[0].seg.addr, pages);
	assert_int_equal(seen.at[0].len, 3 * page_sz);
	pages_put(pages, 3);
}

/* rows H1: lowest index, first fit */
static void lowest_hole_that_is_large_enough_is_taken(void **state)
{
	char *pages = pages_get(10);

	(void)state;
	pages_put(pages + 1 * page_sz, 1);
	pages_put(pages + 3 * page_sz, 3);
	pages_put(pages + 7 * page_sz, 2);
	assert_ptr_equal(pages_get(2), pages + 3 * page_sz);
	assert_ptr_equal(pages_get(1), pages + 1 * page_sz);
	assert_ptr_equal(pages_get(1), pages + 5 * page_sz);
	assert_ptr_equal(pages_get(3), pages + 10 * page_sz);
	pages_put(pages, 7);
	pages_put(pages + 9 * page_sz, 4);
}

static void page_size_zero_takes_the_largest_without_wasting_half_a_page(void **state)
{
	char *small = rcumem_pages_alloc(1, 0, SOCKET_ID_ANY, 0);
	char *large = rcumem_pages_alloc(2 * page_sz, 0, SOCKET_ID_ANY, 0);

	(void)state;
	assert_non_null(small);
	assert_non_null(large);
	assert_int_equal(rte_mem_virt2memseg(small, NULL)->len, RTE_PGSIZE_4K);
	assert_int_equal(rte_mem_virt2memseg(large, NULL)->len, page_sz);
	assert_int_equal(rcumem_pages_free(small, RTE_PGSIZE_4K), 0);
	pages_put(large, 2);
}

static void page_size_zero_takes_smaller_pages_where_larger_are_not_allowed(void **state)
{
	struct rcumem_options opts = test_options();
	size_t len = 2 * MIB + MIB / 2;
	char *va;

	(void)state;
	opts.page_sizes = RTE_PGSIZE_2M | RTE_PGSIZE_4K;
	opts.socket_limit[0] = 3 * MIB; /* Two of 2 MiB are more. */
	runtime_start(&opts);
	va = rcumem_pages_alloc(len, 0, SOCKET_ID_ANY, 0);
	assert_non_null(va);
	assert_int_equal(rte_mem_virt2memseg(va, NULL)->len, RTE_PGSIZE_4K);
	assert_fails_null(rcumem_pages_alloc(len, 0, SOCKET_ID_ANY, 0), EPERM);
	assert_int_equal(rcumem_pages_free(va, len), 0);
	runtime_stop();
}

static void page_size_that_is_named_is_what_comes(void **state)
{
	char *small = rcumem_pages_alloc(512 * KIB, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	char *large = rcumem_pages_alloc(1, page_sz, SOCKET_ID_ANY, 0);

	(void)state;
	assert_int_equal(rte_mem_virt2memseg(small, NULL)->len, RTE_PGSIZE_4K);
	assert_int_equal(rte_mem_virt2memseg(large, NULL)->len, page_sz);
	assert_int_equal(rcumem_pages_free(small, 512 * KIB), 0);
	pages_put(large, 1);
}

static void socket_that_is_named_is_where_pages_come_from(void **state)
{
	char *any = pages_get(1);
	int socket = rte_mem_virt2memseg(any, NULL)->socket_id;
	char *strict = rcumem_pages_alloc(page_sz, page_sz, socket, RCUMEM_ALLOC_STRICT_SOCKET);
	char *wished = rcumem_pages_alloc(page_sz, page_sz, socket, 0);

	(void)state;
	assert_non_null(strict);
	assert_non_null(wished);
	assert_int_equal(rte_mem_virt2memseg(strict, NULL)->socket_id, socket);
	assert_int_equal(rte_mem_virt2memseg(wished, NULL)->socket_id, socket);
	pages_put(any, 1);
	pages_put(strict, 1);
	pages_put(wished, 1);
}

/* rows P9 */
static void contiguous_io_addresses_come_in_one_run(void **state)
{
	char *pages =
		rcumem_pages_alloc(4 * page_sz, page_sz, SOCKET_ID_ANY, RCUMEM_ALLOC_IOVA_CONTIG);

	(void)state;
	assert_non_null(pages);
	for (int i = 1; i < 4; i++)
		assert_int_equal(rte_mem_virt2memseg(pages + i * page_sz, NULL)->iova,
			rte_mem_virt2memseg(pages, NULL)->iova + i * page_sz);
	pages_put(pages, 4);
}

/* rows P9 */
static void contiguity_that_cannot_be_had_is_no_memory_and_changes_nothing(void **state)
{
	struct rcumem_options opts = test_options();
	struct rcumem_features features = {.sz = sizeof(features)};

	(void)state;
	assert_int_equal(rcumem_features_get(&features), 0);
	if (!features.phys_addrs || page_sz != RTE_PGSIZE_4K)
		skip();
	/* Pages of 4 KiB have no IO address in mode PA. */
	opts.iova_mode = RCUMEM_IOVA_PA;
	runtime_start(&opts);
	assert_fails_null(
		rcumem_pages_alloc(4 * page_sz, page_sz, SOCKET_ID_ANY, RCUMEM_ALLOC_IOVA_CONTIG),
		ENOMEM);
	assert_int_equal(segs_now(), 0);
	assert_int_equal(rte_eal_get_physmem_size(), 0);
	runtime_stop();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(bad_arguments_of_alloc_are_invalid),
		CASE(request_beyond_the_list_finds_no_space),
		BARE_CASE(index_that_is_full_is_no_space),
		BARE_CASE(more_hugepages_than_there_are_is_no_memory_and_takes_none),
		BARE_CASE(pages_without_a_runtime_have_no_device),
		CASE(pages_are_cleared_whatever_was_in_them_before),
		CASE(length_is_rounded_up_and_pages_follow_each_other),
		CASE(lowest_hole_that_is_large_enough_is_taken),
		CASE(page_size_zero_takes_the_largest_without_wasting_half_a_page),
		BARE_CASE(page_size_zero_takes_smaller_pages_where_larger_are_not_allowed),
		CASE(page_size_that_is_named_is_what_comes),
		CASE(socket_that_is_named_is_where_pages_come_from),
		CASE(contiguous_io_addresses_come_in_one_run),
		BARE_CASE(contiguity_that_cannot_be_had_is_no_memory_and_changes_nothing),
	};

	return RUN_CASES("pages", cases);
}
