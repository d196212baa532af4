/* SPDX-License-Identifier: BSD-3-Clause */

/* A device behind an IOMMU copies through the addresses that the library gives. */

#include "support_dma.h"

/* Pages of a case, of which there are few of 1 GiB. */
static size_t pages_wanted(void)
{
	return page_sz == RTE_PGSIZE_1G ? 1 : 3;
}

static void device_copies_through_translated_addresses(void **state)
{
	size_t n = pages_wanted();
	char *pages;

	(void)state;
	consumer_begin(false);
	pages = pages_get(n);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(consumer.mapped, n);
	assert_copied(pages, pages + n * page_sz - COPY_LEN, 1);
	assert_copied(pages + n * page_sz - COPY_LEN, pages + page_sz / 2, 2);
	assert_true(pattern_is(pages + n * page_sz - COPY_LEN, 2));
	pages_put(pages, n);
	assert_int_equal(consumer.unmapped, n);
	assert_int_equal(consumer.err, 0);
	consumer_end();
}

static void copy_may_cross_from_one_segment_to_the_next(void **state)
{
	char *pages;

	(void)state;
	consumer_begin(false);
	pages = pages_get(3);
	assert_copied(pages + page_sz - COPY_LEN / 2, pages + 2 * page_sz - COPY_LEN / 4, 3);
	pages_put(pages, 3);
	consumer_end();
}

static void memory_that_was_there_before_the_consumer_is_mapped(void **state)
{
	size_t n = pages_wanted();
	char *pages = pages_get(n);

	(void)state;
	consumer_begin(false);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(consumer.mapped, n);
	assert_copied(pages + 64, pages + n * page_sz - COPY_LEN, 4);
	consumer_end();
	pages_put(pages, n);
}

static void pages_that_come_and_go_are_mapped_and_unmapped_one_by_one(void **state)
{
	char *pages;

	(void)state;
	consumer_begin(false);
	pages = pages_get(3);
	pages_put(pages + page_sz, 1);
	assert_int_equal(consumer.unmapped, 1);
	assert_copied(pages, pages + 2 * page_sz, 5);
	assert_false(device_reaches((uintptr_t)pages + page_sz, pages));
	assert_ptr_equal(pages_get(1), pages + page_sz);
	assert_copied(pages, pages + page_sz, 6);
	pages_put(pages, 3);
	assert_int_equal(consumer.mapped, consumer.unmapped);
	assert_int_equal(consumer.err, 0);
	consumer_end();
}

static void external_memory_is_reached_at_the_addresses_of_its_own(void **state)
{
	size_t len = 4 * 4096;
	char *va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	/* In reverse, and far from where they are mapped. */
	uint64_t iovas[4] = {0x43000, 0x42000, 0x41000, 0x40000};
	char *inside;

	(void)state;
	assert_ptr_not_equal(va, MAP_FAILED);
	consumer_begin(false);
	inside = pages_get(1);
	assert_int_equal(rte_extmem_register(va, len, iovas, 4, 4096), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(vfio_map(va + i * 4096, iovas[i], 4096), 0);
	for (int i = 0; i < 4; i++) {
		char *to = va + i * 4096 + 100;
		uint64_t dst = rcumem_virt2iova(NULL, to, NULL);

		assert_int_equal(dst, iovas[i] + 100);
		pattern_set(inside, 10 + (unsigned int)i);
		edu_load(iova_of(inside), COPY_LEN);
		edu_store(dst, COPY_LEN);
		assert_ptr_equal(rte_mem_iova2virt(dst), to);
		assert_true(pattern_is(to, 10 + (unsigned int)i));
	}
	for (int i = 0; i < 4; i++)
		assert_int_equal(vfio_unmap(iovas[i], 4096), 0);
	assert_int_equal(rte_extmem_unregister(va, len), 0);
	assert_false(device_reaches(iovas[0], inside));
	pages_put(inside, 1);
	consumer_end();
	munmap(va, len);
}

/* ---- Masks and widths ---- */

static void start_at(uint64_t base, unsigned int mask)
{
	struct rcumem_options opts = dma_options();

	opts.base_va = base;
	opts.dma_mask_bits = mask;
	runtime_stop();
	runtime_start(&opts);
}

static void mask_that_fits_changes_nothing(void **state)
{
	struct dma_machine machine = dma_machine();
	char *pages;

	(void)state;
	start_at(machine.low, machine.width < 48 ? machine.width : 47);
	consumer_begin(false);
	pages = pages_get(1);
	assert_int_equal(consumer.err, 0);
	assert_copied(pages, pages + COPY_LEN, 7);
	assert_int_equal(rte_mem_check_dma_mask((uint8_t)(machine.width - 1)), 0);
	assert_int_equal(rte_mem_check_dma_mask(32), 1);
	pages_put(pages, 1);
	consumer_end();
}

static void mask_that_does_not_fit_refuses_memory_and_leaves_none(void **state)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct dma_machine machine = dma_machine();
	unsigned int bits = machine.high ? machine.width : 32;
	long taken = hugepages_taken();

	(void)state;
	start_at(machine.high ? machine.high : machine.low, bits);
	consumer_begin(false);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENOMEM);
	assert_fails_null(rcumem_pages_alloc(1, 0, SOCKET_ID_ANY, 0), ENOMEM);
	assert_int_equal(consumer.mapped, 0);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(hugepages_taken(), taken);
	assert_int_equal(rcumem_stats_get(&stats), 0);
	assert_int_equal(stats.segments, 0);
	consumer_end();
}

