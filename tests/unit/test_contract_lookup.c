/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.1: rte_mem_virt2memseg_list() and rte_mem_virt2memseg().
 * rte_mem_iova2virt() stands with the other translations in test_translate.c.
 */

#include <rte_eal_memconfig.h>

#include "support_call.h"
#include "support_walk.h"

/* ---- Lists ---- */

/* rows L1, L2 */
static void list_of_an_address_covers_the_whole_reservation(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);
	char *base;

	(void)state;
	assert_non_null(msl);
	base = msl->base_va;
	assert_true(page >= base && page < base + msl->len);
	assert_ptr_equal(rte_mem_virt2memseg_list(base), msl);
	assert_ptr_equal(rte_mem_virt2memseg_list(base + msl->len - 1), msl);
	assert_ptr_equal(rte_mem_virt2memseg_list(base + msl->len / 2 + 1), msl);
	assert_ptr_not_equal(rte_mem_virt2memseg_list(base + msl->len), msl);
	assert_ptr_not_equal(rte_mem_virt2memseg_list(base - 1), msl);
	pages_put(page, 1);
}

/* rows L1, L2 */
static void list_without_any_page_in_use_is_found(void **state)
{
	struct visits lists;

	(void)state;
	visit_lists(&lists);
	assert_true(lists.n > 0);
	for (unsigned int i = 0; i < lists.n; i++) {
		const struct rte_memseg_list *msl = lists.at[i].msl;

		assert_int_equal(msl->memseg_arr.count, 0);
		assert_ptr_equal(rte_mem_virt2memseg_list(msl->base_va), msl);
	}
}

/* rows L1, L2 */
static void edges_of_an_external_list_are_exact(void **state)
{
	char *va = ext_reserve(4);
	struct rte_memseg_list *msl;

	(void)state;
	assert_int_equal(ext_register(va + EXT_PAGE, 2, 0x1000), 0);
	msl = rte_mem_virt2memseg_list(va + EXT_PAGE);
	assert_non_null(msl);
	assert_ptr_equal(msl->base_va, va + EXT_PAGE);
	assert_ptr_equal(rte_mem_virt2memseg_list(va + 3 * EXT_PAGE - 1), msl);
	assert_null(rte_mem_virt2memseg_list(va + 3 * EXT_PAGE));
	assert_null(rte_mem_virt2memseg_list(va + EXT_PAGE - 1));
	assert_int_equal(ext_unregister(va + EXT_PAGE, 2), 0);
	ext_release(va, 4);
}

/* rows L3, L5 */
static void lookup_of_foreign_memory_is_null(void **state)
{
	int on_stack = 0;
	void *on_heap = malloc(64);
	const void *foreign[] = {NULL, &on_stack, on_heap, (void *)lookup_of_foreign_memory_is_null,
		(void *)1, (void *)UINTPTR_MAX, (void *)(1ull << 63)};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(foreign); i++) {
		assert_null(rte_mem_virt2memseg_list(foreign[i]));
		assert_null(rte_mem_virt2memseg(foreign[i], NULL));
	}
	free(on_heap);
}

/* rows L4 */
static void list_that_would_wrap_is_refused_and_never_matches(void **state)
{
	char *top = (char *)(UINTPTR_MAX - EXT_PAGE + 1);

	(void)state;
	assert_fails(rte_extmem_register(top, 2 * EXT_PAGE, NULL, 0, EXT_PAGE), EINVAL);
	assert_null(rte_mem_virt2memseg_list(top));
	assert_null(rte_mem_virt2memseg_list(NULL));
}

/* rows L1, L6, L14, L16 */
static void lookups_leave_rte_errno_alone(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);

	(void)state;
	rte_errno = ERRNO_UNTOUCHED;
	rte_mem_virt2memseg_list(page);
	rte_mem_virt2memseg_list(NULL);
	rte_mem_virt2memseg(page, NULL);
	rte_mem_virt2memseg(NULL, NULL);
	rte_mem_virt2memseg(NULL, msl);
	rte_mem_iova2virt((uintptr_t)page);
	rte_mem_iova2virt((uintptr_t)page + page_sz);
	rte_mem_iova2virt(RTE_BAD_IOVA);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	pages_put(page, 1);
}

