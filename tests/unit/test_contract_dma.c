/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.6: the DMA mask.  What is stored shows in one way only: a mask
 * that the next pages, or any segment that is there, cannot meet makes every
 * allocation fail (D8).
 */

#include "support_call.h"
#include "support_walk.h"

/* Bits that no page of the library can do with: its addresses begin at 4 GiB. */
#define TOO_FEW_BITS 20

/* Bits that an address needs. */
static unsigned int bits_of(uint64_t addr)
{
	return 64 - (unsigned int)__builtin_clzll(addr | 1);
}

/* The raw reader, in the section that it needs. */
static int check_raw(uint8_t bits)
{
	int rc;

	assert_int_equal(rcumem_read_lock(), 0);
	rc = rte_mem_check_dma_mask_thread_unsafe(bits);
	rcumem_read_unlock();
	return rc;
}

/* True when pages can be had; they are given back. */
static bool can_alloc(void)
{
	void *page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);

	if (page)
		pages_put(page, 1);
	return page != NULL;
}

/* rows D1 */
static void mask_above_63_bits_is_refused_silently(void **state)
{
	(void)state;
	rte_errno = ERRNO_UNTOUCHED;
	for (unsigned int bits = 64; bits <= 255; bits += 191)
		assert_true(rte_mem_check_dma_mask((uint8_t)bits) == -1 &&
			    check_raw((uint8_t)bits) == -1);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	assert_true(can_alloc());
}

/* rows D2 */
static void mask_is_checked_against_the_last_byte_of_each_segment(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(ext_register(va, 1, (1ull << 30) - EXT_PAGE), 0);
	assert_int_equal(rte_mem_check_dma_mask(29), 1);
	assert_int_equal(check_raw(29), 1);
	assert_int_equal(rte_mem_check_dma_mask(30), 0);
	assert_int_equal(check_raw(30), 0);
	assert_int_equal(ext_register(va + EXT_PAGE, 1, (1ull << 30) - EXT_PAGE + 1), 0);
	assert_int_equal(rte_mem_check_dma_mask(30), 1);
	assert_int_equal(rte_mem_check_dma_mask(31), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_int_equal(ext_unregister(va + EXT_PAGE, 1), 0);
	ext_release(va, 2);
}

/* rows D2 */
static void mask_that_pages_miss_is_reported_and_not_stored(void **state)
{
	char *page = pages_get(1);
	unsigned int bits = bits_of(rte_mem_virt2memseg(page, NULL)->iova + page_sz - 1);

	(void)state;
	assert_int_equal(rte_mem_check_dma_mask((uint8_t)(bits - 1)), 1);
	assert_int_equal(rte_mem_check_dma_mask(TOO_FEW_BITS), 1);
	assert_true(can_alloc());
	assert_int_equal(rte_mem_check_dma_mask((uint8_t)bits), 0);
	assert_true(can_alloc());
	pages_put(page, 1);
}

/* rows D3, D8 */
static void mask_that_all_meet_is_stored_and_only_tightens(void **state)
{
	(void)state;
	assert_int_equal(rte_mem_check_dma_mask(63), 0);
	assert_true(can_alloc());
	assert_int_equal(rte_mem_check_dma_mask(TOO_FEW_BITS), 0);
	assert_false(can_alloc());
	assert_int_equal(rte_errno, ENOMEM);
	assert_int_equal(rte_mem_check_dma_mask(63), 0);
	assert_false(can_alloc());
}

/* rows D4 */
static void mask_of_63_bits_forbids_bit_63_only(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(ext_register(va, 1, (1ull << 63) - EXT_PAGE), 0);
	assert_int_equal(rte_mem_check_dma_mask(63), 0);
	assert_int_equal(ext_register(va + EXT_PAGE, 1, 1ull << 63), 0);
	assert_int_equal(rte_mem_check_dma_mask(63), 1);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_int_equal(ext_unregister(va + EXT_PAGE, 1), 0);
	ext_release(va, 2);
}

/* rows D5: DPDK clears the stored mask */
static void mask_of_no_bits_asks_whether_there_is_a_segment(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(rte_mem_check_dma_mask(0), 0);
	assert_int_equal(check_raw(0), 0);
	assert_true(can_alloc());
	assert_int_equal(ext_register(va, 1, 0), 0);
	assert_int_equal(rte_mem_check_dma_mask(0), 1);
	assert_true(can_alloc());
	assert_int_equal(rte_mem_check_dma_mask(TOO_FEW_BITS), 0);
	assert_int_equal(rte_mem_check_dma_mask(0), 1);
	assert_false(can_alloc());
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_int_equal(rte_mem_check_dma_mask(0), 0);
	assert_false(can_alloc());
	ext_release(va, 1);
}

/* rows D6 */
static void segment_without_an_io_address_meets_every_mask(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(rte_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE), 0);
	assert_int_equal(rte_mem_check_dma_mask(40), 0);
	assert_int_equal(rte_mem_check_dma_mask(12), 0);
	assert_int_equal(rte_mem_check_dma_mask(1), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
}

/* rows D7: 0 clears the mask in DPDK, and 200 breaks every allocation */
static void setting_a_mask_tightens_it_and_ignores_nonsense(void **state)
{
	(void)state;
	rte_mem_set_dma_mask(0);
	rte_mem_set_dma_mask(64);
	rte_mem_set_dma_mask(200);
	assert_true(can_alloc());
	rte_mem_set_dma_mask(63);
	assert_true(can_alloc());
	rte_mem_set_dma_mask(TOO_FEW_BITS);
	assert_false(can_alloc());
	rte_mem_set_dma_mask(63);
	assert_false(can_alloc());
	rte_mem_set_dma_mask(0);
	assert_false(can_alloc());
	rte_mem_set_dma_mask(200);
	assert_false(can_alloc());
}

static unsigned int events;

static void count_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	event_ignore(event, addr, len, arg);
	events++;
}

