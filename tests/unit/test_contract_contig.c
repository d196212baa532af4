/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 7: what a run of the contiguous walk is.
 */

#include "support_walk.h"

static struct visits seen;

/* The runs must be these (address, bytes), in order. */
static void assert_runs(
	const struct visits *runs, unsigned int n, char *const at[], const size_t len[])
{
	assert_int_equal(runs->n, n);
	for (unsigned int i = 0; i < n; i++) {
		assert_ptr_equal(runs->at[i].seg.addr, at[i]);
		assert_int_equal(runs->at[i].len, len[i]);
	}
}

/* rows W10, C2 */
static void run_ignores_io_addresses(void **state)
{
	rte_iova_t scattered[] = {0x30000, 0x10000, RTE_BAD_IOVA, 0x77777000};
	char *va = ext_reserve(4);
	size_t len = 4 * EXT_PAGE;

	(void)state;
	assert_int_equal(rte_extmem_register(va, len, scattered, 4, EXT_PAGE), 0);
	visit_runs(&seen);
	assert_runs(&seen, 1, &va, &len);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
}

/* rows W10, C3 */
static void hole_splits_a_run(void **state)
{
	char *pages = pages_get(8);
	char *at[] = {pages, pages + 3 * page_sz, pages + 6 * page_sz};
	size_t len[] = {2 * page_sz, 2 * page_sz, 2 * page_sz};

	(void)state;
	pages_put(pages + 2 * page_sz, 1);
	pages_put(pages + 5 * page_sz, 1);
	visit_runs(&seen);
	assert_runs(&seen, 3, at, len);
	for (int i = 0; i < 3; i++)
		pages_put(at[i], 2);
}

/* rows W10, C4 */
static void lists_never_merge_even_side_by_side(void **state)
{
	char *va = ext_reserve(5);
	char *at[] = {va, va + 2 * EXT_PAGE};
	size_t len[] = {2 * EXT_PAGE, 3 * EXT_PAGE};

	(void)state;
	assert_int_equal(ext_register(at[0], 2, 0x10000), 0);
	assert_int_equal(ext_register(at[1], 3, 0x12000), 0);
	visit_runs(&seen);
	assert_runs(&seen, 2, at, len);
	assert_int_equal(ext_unregister(at[0], 2), 0);
	assert_int_equal(ext_unregister(at[1], 3), 0);
	ext_release(va, 5);
}

/* rows W10, C1, C5 */
static void run_is_all_neighbours_whenever_they_came(void **state)
{
	char *pages = pages_get(4);
	char *again;
	size_t len = 4 * page_sz;

	(void)state;
	visit_runs(&seen);
	assert_runs(&seen, 1, &pages, &len);
	pages_put(pages + page_sz, 2);
	again = pages_get(2);
	assert_ptr_equal(again, pages + page_sz);
	visit_runs(&seen);
	assert_runs(&seen, 1, &pages, &len);
	pages_put(pages, 4);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(run_ignores_io_addresses),
		CASE(hole_splits_a_run),
		CASE(lists_never_merge_even_side_by_side),
		CASE(run_is_all_neighbours_whenever_they_came),
	};

	return RUN_CASES("contract: contiguous walk", cases);
}
