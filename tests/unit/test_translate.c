/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Translation by the index, in the runtime's own space: rte_mem_iova2virt()
 * (contract 1.1), rcumem_iova2virt() and rcumem_virt2iova().  Spaces of one's
 * own stand in test_space.c.
 */

#include "support_call.h"
#include "support_walk.h"

/* Translate both ways and compare: `len` bytes wanted, `contig` of them had. */
static void assert_there_and_back(char *va, uint64_t iova, uint64_t len, uint64_t contig)
{
	uint64_t got = len;

	assert_ptr_equal(rte_mem_iova2virt(iova), va);
	assert_ptr_equal(rcumem_iova2virt(NULL, iova, NULL), va);
	assert_ptr_equal(rcumem_iova2virt(NULL, iova, &got), va);
	assert_int_equal(got, contig);
	got = len;
	assert_int_equal(rcumem_virt2iova(NULL, va, NULL), iova);
	assert_int_equal(rcumem_virt2iova(NULL, va, &got), iova);
	assert_int_equal(got, contig);
}

static void assert_no_iova(uint64_t iova)
{
	uint64_t len = 77;

	assert_null(rte_mem_iova2virt(iova));
	assert_null(rcumem_iova2virt(NULL, iova, NULL));
	assert_null(rcumem_iova2virt(NULL, iova, &len));
	assert_int_equal(len, 0);
}

static void assert_no_virt(const void *virt)
{
	uint64_t len = 77;

	assert_int_equal(rcumem_virt2iova(NULL, virt, NULL), RTE_BAD_IOVA);
	assert_int_equal(rcumem_virt2iova(NULL, virt, &len), RTE_BAD_IOVA);
	assert_int_equal(len, 0);
}

/* rows L13, L14 */
static void internal_page_is_found_from_first_to_last_byte(void **state)
{
	char *page = pages_get(1);
	uint64_t iova = (uintptr_t)page;

	(void)state;
	assert_there_and_back(page, iova, 1, 1);
	assert_there_and_back(page + 1234, iova + 1234, 100, 100);
	assert_there_and_back(page + page_sz - 1, iova + page_sz - 1, 1, 1);
	assert_no_iova(iova + page_sz);
	assert_no_iova(iova - 1);
	assert_no_virt(page + page_sz);
	pages_put(page, 1);
	assert_no_iova(iova);
	assert_no_virt(page);
}

/* rows L13, L14 */
static void contiguous_length_crosses_pages_and_ends_at_a_hole(void **state)
{
	char *pages = pages_get(6);
	uint64_t iova = (uintptr_t)pages;

	(void)state;
	pages_put(pages + 3 * page_sz, 1);
	assert_there_and_back(pages, iova, page_sz, page_sz);
	assert_there_and_back(pages, iova, page_sz + 1, page_sz + 1);
	assert_there_and_back(pages, iova, 100 * page_sz, 3 * page_sz);
	assert_there_and_back(pages + 10, iova + 10, UINT64_MAX, 3 * page_sz - 10);
	assert_there_and_back(pages + 4 * page_sz, iova + 4 * page_sz, GIB, 2 * page_sz);
	assert_no_iova(iova + 3 * page_sz);
	pages_put(pages, 3);
	pages_put(pages + 4 * page_sz, 2);
}

/* rows L13, L19: DPDK takes the first page's IO address for the whole run in some modes */
static void external_pages_are_translated_one_by_one(void **state)
{
	rte_iova_t reversed[] = {0x13000, 0x12000, 0x11000, 0x10000};
	char *va = ext_reserve(4);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 4 * EXT_PAGE, reversed, 4, EXT_PAGE), 0);
	for (int i = 0; i < 4; i++) {
		assert_there_and_back(va + i * EXT_PAGE, reversed[i], EXT_PAGE, EXT_PAGE);
		assert_there_and_back(
			va + i * EXT_PAGE + 99, reversed[i] + 99, 8192, EXT_PAGE - 99);
	}
	assert_no_iova(0x14000);
	assert_no_iova(0xffff);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
}

/* rows L13 */
static void contiguous_external_pages_join(void **state)
{
	rte_iova_t table[] = {0x10000, 0x11000, 0x13000, 0x14000};
	char *va = ext_reserve(4);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 4 * EXT_PAGE, table, 4, EXT_PAGE), 0);
	assert_there_and_back(va, 0x10000, MIB, 2 * EXT_PAGE);
	assert_there_and_back(va + EXT_PAGE + 5, 0x11005, MIB, EXT_PAGE - 5);
	assert_there_and_back(va + 2 * EXT_PAGE, 0x13000, MIB, 2 * EXT_PAGE);
	assert_no_iova(0x12000);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
}

