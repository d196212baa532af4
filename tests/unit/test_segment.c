/* SPDX-License-Identifier: BSD-3-Clause */

/* The life of a descriptor; INV-SEGMENT-1 to 3.  RCUMEM_SEED repeats a run. */

#include "fbarray_mask.h"
#include "support_region.h"

#define LIST LIST_OF_2M
#define IOVA 0x123400000ull

static bool is_used(uint32_t page)
{
	return fbmask_is_used(fbarray_mask_words(&region->lists[LIST].memseg_arr), page);
}

static unsigned int count(void)
{
	return region->lists[LIST].memseg_arr.count;
}

static void assert_complete(uint32_t page, uint64_t iova)
{
	const struct rte_memseg *ms = segment_public(region, LIST, page);

	assert_int_equal(ms->addr_64, segment_va(&region->states[LIST], page));
	assert_int_equal(ms->iova, iova);
	assert_int_equal(ms->len, RTE_PGSIZE_2M);
	assert_int_equal(ms->hugepage_sz, RTE_PGSIZE_2M);
	assert_int_equal(ms->socket_id, 0);
	assert_int_equal(ms->nchannel, region->nchannel);
	assert_int_equal(ms->nrank, region->nrank);
	assert_int_equal(ms->flags, RTE_MEMSEG_FLAG_DO_NOT_FREE);
}

static void assert_clear(uint32_t page)
{
	static const struct rte_memseg clear;

	assert_memory_equal(segment_public(region, LIST, page), &clear, sizeof(clear));
}

static int setup(void **state)
{
	(void)state;
	region_open(1ull << 30);
	region->nchannel = 4;
	region->nrank = 2;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	region_close();
	return 0;
}

static void page_that_is_described_is_complete_and_used(void **state)
{
	(void)state;
	segment_describe(region, LIST, 7, IOVA, RTE_MEMSEG_FLAG_DO_NOT_FREE);
	assert_complete(7, IOVA);
	assert_true(is_used(7));
	assert_int_equal(count(), 1);
	assert_clear(6);
	assert_clear(8);
}

/* INV-SEGMENT-3: a walk of an earlier snapshot may still show it. */
static void page_that_is_withdrawn_keeps_its_descriptor_until_it_is_cleared(void **state)
{
	(void)state;
	segment_describe(region, LIST, 7, IOVA, RTE_MEMSEG_FLAG_DO_NOT_FREE);
	segment_withdraw(region, LIST, 7, 1);
	assert_false(is_used(7));
	assert_int_equal(count(), 0);
	assert_complete(7, IOVA);
	segment_clear(region, LIST, 7);
	assert_clear(7);
}

/* What recovery relies on. */
static void doing_each_step_twice_is_doing_it_once(void **state)
{
	(void)state;
	for (int twice = 0; twice < 2; twice++)
		segment_describe(region, LIST, 7, IOVA, RTE_MEMSEG_FLAG_DO_NOT_FREE);
	assert_complete(7, IOVA);
	assert_int_equal(count(), 1);
	for (int twice = 0; twice < 2; twice++)
		segment_withdraw(region, LIST, 7, 1);
	assert_int_equal(count(), 0);
	assert_false(is_used(7));
	for (int twice = 0; twice < 2; twice++)
		segment_clear(region, LIST, 7);
	assert_clear(7);
}

static void recount_takes_the_mask_at_its_word(void **state)
{
	(void)state;
	for (uint32_t page = 0; page < 512; page += 3)
		segment_describe(region, LIST, page, IOVA, 0);
	region->lists[LIST].memseg_arr.count = 99999;
	segment_recount(region, LIST);
	assert_int_equal(count(), 171);
}

/* INV-SEGMENT-1, INV-SEGMENT-2 */
static void io_address_is_right_only_while_the_index_leads_from_it_to_the_page(void **state)
{
	uint64_t va = segment_va(&region->states[LIST], 7), iova;

	(void)state;
	assert_int_equal(index_iova_reserve(region, IOVA, RTE_PGSIZE_2M, 21), 0);
	assert_false(segment_iova(region, LIST, 7, &iova));
	segment_describe(region, LIST, 7, IOVA, 0);
	assert_false(segment_iova(region, LIST, 7, &iova));
	index_iova_set(region, IOVA, RTE_PGSIZE_2M, va);
	assert_true(segment_iova(region, LIST, 7, &iova));
	assert_int_equal(iova, IOVA);
	/* The page behind this IO address went, and came again elsewhere. */
	index_iova_set(region, IOVA, RTE_PGSIZE_2M, va + RTE_PGSIZE_2M);
	assert_false(segment_iova(region, LIST, 7, &iova));
	index_iova_clear(region, IOVA, RTE_PGSIZE_2M);
	assert_false(segment_iova(region, LIST, 7, &iova));
}

static void random_lives_match_the_model(void **state)
{
	uint8_t used[512] = {0};
	unsigned int cnt = 0;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		uint32_t page = (uint32_t)random_below(512);

		if (used[page]) {
			segment_withdraw(region, LIST, page, 1);
			segment_clear(region, LIST, page);
		} else {
			segment_describe(
				region, LIST, page, IOVA + page, RTE_MEMSEG_FLAG_DO_NOT_FREE);
		}
		used[page] ^= 1;
		cnt += used[page] ? 1 : -1u;
		assert_int_equal(count(), cnt);
		page = (uint32_t)random_below(512);
		assert_int_equal(is_used(page), used[page]);
		if (used[page])
			assert_complete(page, IOVA + page);
		else
			assert_clear(page);
	}
}

#define SEGMENT_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest cases[] = {
		SEGMENT_CASE(page_that_is_described_is_complete_and_used),
		SEGMENT_CASE(page_that_is_withdrawn_keeps_its_descriptor_until_it_is_cleared),
		SEGMENT_CASE(doing_each_step_twice_is_doing_it_once),
		SEGMENT_CASE(recount_takes_the_mask_at_its_word),
		SEGMENT_CASE(io_address_is_right_only_while_the_index_leads_from_it_to_the_page),
		SEGMENT_CASE(random_lives_match_the_model),
	};

	random_begin();
	return cmocka_run_group_tests_name("segment", cases, NULL, NULL);
}
