/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_DMA_H
#define SUPPORT_DMA_H

/* Runtimes with a consumer, and copies by the device that must arrive or must not. */

#include "consumer.h"
#include "support_guest.h"

#define COPY_LEN 512u

struct dma_machine {
	unsigned int width; /* Bits of an IO address: DMA_WIDTH of the environment. */
	uint64_t low, high; /* Bases of a runtime whose addresses fit, and do not fit. */
};

static inline struct dma_machine dma_machine(void)
{
	const char *width = getenv("DMA_WIDTH");
	struct dma_machine machine = {.width = width ? (unsigned int)atoi(width) : 0};

	assert_true(machine.width >= 32 && machine.width <= 48);
	/* A process has 47 bits itself: with 48 there are none that do not fit. */
	machine.low = machine.width > 40 ? 1ull << 40 : 64ull << 30;
	machine.high = machine.width < 47 ? 1ull << machine.width : 0;
	return machine;
}

static inline struct rcumem_options dma_options(void)
{
	struct rcumem_options opts = test_options();

	opts.base_va = dma_machine().low;
	if (page_sz == RTE_PGSIZE_1G)
		opts.list_len = 2 * GIB;
	return opts;
}

static inline int dma_setup(void **state)
{
	struct rcumem_options opts = dma_options();

	(void)state;
	return case_setup_with(&opts);
}

/* What a case that failed has left of its consumer ends here. */
static inline int dma_teardown(void **state)
{
	rte_mem_event_callback_unregister("consumer", NULL);
	vfio_close();
	return case_teardown(state);
}

#define DMA_CASE(name)              cmocka_unit_test_setup_teardown(name, dma_setup, dma_teardown)
#define DMA_SIZED_CASE(name, sizes) SIZED_CASE(name, sizes, dma_setup, dma_teardown)

/* ---- Bytes ---- */

static inline void pattern_set(char *at, unsigned int seed)
{
	for (unsigned int i = 0; i < COPY_LEN; i++)
		at[i] = (char)(seed * 31 + i * 7 + (i >> 8));
}

static inline bool pattern_is(const char *at, unsigned int seed)
{
	char want[COPY_LEN];

	pattern_set(want, seed);
	return memcmp(at, want, COPY_LEN) == 0;
}

static inline bool all_clear(const char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* The IO address of a byte: both translations and the segment agree, and lead back to it. */
static inline uint64_t iova_of(const char *va)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);
	uint64_t iova = rcumem_virt2iova(NULL, va, NULL);

	assert_int_not_equal(iova, RTE_BAD_IOVA);
	assert_int_equal(rte_mem_virt2iova(va), iova);
	assert_int_equal(ms->iova + (uint64_t)(va - (char *)ms->addr), iova);
	assert_ptr_equal(rte_mem_iova2virt(iova), va);
	assert_ptr_equal(rcumem_iova2virt(NULL, iova, NULL), va);
	return iova;
}

/* The device copies from one place to the other, and what arrives is found by its IO address. */
static inline void assert_copied(char *from, char *to, unsigned int seed)
{
	uint64_t src = iova_of(from), dst = iova_of(to);
	const char *arrived;

	pattern_set(from, seed);
	memset(to, 0, COPY_LEN);
	edu_load(src, COPY_LEN);
	edu_store(dst, COPY_LEN);
	arrived = rte_mem_iova2virt(dst);
	assert_ptr_equal(arrived, to);
	if (!pattern_is(arrived, seed))
		fail_msg("what the device copied from %#llx to %#llx did not arrive",
			(unsigned long long)src, (unsigned long long)dst);
}

/* Does an IO address lead anywhere?  The device writes there, and reads again what it finds. */
static inline bool device_reaches(uint64_t iova, char *bounce)
{
	uint64_t at = iova_of(bounce);

	pattern_set(bounce, 77);
	edu_load(at, COPY_LEN);
	edu_store(iova, COPY_LEN);
	pattern_set(bounce, 78);
	edu_load(at, COPY_LEN);
	edu_load(iova, COPY_LEN);
	edu_store(at, COPY_LEN);
	return pattern_is(bounce, 77);
}

/* Interrupts by which the IOMMU has reported faults so far: what the kernel prints of them is
 * limited. */
static inline unsigned int iommu_faults(void)
{
	FILE *f = fopen("/proc/interrupts", "re");
	unsigned int n = 0;
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		char *at = strchr(line, ':'), *end;

		if (!at || !strstr(line, "dmar"))
			continue;
		for (at++;; at = end) {
			unsigned long count = strtoul(at, &end, 10);

			if (end == at || (*end != ' ' && *end != '\n'))
				break;
			n += (unsigned int)count;
		}
	}
	if (f)
		fclose(f);
	return n;
}

/* ---- The run ---- */

static inline bool pages_are_free(void)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB/free_hugepages",
		(unsigned long long)page_sz >> 10);
	return page_sz == RTE_PGSIZE_4K || file_number(path) > 0;
}

/* The device must be behind an IOMMU. */
static inline int run_dma(const char *name, const struct CMUnitTest *cases, size_t n)
{
	if (!vfio_bind() || vfio_group_number() < 0) {
		printf("not ok 1 - %s: no device behind an IOMMU\n", name);
		return 1;
	}
	return run_sizes(name, pages_are_free, cases, n);
}

#define RUN_DMA(name, cases) run_dma(name, cases, ARRAY_LEN(cases))

#endif /* SUPPORT_DMA_H */