/* rows D8, H2 */
static void allocation_that_misses_the_mask_changes_nothing(void **state)
{
	struct rcumem_stats before = {.sz = sizeof(before)}, after = {.sz = sizeof(after)};
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);
	uint32_t version;

	(void)state;
	pages_put(page, 1);
	version = msl->version;
	assert_int_equal(rte_mem_event_callback_register("count", count_event, NULL), 0);
	assert_int_equal(rcumem_stats_get(&before), 0);
	events = 0;
	rte_mem_set_dma_mask(TOO_FEW_BITS);
	assert_fails_null(rcumem_pages_alloc(3 * page_sz, page_sz, SOCKET_ID_ANY, 0), ENOMEM);
	assert_int_equal(rcumem_stats_get(&after), 0);
	assert_int_equal(events, 0);
	assert_int_equal(msl->version, version);
	assert_int_equal(msl->memseg_arr.count, 0);
	assert_int_equal(after.bytes, before.bytes);
	assert_int_equal(after.segments, before.segments);
	assert_int_equal(after.allocs, before.allocs);
	assert_int_equal(after.alloc_failures, before.alloc_failures + 1);
	assert_int_equal(segs_now(), 0);
	assert_int_equal(rte_mem_event_callback_unregister("count", NULL), 0);
}

/* rows D8 */
static void unrelated_external_segment_that_misses_the_mask_stops_growth(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	rte_mem_set_dma_mask(63);
	assert_int_equal(ext_register(va, 1, 1ull << 63), 0);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENOMEM);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_true(can_alloc());
	ext_release(va, 1);
}

/* rows D9 */
static void new_runtime_has_no_mask(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	rte_mem_set_dma_mask(TOO_FEW_BITS);
	runtime_start(&opts);
	assert_true(can_alloc());
	rte_mem_set_dma_mask(TOO_FEW_BITS);
	assert_false(can_alloc());
	runtime_stop();
	runtime_start(&opts);
	assert_true(can_alloc());
	runtime_stop();
}

/* rows D7, D8 */
static void mask_of_the_options_is_stored(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.dma_mask_bits = TOO_FEW_BITS;
	runtime_start(&opts);
	assert_false(can_alloc());
	assert_int_equal(rte_errno, ENOMEM);
	runtime_stop();
}

static int checked_in_event;

static void check_mask(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	event_ignore(event, addr, len, arg);
	checked_in_event += rte_mem_check_dma_mask(8) == 1;
	checked_in_event += rte_mem_check_dma_mask_thread_unsafe(8) == 1;
	checked_in_event += rte_mem_check_dma_mask(63) == 0;
}

/* rows D2, H5: a deadlock in DPDK */
static void mask_is_checked_inside_callbacks(void **state)
{
	char *page;

	(void)state;
	checked_in_event = 0;
	assert_int_equal(rte_mem_event_callback_register("mask", check_mask, NULL), 0);
	page = pages_get(1);
	assert_int_equal(checked_in_event, 3);
	pages_put(page, 1);
	assert_int_equal(checked_in_event, 6);
	assert_int_equal(rte_mem_event_callback_unregister("mask", NULL), 0);
}

/* rows D1, N4 */
static void mask_without_a_runtime_is_met_by_nothing_at_all(void **state)
{
	(void)state;
	for (unsigned int bits = 0; bits <= 63; bits++)
		assert_int_equal(rte_mem_check_dma_mask((uint8_t)bits), 0);
	assert_int_equal(rte_mem_check_dma_mask(64), -1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(mask_above_63_bits_is_refused_silently),
		CASE(mask_is_checked_against_the_last_byte_of_each_segment),
		CASE(mask_that_pages_miss_is_reported_and_not_stored),
		CASE(mask_that_all_meet_is_stored_and_only_tightens),
		CASE(mask_of_63_bits_forbids_bit_63_only),
		CASE(mask_of_no_bits_asks_whether_there_is_a_segment),
		CASE(segment_without_an_io_address_meets_every_mask),
		CASE(setting_a_mask_tightens_it_and_ignores_nonsense),
		CASE(allocation_that_misses_the_mask_changes_nothing),
		CASE(unrelated_external_segment_that_misses_the_mask_stops_growth),
		BARE_CASE(new_runtime_has_no_mask),
		BARE_CASE(mask_of_the_options_is_stored),
		CASE(mask_is_checked_inside_callbacks),
		BARE_CASE(mask_without_a_runtime_is_met_by_nothing_at_all),
	};

	return RUN_CASES("contract: DMA mask", cases);
}
