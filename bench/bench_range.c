/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the translation of a buffer cost that crosses several segments: one
 * call that tells how many bytes are contiguous?
 *
 * Peer: a translation of each page by itself, as it has to be done where the
 * library does not tell the length.
 */
#include "all.h"

#include <rcumem.h>

#include "shim.h"
#include "subject.h"
#include "world.h"

struct range {
	struct world_point point;
	/* Translate ranges that cross `pages` pages, `n` times; returns how many were contiguous.
	 */
	uint64_t (*loop)(uint64_t n, unsigned int pages);
	unsigned int pages;
};

/* A loop over the addresses that are not too close to the last page's end. */
#define RANGE_LOOP(name, contiguous)                                                               \
	static uint64_t name(uint64_t n, unsigned int pages)                                       \
	{                                                                                          \
		const struct world w = world;                                                      \
		const uint64_t page_sz = w.seg[0]->len;                                            \
		const uint64_t end = w.seg[w.segments - 1]->addr_64 + page_sz;                     \
		uint64_t good = 0;                                                                 \
		for (uint64_t k = 0; k < n; k++) {                                                 \
			const void *va = w.va[k & w.mask];                                         \
			rte_iova_t iova = w.iova[k & w.mask];                                      \
			uint64_t want = (pages - 1) * page_sz + 1;                                 \
			(void)iova;                                                                \
			if ((uintptr_t)va + want > end)                                            \
				want = end - (uintptr_t)va;                                        \
			good += (contiguous);                                                      \
		}                                                                                  \
		return good;                                                                       \
	}

static inline bool iova_one(rte_iova_t iova, const void *va, uint64_t want)
{
	uint64_t len = want;

	return rcumem_iova2virt(NULL, iova, &len) == va && len == want;
}

static inline bool virt_one(const void *va, rte_iova_t iova, uint64_t want)
{
	uint64_t len = want;

	return rcumem_virt2iova(NULL, va, &len) == iova && len == want;
}

static inline bool iova_single(rte_iova_t iova, const void *va, uint64_t want, uint64_t page_sz)
{
	for (uint64_t off = 0; off < want; off += page_sz)
		if (rte_mem_iova2virt(iova + off) != (const char *)va + off)
			return false;
	return true;
}

static inline bool virt_single(const void *va, rte_iova_t iova, uint64_t want, uint64_t page_sz)
{
	for (uint64_t off = 0; off < want; off += page_sz)
		if (rcumem_virt2iova(NULL, (const char *)va + off, NULL) != iova + off)
			return false;
	return true;
}

RANGE_LOOP(iova_range, iova_one(iova, va, want))
RANGE_LOOP(virt_range, virt_one(va, iova, want))
RANGE_LOOP(iova_pages, iova_single(iova, va, want, page_sz))
RANGE_LOOP(virt_pages, virt_single(va, iova, want, page_sz))

static const char *range_setup(const void *arg)
{
	const struct range *range = arg;

	return world_set(&range->point);
}

static void range_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct range *range = arg;

	if (range->loop(iterations, range->pages) != iterations)
		bench_wrong(state, "a range was not translated in one piece");
	bench_items(state, range->pages);
}

static void add(const char *name, const struct world_point *point, unsigned int pages,
	uint64_t (*loop)(uint64_t, unsigned int))
{
	static const struct bench bench = {.setup = range_setup, .run = range_run};
	struct range range = {.point = *point, .loop = loop, .pages = pages};

	bench_add(&bench, &range, sizeof(range), BENCH_EACH, "%s/%s/%s/segments:%u/crossing:%u",
		name, world_page_name(point->page_sz), world_pattern_name(point->pattern),
		point->segments, pages);
}

void bench_range_add(size_t page_sz, unsigned int segments)
{
	static const unsigned int crossing[] = {1, 2, 16};
	struct world_point point = {
		.page_sz = page_sz, .segments = segments, .pattern = WORLD_RANDOM};

	for (size_t i = 0; i < sizeof(crossing) / sizeof(crossing[0]); i++) {
		if (crossing[i] > segments)
			break;
		add("range/rcumem", &point, crossing[i], iova_range);
		add("range/single", &point, crossing[i], iova_pages);
		add("range_virt2iova/rcumem", &point, crossing[i], virt_range);
		add("range_virt2iova/single", &point, crossing[i], virt_pages);
	}
}