/* ---- Segments ---- */

/* rows L5 */
static void lookup_without_a_list_finds_the_same_segment(void **state)
{
	char *page = pages_get(1);
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_non_null(rte_mem_virt2memseg(page, NULL));
	assert_ptr_equal(rte_mem_virt2memseg(page, NULL),
		rte_mem_virt2memseg(page, rte_mem_virt2memseg_list(page)));
	assert_non_null(rte_mem_virt2memseg(va, NULL));
	assert_ptr_equal(rte_mem_virt2memseg(va, NULL),
		rte_mem_virt2memseg(va, rte_mem_virt2memseg_list(va)));
	assert_null(rte_mem_virt2memseg(va + EXT_PAGE, NULL));
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
	pages_put(page, 1);
}

/* rows L6 */
static void lookup_in_the_wrong_list_is_null(void **state)
{
	char *page = pages_get(1);
	char *va = ext_reserve(1);
	struct rte_memseg_list *internal = rte_mem_virt2memseg_list(page);
	struct rte_memseg_list *external;

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	external = rte_mem_virt2memseg_list(va);
	assert_null(rte_mem_virt2memseg(page, external));
	assert_null(rte_mem_virt2memseg(va, internal));
	assert_null(rte_mem_virt2memseg(NULL, internal));
	assert_null(rte_mem_virt2memseg(NULL, external));
	assert_null(rte_mem_virt2memseg((char *)internal->base_va + internal->len, internal));
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
	pages_put(page, 1);
}

/* rows L7 */
static void lookup_of_an_unused_page_is_its_zeroed_slot(void **state)
{
	static const struct rte_memseg zero;
	char *page = pages_get(2);
	struct rte_memseg *never = rte_mem_virt2memseg(page + 2 * page_sz, NULL);
	struct rte_memseg *freed;

	(void)state;
	assert_non_null(never);
	assert_memory_equal(never, &zero, sizeof(zero));
	pages_put(page, 2);
	for (int i = 0; i < 2; i++) {
		freed = rte_mem_virt2memseg(page + i * page_sz, NULL);
		assert_non_null(freed);
		assert_memory_equal(freed, &zero, sizeof(zero));
	}
}

/* rows L8 */
static void lookup_inside_a_page_is_that_page(void **state)
{
	char *page = pages_get(3);
	struct rte_memseg *second = rte_mem_virt2memseg(page + page_sz, NULL);

	(void)state;
	assert_ptr_equal(second->addr, page + page_sz);
	assert_int_equal(second->len, page_sz);
	assert_ptr_equal(rte_mem_virt2memseg(page + page_sz + 1, NULL), second);
	assert_ptr_equal(rte_mem_virt2memseg(page + page_sz + 1234, NULL), second);
	assert_ptr_equal(rte_mem_virt2memseg(page + 2 * page_sz - 1, NULL), second);
	assert_ptr_not_equal(rte_mem_virt2memseg(page + 2 * page_sz, NULL), second);
	pages_put(page, 3);
}

/* rows L9 */
static void slot_of_a_page_never_moves(void **state)
{
	char *page = pages_get(1);
	char *base = rte_mem_virt2memseg_list(page)->base_va;
	struct rte_memseg *slots[32];
	char *pages[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(slots); i++)
		slots[i] = rte_mem_virt2memseg(base + i * page_sz, NULL);
	for (size_t i = 1; i < ARRAY_LEN(slots); i++)
		assert_ptr_equal(slots[i], slots[0] + i);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_LEN(pages); i++)
			pages[i] = pages_get(1);
		for (size_t i = 0; i < ARRAY_LEN(slots); i++)
			assert_ptr_equal(rte_mem_virt2memseg(base + i * page_sz, NULL), slots[i]);
		for (size_t i = 0; i < ARRAY_LEN(pages); i++)
			pages_put(pages[(i + 3) % ARRAY_LEN(pages)], 1);
		for (size_t i = 0; i < ARRAY_LEN(slots); i++)
			assert_ptr_equal(rte_mem_virt2memseg(base + i * page_sz, NULL), slots[i]);
	}
	pages_put(page, 1);
}

