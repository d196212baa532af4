/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does an address cost when a burst of them is translated by one call?
 *
 * Baselines: the same burst by a loop of single calls, and by a loop of empty
 * calls into a shared library.  All of them store the answers.
 */
#include "all.h"

#include <rcumem.h>

#include "empty.h"
#include "shim.h"
#include "world.h"

#define BURST_MAX 256

#define WRONG "not as many addresses were found as there are"

struct batch {
	struct world_point point;
	/* Translate `cnt` addresses from number `first` on; returns how many were found. */
	unsigned int (*burst)(uint32_t first, unsigned int cnt, void **answers);
	unsigned int len;
};

static unsigned int iova_batch(uint32_t first, unsigned int cnt, void **answers)
{
	return rcumem_iova2virt_batch(NULL, world.iova + first, answers, cnt);
}

static unsigned int virt_batch(uint32_t first, unsigned int cnt, void **answers)
{
	return rcumem_virt2iova_batch(
		NULL, (void *const *)world.va + first, (rte_iova_t *)answers, cnt);
}

/* A loop over single calls; `answer` is of address i, `none` what it is for a miss. */
#define SINGLE_BURST(name, answer, none)                                                           \
	static unsigned int name(uint32_t first, unsigned int cnt, void **answers)                 \
	{                                                                                          \
		unsigned int found = 0;                                                            \
		for (uint32_t i = first; i < first + cnt; i++) {                                   \
			uintptr_t word = (uintptr_t)(answer);                                      \
			found += word != (none);                                                   \
			answers[i - first] = (void *)word;                                         \
		}                                                                                  \
		return found;                                                                      \
	}

SINGLE_BURST(iova_single, rte_mem_iova2virt(world.iova[i]), 0)
SINGLE_BURST(virt_single, rcumem_virt2iova(NULL, world.va[i], NULL), RTE_BAD_IOVA)
SINGLE_BURST(empty_single, bench_empty_call(world.va[i], NULL), 0)

static const char *batch_setup(const void *arg)
{
	const struct batch *batch = arg;

	return world_set(&batch->point);
}

/* An iteration is an address.  Bursts divide the number of addresses, so that none wraps. */
static void batch_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct batch *batch = arg;
	bool miss = batch->point.pattern == WORLD_MISS && batch->burst != empty_single;
	void *answers[BURST_MAX];
	uint64_t found = 0;

	for (uint64_t k = 0; k < iterations; k += batch->len) {
		uint64_t left = iterations - k;

		found += batch->burst((uint32_t)k & world.mask,
			left < batch->len ? (unsigned int)left : batch->len, answers);
	}
	if (found != (miss ? 0 : iterations))
		bench_wrong(state, WRONG);
}

static void add(const char *name, const struct world_point *point, unsigned int len,
	unsigned int (*burst)(uint32_t, unsigned int, void **))
{
	static const struct bench bench = {.setup = batch_setup, .run = batch_run};
	struct batch batch = {.point = *point, .burst = burst, .len = len};

	for (unsigned int threads = 1; threads <= 2; threads++)
		bench_add(&bench, &batch, sizeof(batch), threads, "%s/%s/%s/segments:%u/burst:%u",
			name, world_page_name(point->page_sz), world_pattern_name(point->pattern),
			point->segments, len);
}

static void add_point(const struct world_point *point)
{
	static const unsigned int lens[] = {8, 32, BURST_MAX};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		add("iova2virt_batch/rcumem", point, lens[i], iova_batch);
		add("iova2virt_batch/single", point, lens[i], iova_single);
		add("iova2virt_batch/empty", point, lens[i], empty_single);
		add("virt2iova_batch/rcumem", point, lens[i], virt_batch);
		add("virt2iova_batch/single", point, lens[i], virt_single);
		add("virt2iova_batch/empty", point, lens[i], empty_single);
	}
}

void bench_batch_add(void)
{
	static const struct world_point points[] = {
		{.page_sz = 4096, .segments = 256, .pattern = WORLD_SEQUENTIAL},
		{.page_sz = 4096, .segments = 256, .pattern = WORLD_RANDOM},
		{.page_sz = 4096, .segments = 256, .pattern = WORLD_MISS},
		{.page_sz = 4096, .segments = 65536, .pattern = WORLD_RANDOM},
		{.page_sz = 2u << 20, .segments = 32, .pattern = WORLD_RANDOM},
		{.page_sz = 2u << 20, .segments = 256, .pattern = WORLD_RANDOM},
		{.page_sz = 2u << 20, .segments = 256, .pattern = WORLD_MISS},
	};

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		add_point(&points[i]);
}
