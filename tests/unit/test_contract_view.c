/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract Appendix A, on the segment arrays of the library's own lists: a view
 * that answers every query and cannot be changed.
 */

#include "support_walk.h"

/* rows V1, rte_fbarray_get, rte_fbarray_find_idx, rte_fbarray_is_used */
static void segment_array_of_a_list_answers_queries(void **state)
{
	char *pages = pages_get(4);
	struct rte_fbarray *arr = &rte_mem_virt2memseg_list(pages)->memseg_arr;
	struct rte_memseg *ms = rte_mem_virt2memseg(pages, NULL);
	int first = rte_fbarray_find_idx(arr, ms);

	(void)state;
	pages_put(pages + 2 * page_sz, 1);
	assert_true(first >= 0);
	assert_ptr_equal(rte_fbarray_get(arr, (unsigned int)first), ms);
	assert_int_equal(rte_fbarray_find_idx(arr, ms + 3), first + 3);
	assert_int_equal(rte_fbarray_is_used(arr, (unsigned int)first), 1);
	assert_int_equal(rte_fbarray_is_used(arr, (unsigned int)first + 2), 0);
	assert_int_equal(rte_fbarray_find_next_used(arr, 0), first);
	assert_int_equal(rte_fbarray_find_next_free(arr, (unsigned int)first), first + 2);
	assert_int_equal(rte_fbarray_find_contig_used(arr, (unsigned int)first), 2);
	assert_int_equal(rte_fbarray_find_biggest_used(arr, 0), first);
	assert_fails(rte_fbarray_find_next_used(arr, (unsigned int)first + 4), ENOENT);
	assert_fails(rte_fbarray_is_used(arr, arr->len), EINVAL);
	pages_put(pages, 2);
	pages_put(pages + 3 * page_sz, 1);
}

/* rows V1, rte_fbarray_find_next_free, rte_fbarray_find_next_used, rte_fbarray_find_prev_free,
 * rte_fbarray_find_prev_used, rte_fbarray_find_next_n_free, rte_fbarray_find_next_n_used,
 * rte_fbarray_find_prev_n_free, rte_fbarray_find_prev_n_used, rte_fbarray_find_contig_free,
 * rte_fbarray_find_contig_used, rte_fbarray_find_rev_contig_free, rte_fbarray_find_rev_contig_used,
 * rte_fbarray_find_biggest_free, rte_fbarray_find_biggest_used, rte_fbarray_find_rev_biggest_free,
 * rte_fbarray_find_rev_biggest_used */
static void segment_array_of_a_list_answers_every_search(void **state)
{
	char *pages = pages_get(6);
	struct rte_fbarray *arr = &rte_mem_virt2memseg_list(pages)->memseg_arr;
	unsigned int last = arr->len - 1;

	(void)state;
	/* Pages 0 to 2 and 4 to 5 are used: the first allocation of a list is at its beginning. */
	assert_int_equal(rte_fbarray_find_idx(arr, rte_mem_virt2memseg(pages, NULL)), 0);
	pages_put(pages + 3 * page_sz, 1);
	assert_int_equal(rte_fbarray_find_next_free(arr, 1), 3);
	assert_int_equal(rte_fbarray_find_next_used(arr, 3), 4);
	assert_int_equal(rte_fbarray_find_prev_free(arr, 5), 3);
	assert_int_equal(rte_fbarray_find_prev_used(arr, last), 5);
	assert_int_equal(rte_fbarray_find_next_n_free(arr, 0, 2), 6);
	assert_int_equal(rte_fbarray_find_next_n_used(arr, 1, 2), 1);
	assert_int_equal(rte_fbarray_find_prev_n_free(arr, last, 2), last - 1);
	assert_int_equal(rte_fbarray_find_prev_n_used(arr, last, 3), 0);
	assert_int_equal(rte_fbarray_find_contig_free(arr, 6), last - 5);
	assert_int_equal(rte_fbarray_find_contig_used(arr, 1), 2);
	assert_int_equal(rte_fbarray_find_rev_contig_free(arr, 3), 1);
	assert_int_equal(rte_fbarray_find_rev_contig_used(arr, 5), 2);
	assert_int_equal(rte_fbarray_find_biggest_free(arr, 0), 6);
	assert_int_equal(rte_fbarray_find_biggest_used(arr, 0), 0);
	assert_int_equal(rte_fbarray_find_rev_biggest_free(arr, 5), 3);
	assert_int_equal(rte_fbarray_find_rev_biggest_used(arr, last), 0);
	pages_put(pages, 3);
	pages_put(pages + 4 * page_sz, 2);
}

/* rows V1 */
static void segment_array_of_a_list_is_not_to_be_changed(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);
	struct rte_fbarray *arr = &msl->memseg_arr;
	unsigned int idx = (unsigned int)rte_fbarray_find_idx(arr, rte_mem_virt2memseg(page, msl));

	(void)state;
	assert_fails(rte_fbarray_set_free(arr, idx), EPERM);
	assert_fails(rte_fbarray_set_used(arr, idx + 1), EPERM);
	assert_fails(rte_fbarray_detach(arr), EPERM);
	assert_fails(rte_fbarray_destroy(arr), EPERM);
	assert_int_equal(arr->count, 1);
	assert_int_equal(rte_fbarray_is_used(arr, idx), 1);
	assert_int_equal(rte_fbarray_is_used(arr, idx + 1), 0);
	pages_put(page, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(segment_array_of_a_list_answers_queries),
		CASE(segment_array_of_a_list_answers_every_search),
		CASE(segment_array_of_a_list_is_not_to_be_changed),
	};

	return RUN_CASES("contract: segment arrays", cases);
}