/* rows L10 */
static void external_page_is_found_until_it_is_unregistered(void **state)
{
	char *va = ext_reserve(3);
	struct rte_memseg_list *msl;

	(void)state;
	assert_int_equal(ext_register(va, 3, 0x5000), 0);
	msl = rte_mem_virt2memseg_list(va);
	for (unsigned int i = 0; i < 3; i++) {
		struct rte_memseg *ms = rte_mem_virt2memseg(va + i * EXT_PAGE + 7, NULL);

		assert_ptr_equal(ms, rte_fbarray_get(&msl->memseg_arr, i));
		assert_ptr_equal(ms->addr, va + i * EXT_PAGE);
	}
	assert_int_equal(ext_unregister(va, 3), 0);
	assert_null(rte_mem_virt2memseg_list(va));
	assert_null(rte_mem_virt2memseg(va, NULL));
	ext_release(va, 3);
}

/* rows L11, L12: refused here, so that the question which one wins never comes up */
static void overlapping_external_memory_is_refused_and_the_first_still_answers(void **state)
{
	char *page = pages_get(2);
	struct rte_memseg *ms = rte_mem_virt2memseg(page, NULL);
	char *va = ext_reserve(4);

	(void)state;
	assert_int_equal(ext_register(va, 4, 0x1000), 0);
	assert_fails(ext_register(va + EXT_PAGE, 1, 0x100000), EEXIST);
	assert_null(rte_mem_iova2virt(0x100000));
	assert_int_equal(rte_mem_virt2memseg(va + EXT_PAGE, NULL)->iova, 0x2000);
	assert_fails(ext_register(page, 1, 0x100000), EEXIST);
	assert_ptr_equal(rte_mem_virt2memseg(page, NULL), ms);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
	pages_put(page, 2);
}

/* rows L20 */
static void lookups_work_while_the_write_lock_is_held(void **state)
{
	char *page = pages_get(1);
	void *found;
	struct rte_memseg *ms;

	(void)state;
	rte_mcfg_mem_write_lock();
	found = rte_mem_iova2virt((uintptr_t)page + 5);
	ms = rte_mem_virt2memseg(page, NULL);
	rte_mcfg_mem_write_unlock();
	assert_ptr_equal(found, page + 5);
	assert_non_null(ms);
	pages_put(page, 1);
}

/* rows L5, L8, L9: each page of a plug once had the descriptor of the first one of its 2 MiB */
static void every_page_of_a_large_plug_has_its_own_descriptor(void **state)
{
	const unsigned int n = page_sz == 4096 ? 2048 : 2;
	char *pages = pages_get(n);

	(void)state;
	for (unsigned int i = 0; i < n; i++) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(pages + i * page_sz + 7, NULL);

		assert_non_null(ms);
		assert_ptr_equal(ms->addr, pages + i * page_sz);
		assert_ptr_equal(
			ms, rte_mem_virt2memseg(ms->addr, rte_mem_virt2memseg_list(ms->addr)));
	}
	pages_put(pages, n);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(list_of_an_address_covers_the_whole_reservation),
		CASE(list_without_any_page_in_use_is_found),
		CASE(edges_of_an_external_list_are_exact),
		CASE(lookup_of_foreign_memory_is_null),
		CASE(list_that_would_wrap_is_refused_and_never_matches),
		CASE(lookups_leave_rte_errno_alone),
		CASE(lookup_without_a_list_finds_the_same_segment),
		CASE(lookup_in_the_wrong_list_is_null),
		CASE(lookup_of_an_unused_page_is_its_zeroed_slot),
		CASE(lookup_inside_a_page_is_that_page),
		CASE(slot_of_a_page_never_moves),
		CASE(external_page_is_found_until_it_is_unregistered),
		CASE(overlapping_external_memory_is_refused_and_the_first_still_answers),
		CASE(lookups_work_while_the_write_lock_is_held),
		CASE(every_page_of_a_large_plug_has_its_own_descriptor),
	};

	return RUN_CASES("contract: lookups", cases);
}