/* Without a mask the IOMMU refuses what is too far for it, and the consumer hears of it. */
static void address_beyond_the_iommu_cannot_be_mapped(void **state)
{
	struct dma_machine machine = dma_machine();
	char *pages;

	(void)state;
	start_at(machine.high, 0);
	consumer_begin(false);
	pages = pages_get(1);
	assert_int_equal(consumer.err, EINVAL);
	assert_int_equal(consumer.mapped, 0);
	assert_int_equal(rte_mem_check_dma_mask((uint8_t)machine.width), 1);
	assert_int_equal(rte_mem_event_callback_unregister("consumer", NULL), 0);
	vfio_close();
	pages_put(pages, 1);
}

/* ---- IO addresses that are physical ones ---- */

static void device_copies_through_physical_addresses(void **state)
{
	struct rcumem_options opts = dma_options();
	size_t n = pages_wanted();
	char *pages;

	(void)state;
	opts.iova_mode = RCUMEM_IOVA_PA;
	runtime_stop();
	runtime_start(&opts);
	consumer_begin(false);
	pages = pages_get(n);
	assert_int_equal(consumer.err, 0);
	assert_int_equal(consumer.mapped, page_sz == RTE_PGSIZE_4K ? 0 : n);
	if (page_sz > RTE_PGSIZE_4K) {
		assert_int_equal(iova_of(pages + 5), rte_mem_virt2phy(pages + 5));
		assert_int_not_equal(iova_of(pages), (uintptr_t)pages);
		assert_copied(pages + 8, pages + n * page_sz - COPY_LEN, 8);
	}
	pages_put(pages, n);
	consumer_end();
}

static const struct CMUnitTest cases[] = {
	DMA_CASE(device_copies_through_translated_addresses),
	DMA_SIZED_CASE(copy_may_cross_from_one_segment_to_the_next, SMALL_SIZES),
	DMA_CASE(memory_that_was_there_before_the_consumer_is_mapped),
	DMA_SIZED_CASE(pages_that_come_and_go_are_mapped_and_unmapped_one_by_one, SMALL_SIZES),
	DMA_CASE(external_memory_is_reached_at_the_addresses_of_its_own),
	DMA_CASE(mask_that_fits_changes_nothing),
	DMA_CASE(mask_that_does_not_fit_refuses_memory_and_leaves_none),
	DMA_CASE(device_copies_through_physical_addresses),
};

/* Where a process has addresses that the IOMMU has not. */
static const struct CMUnitTest narrow_cases[] = {
	DMA_CASE(address_beyond_the_iommu_cannot_be_mapped),
};

int main(void)
{
	int failed = RUN_DMA("dma", cases);

	if (dma_machine().high)
		failed |= RUN_DMA("dma, narrow", narrow_cases);
	return failed;
}
