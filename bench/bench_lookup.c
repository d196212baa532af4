/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a lookup cost, and does it depend on the number of segments, the
 * order of access or a second thread?
 *
 * Baselines: the same question to "rwlock and scan", and an empty call into a
 * shared library, which is the floor.  "dependent" asks for the next address
 * only when the answer is there: the latency, where the others show throughput.
 */
#include "all.h"

#include <rte_memory.h>

#include "baseline_scan.h"
#include "empty.h"
#include "shim.h"
#include "world.h"

#define WRONG_HIT  "an address in use was not found, or the wrong one"
#define WRONG_MISS "an address in no segment was found"

/* `expr` of address i, `n` times; the sum keeps the answers alive. */
#define LOOKUP_LOOP(loop, expr)                                                                    \
	static uint64_t loop(uint64_t n)                                                           \
	{                                                                                          \
		uint64_t found = 0;                                                                \
		for (uint64_t k = 0; k < n; k++) {                                                 \
			uint32_t i = (uint32_t)k & world.mask;                                     \
			found += (expr) != NULL;                                                   \
		}                                                                                  \
		return found;                                                                      \
	}

/* The same, but the index of the next address waits for the answer: no answer has bit 63. */
#define DEPENDENT_LOOP(loop, expr)                                                                 \
	static uint64_t loop(uint64_t n)                                                           \
	{                                                                                          \
		uint64_t found = 0;                                                                \
		uint32_t i = 0;                                                                    \
		for (uint64_t k = 0; k < n; k++) {                                                 \
			uintptr_t answer = (uintptr_t)(expr);                                      \
			found += answer != 0;                                                      \
			i = (i + 1 + (uint32_t)(answer >> 63)) & world.mask;                       \
		}                                                                                  \
		return found;                                                                      \
	}

LOOKUP_LOOP(empty_loop, bench_empty_call(world.va[i], NULL))
LOOKUP_LOOP(rcumem_virt_loop, rte_mem_virt2memseg(world.va[i], NULL))
LOOKUP_LOOP(scan_virt_loop, scan_virt2memseg(world.va[i], NULL))
LOOKUP_LOOP(rcumem_iova_loop, rte_mem_iova2virt(world.iova[i]))
LOOKUP_LOOP(scan_iova_loop, scan_iova2virt(world.iova[i]))
DEPENDENT_LOOP(empty_dependent, bench_empty_call(world.va[i], NULL))
DEPENDENT_LOOP(rcumem_virt_dependent, rte_mem_virt2memseg(world.va[i], NULL))
DEPENDENT_LOOP(rcumem_iova_dependent, rte_mem_iova2virt(world.iova[i]))

struct lookup {
	struct world_point point;
	uint64_t (*loop)(uint64_t n);
};

/* Ask every question once, untimed: the loops only count. */
static const char *answers_check(void)
{
	for (uint32_t i = 0; i <= world.mask; i++) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(world.va[i], NULL);
		uint64_t va = (uintptr_t)world.va[i];

		if (!ms || va - ms->addr_64 >= ms->len)
			return WRONG_HIT;
		if (ms->iova + (va - ms->addr_64) != world.iova[i])
			return WRONG_HIT;
		if (rte_mem_iova2virt(world.iova[i]) != world.va[i])
			return WRONG_HIT;
		/* The baseline is slow: a few addresses will do. */
		if (i % 257 == 0 && scan_iova2virt(world.iova[i]) != world.va[i])
			return WRONG_HIT;
	}
	return NULL;
}

static const char *lookup_setup(const void *arg)
{
	const struct lookup *lookup = arg;

	return world_set(&lookup->point);
}

static void lookup_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct lookup *lookup = arg;
	bool miss = lookup->point.pattern == WORLD_MISS && lookup->loop != empty_loop;
	uint64_t found = lookup->loop(iterations);

	if (found != (miss ? 0 : iterations))
		bench_wrong(state, miss ? WRONG_MISS : WRONG_HIT);
}

static void check_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	(void)arg;
	for (uint64_t i = 0; i < iterations; i++) {
		const char *wrong = answers_check();

		if (wrong)
			bench_wrong(state, wrong);
	}
	bench_items(state, (uint64_t)world.mask + 1);
}

static void add(const char *name, const struct world_point *point, uint64_t (*loop)(uint64_t))
{
	static const struct bench bench = {.setup = lookup_setup, .run = lookup_run};
	struct lookup lookup = {.point = *point, .loop = loop};

	for (unsigned int threads = 1; threads <= 2; threads++)
		bench_add(&bench, &lookup, sizeof(lookup), threads, "%s/%s/%s/segments:%u", name,
			world_page_name(point->page_sz), world_pattern_name(point->pattern),
			point->segments);
}

static void add_point(const struct world_point *point)
{
	add("empty_call", point, empty_loop);
	add("virt2memseg/rcumem", point, rcumem_virt_loop);
	add("virt2memseg/scan", point, scan_virt_loop);
	add("iova2virt/rcumem", point, rcumem_iova_loop);
	add("iova2virt/scan", point, scan_iova_loop);
	if (point->pattern == WORLD_RANDOM) {
		add("empty_call/dependent", point, empty_dependent);
		add("virt2memseg/rcumem/dependent", point, rcumem_virt_dependent);
		add("iova2virt/rcumem/dependent", point, rcumem_iova_dependent);
	}
}

static void add_page_size(size_t page_sz, const unsigned int *segments, unsigned int cnt)
{
	static const struct bench check = {.setup = lookup_setup, .run = check_run};

	for (unsigned int i = 0; i < cnt; i++) {
		struct lookup lookup = {.point = {.page_sz = page_sz,
						.segments = segments[i],
						.pattern = WORLD_RANDOM}};

		bench_add(&check, &lookup, sizeof(lookup), 1, "answers/%s/segments:%u",
			world_page_name(page_sz), segments[i]);
		for (int pattern = WORLD_SEQUENTIAL; pattern <= WORLD_MISS; pattern++) {
			lookup.point.pattern = (enum world_pattern)pattern;
			add_point(&lookup.point);
		}
	}
}

void bench_lookup_add(void)
{
	static const unsigned int small[] = {32, 256, 2048, 16384, 65536};
	static const unsigned int huge[] = {32, 256};

	add_page_size(4096, small, sizeof(small) / sizeof(small[0]));
	add_page_size(2u << 20, huge, sizeof(huge) / sizeof(huge[0]));
}