/* rows L13 */
static void io_address_need_not_be_aligned(void **state)
{
	rte_iova_t table[] = {0x10123, 0x99fff};
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 2 * EXT_PAGE, table, 2, EXT_PAGE), 0);
	assert_there_and_back(va, 0x10123, MIB, EXT_PAGE);
	assert_there_and_back(va + EXT_PAGE, 0x99fff, 2, 2);
	assert_there_and_back(va + EXT_PAGE - 1, 0x11122, MIB, 1);
	assert_no_iova(0x10122);
	assert_no_iova(0x11123);
	assert_no_iova(0x99ffe);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
}

/* rows L15 */
static void equal_io_addresses_are_answered_in_walk_order(void **state)
{
	char *va = ext_reserve(3);
	char *a = va, *b = va + EXT_PAGE, *c = va + 2 * EXT_PAGE;

	(void)state;
	assert_int_equal(ext_register(a, 1, 0x10000), 0);
	assert_int_equal(ext_register(b, 1, 0x10000), 0);
	assert_int_equal(ext_register(c, 1, 0x10000), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10007), a + 7);
	assert_int_equal(rcumem_virt2iova(NULL, b, NULL), 0x10000);
	assert_int_equal(ext_unregister(a, 1), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10007), b + 7);
	assert_int_equal(ext_register(a, 1, 0x10000), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10007), a + 7);
	assert_int_equal(ext_unregister(b, 1), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10007), a + 7);
	assert_int_equal(ext_unregister(a, 1), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10007), c + 7);
	assert_int_equal(ext_unregister(c, 1), 0);
	assert_no_iova(0x10007);
	ext_release(va, 3);
}

/* rows L15 */
static void equal_io_addresses_in_one_list_are_answered_in_page_order(void **state)
{
	rte_iova_t same[] = {0x20000, 0x10800, 0x10000, 0x10000};
	char *va = ext_reserve(4);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 4 * EXT_PAGE, same, 4, EXT_PAGE), 0);
	assert_ptr_equal(rte_mem_iova2virt(0x10000), va + 2 * EXT_PAGE);
	assert_ptr_equal(rte_mem_iova2virt(0x107ff), va + 2 * EXT_PAGE + 0x7ff);
	assert_ptr_equal(rte_mem_iova2virt(0x10800), va + EXT_PAGE);
	assert_ptr_equal(rte_mem_iova2virt(0x117ff), va + 2 * EXT_PAGE - 1);
	assert_no_iova(0x11800);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
}

/* rows L15 */
static void internal_page_answers_before_an_external_one(void **state)
{
	char *page = pages_get(1);
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(ext_register(va, 1, (uintptr_t)page), 0);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page + 9), page + 9);
	pages_put(page, 1);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page + 9), va + 9);
	assert_ptr_equal(pages_get(1), page);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page + 9), page + 9);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page + 9), page + 9);
	pages_put(page, 1);
	ext_release(va, 1);
}

/* rows L16 */
static void bad_io_address_never_matches(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 2 * EXT_PAGE, NULL, 0, EXT_PAGE), 0);
	assert_no_iova(RTE_BAD_IOVA);
	assert_no_iova(RTE_BAD_IOVA - 1);
	assert_no_iova(0);
	assert_no_iova(EXT_PAGE - 2);
	assert_no_virt(va);
	assert_no_virt(va + EXT_PAGE);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
}

/* rows L17 */
static void io_address_zero_is_an_ordinary_one(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	assert_no_iova(0);
	assert_int_equal(ext_register(va, 1, 0), 0);
	assert_there_and_back(va, 0, MIB, EXT_PAGE);
	assert_no_iova(EXT_PAGE);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_no_iova(0);
	ext_release(va, 1);
}

/* A range of `n` external pages at `iova` is `pages` pages long, and then another memory's. */
static void assert_range(uint64_t iova, unsigned int n, const char *va, unsigned int pages)
{
	uint64_t len = n * EXT_PAGE;

	assert_ptr_equal(rcumem_iova2virt(NULL, iova, &len), va);
	assert_int_equal(len, pages * EXT_PAGE);
	if (pages < n)
		assert_ptr_not_equal(
			rte_mem_iova2virt(iova + pages * EXT_PAGE), va + pages * EXT_PAGE);
}

/* rows L13, L15: a range once went on over IO addresses of internal memory */
static void range_of_external_memory_ends_where_internal_memory_goes_before(void **state)
{
	char *page = pages_get(1), *va = ext_reserve(3);

	(void)state;
	assert_int_equal(ext_register(va, 3, (uintptr_t)page - EXT_PAGE), 0);
	assert_range((uintptr_t)page - EXT_PAGE, 3, va, 1);
	assert_int_equal(ext_unregister(va, 3), 0);
	ext_release(va, 3);
	pages_put(page, 1);
}

