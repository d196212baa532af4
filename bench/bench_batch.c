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
	/* Translate `n` addresses in bursts of `len`; returns how many were found. */
	uint64_t (*loop)(uint64_t n, unsigned int len);
	unsigned int len;
	bool is_floor; /* Nothing is looked up. */
};

/* A loop over bursts; `burst` translates `cnt` addresses from number `first` on.  Bursts divide the
 * number of addresses, so that none wraps. */
#define BATCH_LOOP(name, burst)                                                                    \
	static uint64_t name(uint64_t n, unsigned int len)                                         \
	{                                                                                          \
		void *answers[BURST_MAX] __attribute__((aligned(64)));                             \
		uint64_t found = 0;                                                                \
		for (uint64_t k = 0; k < n; k += len) {                                            \
			uint32_t first = (uint32_t)k & world.mask;                                 \
			unsigned int cnt = n - k < len ? (unsigned int)(n - k) : len;              \
			found += burst(first, cnt, answers);                                       \
		}                                                                                  \
		return found;                                                                      \
	}

/* A burst by single calls; `answer` is of address i, `none` what it is for a miss. */
#define SINGLE_BURST(name, answer, none)                                                           \
	static inline unsigned int name(uint32_t first, unsigned int cnt, void **answers)          \
	{                                                                                          \
		unsigned int found = 0;                                                            \
		for (uint32_t i = first; i < first + cnt; i++) {                                   \
			uintptr_t word = (uintptr_t)(answer);                                      \
			found += word != (none);                                                   \
			answers[i - first] = (void *)word;                                         \
		}                                                                                  \
		return found;                                                                      \
	}

static inline unsigned int iova_burst(uint32_t first, unsigned int cnt, void **answers)
{
	return rcumem_iova2virt_batch(NULL, world.iova + first, answers, cnt);
}

static inline unsigned int virt_burst(uint32_t first, unsigned int cnt, void **answers)
{
	return rcumem_virt2iova_batch(
		NULL, (void *const *)world.va + first, (rte_iova_t *)answers, cnt);
}

SINGLE_BURST(iova_single, rte_mem_iova2virt(world.iova[i]), 0)
SINGLE_BURST(virt_single, rcumem_virt2iova(NULL, world.va[i], NULL), RTE_BAD_IOVA)
SINGLE_BURST(empty_single, bench_empty_call(world.va[i], NULL), 0)

BATCH_LOOP(iova_batch_loop, iova_burst)
BATCH_LOOP(virt_batch_loop, virt_burst)
BATCH_LOOP(iova_single_loop, iova_single)
BATCH_LOOP(virt_single_loop, virt_single)
BATCH_LOOP(empty_loop, empty_single)

static const char *batch_setup(const void *arg)
{
	const struct batch *batch = arg;

	return world_set(&batch->point);
}

/* An iteration is an address. */
static void batch_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct batch *batch = arg;
	bool miss = batch->point.pattern == WORLD_MISS && !batch->is_floor;

	if (batch->loop(iterations, batch->len) != (miss ? 0 : iterations))
		bench_wrong(state, WRONG);
}

static void add(const char *name, const struct world_point *point, unsigned int len,
	uint64_t (*loop)(uint64_t, unsigned int))
{
	static const struct bench bench = {.setup = batch_setup, .run = batch_run};
	struct batch batch = {
		.point = *point, .loop = loop, .len = len, .is_floor = loop == empty_loop};

	bench_add(&bench, &batch, sizeof(batch), BENCH_EACH, "%s/%s/%s/segments:%u/burst:%u", name,
		world_page_name(point->page_sz), world_pattern_name(point->pattern),
		point->segments, len);
}

static void add_point(const struct world_point *point)
{
	static const unsigned int lens[] = {8, 32, BURST_MAX};

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		add("iova2virt_batch/rcumem", point, lens[i], iova_batch_loop);
		add("iova2virt_batch/single", point, lens[i], iova_single_loop);
		add("iova2virt_batch/empty", point, lens[i], empty_loop);
		add("virt2iova_batch/rcumem", point, lens[i], virt_batch_loop);
		add("virt2iova_batch/single", point, lens[i], virt_single_loop);
		add("virt2iova_batch/empty", point, lens[i], empty_loop);
	}
}

void bench_batch_add(size_t page_sz, unsigned int segments)
{
	struct world_point point = {
		.page_sz = page_sz, .segments = segments, .pattern = WORLD_RANDOM};

	add_point(&point);
	/* Of the other orders one size will do: they do not depend on it. */
	if (segments != 256)
		return;
	point.pattern = WORLD_SEQUENTIAL;
	add_point(&point);
	point.pattern = WORLD_MISS;
	add_point(&point);
}
