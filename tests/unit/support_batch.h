/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_BATCH_H
#define SUPPORT_BATCH_H

/*
 * Batch translation: a world of addresses of every kind, and what the single
 * functions say of them.
 */

#include "batch.h"
#include "support_random.h"
#include "support_walk.h"

#define ADDRESSES_MAX 512

/* A case for each kernel, which is its state. */
#define KERNEL_SETUP(kernel)                                                                       \
	static inline int setup_##kernel(void **state)                                             \
	{                                                                                          \
		int err = case_setup(state);                                                       \
                                                                                                   \
		*state = (void *)(uintptr_t)&batch_##kernel;                                       \
		return err;                                                                        \
	}

/* clang-format off */
#define KERNEL_CASE(test, kernel)                                                                  \
	{#test ", " #kernel, test, setup_##kernel, case_teardown, NULL}
/* clang-format on */
KERNEL_SETUP(plain)
#ifdef BATCH_X86
KERNEL_SETUP(avx2)
KERNEL_SETUP(avx512)
#define KERNEL_CASES(test)                                                                         \
	KERNEL_CASE(test, plain), KERNEL_CASE(test, avx2), KERNEL_CASE(test, avx512)
#else
#define KERNEL_CASES(test) KERNEL_CASE(test, plain)
#endif

/* The kernel of a case; skips it where the processor has no such instructions. */
static inline const struct batch_kernel *kernel_of(void **state)
{
	const struct batch_kernel *kernel = *state;

	if (!batch_can_run(kernel))
		skip();
	return kernel;
}

/* What the single functions say. */
static inline uint64_t single(enum batch_kind kind, uint64_t key)
{
	if (kind == BATCH_IOVA2VIRT)
		return (uintptr_t)rcumem_iova2virt(NULL, key, NULL);
	return rcumem_virt2iova(NULL, (void *)(uintptr_t)key, NULL);
}

static inline uint64_t none_of(enum batch_kind kind)
{
	return kind == BATCH_IOVA2VIRT ? 0 : RTE_BAD_IOVA;
}

/* ---- The world ---- */

#define EXT_PAGES 8

/* Addresses and IO addresses, found or not. */
static uint64_t addresses[ADDRESSES_MAX];
static unsigned int address_cnt;

static char *world_pages; /* Six pages, of which the third is free. */
static char *world_small; /* Two pages of 4 KiB. */
static char *world_ext;

static inline void address_add(uint64_t address)
{
	assert_true(address_cnt < ADDRESSES_MAX);
	addresses[address_cnt++] = address;
}

/* The edges of a range, and some of its inside. */
static inline void range_add(uint64_t first, uint64_t len)
{
	address_add(first - 1);
	address_add(first);
	address_add(first + random_below(len));
	address_add(first + len / 2);
	address_add(first + len - 1);
	address_add(first + len);
}

/* External pages: IO addresses in reverse, unaligned, several in one slot of 4 KiB, one twice, one
 * at 2^48 and above, one of an internal page, one missing. */
static inline void ext_build(void)
{
	rte_iova_t table[EXT_PAGES] = {0x13000, 0x12000, 0x20123, 0x21123, 1ull << 48,
		0xfffffffffff00000ull, (uintptr_t)world_pages, RTE_BAD_IOVA};
	rte_iova_t again = 0x13000;

	world_ext = ext_reserve(EXT_PAGES + 1);
	assert_int_equal(
		rte_extmem_register(world_ext, EXT_PAGES * EXT_PAGE, table, EXT_PAGES, EXT_PAGE),
		0);
	assert_int_equal(rte_extmem_register(
				 world_ext + EXT_PAGES * EXT_PAGE, EXT_PAGE, &again, 1, EXT_PAGE),
		0);
	for (unsigned int i = 0; i < EXT_PAGES; i++)
		range_add(table[i], EXT_PAGE);
	for (unsigned int i = 0; i <= EXT_PAGES; i++)
		range_add((uintptr_t)world_ext + i * EXT_PAGE, EXT_PAGE);
}

static inline void world_build(void)
{
	static const uint64_t edges[] = {
		0, 1, 1ull << 30, 1ull << 47, 1ull << 48, 1ull << 63, UINT64_MAX};

	address_cnt = 0;
	world_pages = pages_get(6);
	pages_put(world_pages + 2 * page_sz, 1);
	world_small = rcumem_pages_alloc(2 * RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	assert_non_null(world_small);
	for (unsigned int i = 0; i < 6; i++)
		range_add((uintptr_t)world_pages + i * page_sz, page_sz);
	range_add((uintptr_t)world_small, 2 * RTE_PGSIZE_4K);
	ext_build();
	for (unsigned int i = 0; i < ARRAY_LEN(edges); i++)
		range_add(edges[i], 2);
	address_add((uintptr_t)&address_cnt);
	address_add((uintptr_t)edges);
	address_add((uintptr_t)&edges);
}

static inline void world_end(void)
{
	pages_put(world_pages, 2);
	pages_put(world_pages + 3 * page_sz, 3);
	assert_int_equal(rcumem_pages_free(world_small, 2 * RTE_PGSIZE_4K), 0);
	assert_int_equal(ext_unregister(world_ext, EXT_PAGES), 0);
	assert_int_equal(ext_unregister(world_ext + EXT_PAGES * EXT_PAGE, 1), 0);
	ext_release(world_ext, EXT_PAGES + 1);
}

/* Mostly of internal memory, so that kernels find whole vectors as well as parts of them. */
static inline uint64_t address_random(void)
{
	if (random_below(8))
		return (uintptr_t)world_pages + random_below(2 * page_sz);
	return addresses[random_below(address_cnt)];
}

#endif /* SUPPORT_BATCH_H */