/* rows L13, L15: ... and of a list before its own */
static void range_of_external_memory_ends_where_a_list_before_it_begins(void **state)
{
	char *first = ext_reserve(1), *second = ext_reserve(4);

	(void)state;
	assert_int_equal(ext_register(first, 1, 0x7002000), 0);
	assert_int_equal(ext_register(second, 4, 0x7000000), 0);
	assert_range(0x7000000, 4, second, 2);
	assert_range(0x7002000, 1, first, 1);
	assert_range(0x7003000, 1, second + 3 * EXT_PAGE, 1);
	assert_int_equal(ext_unregister(first, 1), 0);
	assert_range(0x7000000, 4, second, 4);
	assert_int_equal(ext_unregister(second, 4), 0);
	ext_release(first, 1);
	ext_release(second, 4);
}

/* CPU time of misses that want so many bytes. */
static uint64_t misses_ns(uint64_t want)
{
	uint64_t begin = cpu_ns();

	for (int i = 0; i < 1000; i++) {
		uint64_t len = want;

		assert_null(rcumem_iova2virt(NULL, 0x1000, &len));
		assert_int_equal(len, 0);
	}
	return cpu_ns() - begin;
}

static void a_miss_takes_no_longer_where_more_is_wanted(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	for (int external = 0; external < 2; external++) {
		assert_true(misses_ns(1ull << 46) < 50 * misses_ns(1));
		if (!external)
			assert_int_equal(ext_register(va, 1, 0x7000000), 0);
	}
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
}

/* Nothing once looked contiguous to a page whose addresses end at 2^64. */
static void range_ends_with_the_last_virtual_address(void **state)
{
	char *top = (char *)(uintptr_t)-EXT_PAGE;
	uint64_t len = MIB;

	(void)state;
	assert_int_equal(ext_register(top, 1, 0x1000), 0);
	assert_ptr_equal(rcumem_iova2virt(NULL, 0x1000, &len), top);
	assert_int_equal(len, EXT_PAGE);
	assert_int_equal(ext_unregister(top, 1), 0);
}

/* Nothing is as "no address" there. */
static void range_ends_with_the_last_io_address_but_one(void **state)
{
	char *va = ext_reserve(2);
	uint64_t iovas[2] = {-EXT_PAGE - 1, 0x1000};

	(void)state;
	for (unsigned int n = 1; n <= 2; n++) {
		uint64_t len = MIB;

		assert_int_equal(rte_extmem_register(va, n * EXT_PAGE, iovas, n, EXT_PAGE), 0);
		assert_int_equal(rcumem_virt2iova(NULL, va, &len), iovas[0]);
		assert_int_equal(len, EXT_PAGE);
		assert_int_equal(ext_unregister(va, n), 0);
	}
	ext_release(va, 2);
}

/* rows L18: DPDK finds neither */
static void topmost_page_matches_up_to_the_last_address_but_one(void **state)
{
	char *va = ext_reserve(1);
	uint64_t top = -EXT_PAGE;
	uint64_t len = MIB;

	(void)state;
	assert_int_equal(ext_register(va, 1, top), 0);
	assert_ptr_equal(rte_mem_iova2virt(top), va);
	assert_ptr_equal(rte_mem_iova2virt(UINT64_MAX - 1), va + EXT_PAGE - 2);
	assert_no_iova(RTE_BAD_IOVA);
	assert_no_iova(0);
	assert_int_equal(rcumem_virt2iova(NULL, va, NULL), top);
	assert_ptr_equal(rcumem_iova2virt(NULL, top + 16, &len), va + 16);
	assert_true(len >= EXT_PAGE - 17 && len <= EXT_PAGE - 16);
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
}

/* rows N4 */
static void translation_without_a_runtime_finds_nothing(void **state)
{
	int on_stack;

	(void)state;
	rte_errno = ERRNO_UNTOUCHED;
	assert_no_iova(0);
	assert_no_iova(RTE_BAD_IOVA);
	assert_no_iova((uintptr_t)&on_stack);
	assert_no_virt(&on_stack);
	assert_no_virt(NULL);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(internal_page_is_found_from_first_to_last_byte),
		CASE(contiguous_length_crosses_pages_and_ends_at_a_hole),
		CASE(external_pages_are_translated_one_by_one),
		CASE(contiguous_external_pages_join),
		CASE(io_address_need_not_be_aligned),
		CASE(equal_io_addresses_are_answered_in_walk_order),
		CASE(equal_io_addresses_in_one_list_are_answered_in_page_order),
		CASE(internal_page_answers_before_an_external_one),
		CASE(bad_io_address_never_matches),
		CASE(io_address_zero_is_an_ordinary_one),
		CASE(range_of_external_memory_ends_where_internal_memory_goes_before),
		CASE(range_of_external_memory_ends_where_a_list_before_it_begins),
		CASE(a_miss_takes_no_longer_where_more_is_wanted),
		CASE(range_ends_with_the_last_virtual_address),
		CASE(range_ends_with_the_last_io_address_but_one),
		CASE(topmost_page_matches_up_to_the_last_address_but_one),
		BARE_CASE(translation_without_a_runtime_finds_nothing),
	};

	return RUN_CASES("translation", cases);
}
