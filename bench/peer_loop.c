/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The timed loops of tools/bench-dpdk, and the right answers that they are
 * checked against.
 *
 * INV-PEER-1  A loop does nothing but the calls, one load of a prepared
 *             address for each, and a sum that keeps the answers alive.
 * INV-PEER-2  Addresses are drawn with a fixed seed, so both sides and every
 *             run look up the same pages in the same order.
 */
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#include <rte_memory.h>

#include "empty.h"

#define MISS_KINDS 3u

/* Immutable once peer_rows_prepare() has returned. */
static struct {
	const struct rte_memseg *segs[PEER_PAGES];
	unsigned int seg_cnt;
	const void *hit[PEER_LAP];
	const void *miss[PEER_LAP];
	rte_iova_t iova[PEER_LAP];
} world;

static uint64_t loop_empty(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		for (unsigned int i = 0; i < PEER_LAP; i++)
			sum += (uintptr_t)bench_empty_call(world.hit[i], NULL);
	return sum;
}

static uint64_t loop_hit(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		for (unsigned int i = 0; i < PEER_LAP; i++)
			sum += (uintptr_t)rte_mem_virt2memseg(world.hit[i], NULL);
	return sum;
}

static uint64_t loop_hit_one(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		for (unsigned int i = 0; i < PEER_LAP; i++)
			sum += (uintptr_t)rte_mem_virt2memseg(world.hit[0], NULL);
	return sum;
}

static uint64_t loop_miss(uint64_t laps)
{
	uint64_t found = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		for (unsigned int i = 0; i < PEER_LAP; i++)
			found += rte_mem_virt2memseg(world.miss[i], NULL) != NULL;
	return found;
}

static uint64_t loop_iova(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		for (unsigned int i = 0; i < PEER_LAP; i++)
			sum += (uintptr_t)rte_mem_iova2virt(world.iova[i]);
	return sum;
}

/* What a walk adds up: each segment counts as one plus its length, so a page missed or seen twice
 * changes the sum. */
static int add_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	*(uint64_t *)arg += ms->len + 1;
	return 0;
}

static int add_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	(void)ms;
	*(uint64_t *)arg += len + len / msl->page_sz;
	return 0;
}

static uint64_t loop_walk(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		rte_memseg_walk(add_segment, &sum);
	return sum;
}

static uint64_t loop_contig_walk(uint64_t laps)
{
	uint64_t sum = 0;

	for (uint64_t lap = 0; lap < laps; lap++)
		rte_memseg_contig_walk(add_run, &sum);
	return sum;
}

enum {
	ROW_EMPTY,
	ROW_HIT,
	ROW_HIT_ONE,
	ROW_MISS,
	ROW_IOVA,
	ROW_WALK,
	ROW_CONTIG_WALK,
};

struct peer_row peer_rows[] = {
	[ROW_EMPTY] = {.name = "empty", .loop = loop_empty, .lap_ops = PEER_LAP},
	[ROW_HIT] = {.name = "hit", .loop = loop_hit, .lap_ops = PEER_LAP},
	[ROW_HIT_ONE] = {.name = "hit-one", .loop = loop_hit_one, .lap_ops = PEER_LAP},
	[ROW_MISS] = {.name = "miss", .loop = loop_miss, .lap_ops = PEER_LAP},
	[ROW_IOVA] = {.name = "iova", .loop = loop_iova, .lap_ops = PEER_LAP},
	[ROW_WALK] = {.name = "walk", .loop = loop_walk, .lap_ops = 1},
	[ROW_CONTIG_WALK] = {.name = "contig-walk", .loop = loop_contig_walk, .lap_ops = 1},
};
const unsigned int peer_row_cnt = sizeof(peer_rows) / sizeof(peer_rows[0]);

static uint64_t random_next(void)
{
	static uint64_t state = 0x9e3779b97f4a7c15u;

	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state;
}

static int collect_segment(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	(void)arg;
	if (world.seg_cnt == PEER_PAGES || ms->len != PEER_PAGE_SZ)
		return -1;
	/* Fault in here too: the first touch of a page must not be in a sample. */
	*(volatile char *)ms->addr;
	world.segs[world.seg_cnt++] = ms;
	return 0;
}

/* The search for an address that no list contains, on from `*arg`. */
static int skip_list(const struct rte_memseg_list *msl, void *arg)
{
	uintptr_t *free_va = arg;
	uintptr_t base = (uintptr_t)msl->base_va;

	if (*free_va < base || *free_va - base >= msl->len)
		return 0;
	*free_va = base + msl->len;
	return 1;
}

/* Misses as a program makes them: its stack, its heap, and addresses behind a list. */
static void prepare_misses(const void *heap)
{
	uintptr_t behind = (uintptr_t)world.segs[0]->addr;
	char stack[PEER_LAP];
	uintptr_t kinds[MISS_KINDS];

	while (rte_memseg_list_walk(skip_list, &behind) == 1)
		;
	kinds[0] = (uintptr_t)stack;
	kinds[1] = (uintptr_t)heap;
	kinds[2] = behind;
	for (unsigned int i = 0; i < PEER_LAP; i++)
		world.miss[i] =
			(void *)(kinds[random_next() % MISS_KINDS] + random_next() % PEER_LAP);
}

static void prepare_hits(void)
{
	uint64_t hit_sum = 0, iova_sum = 0, va_sum = 0;

	for (unsigned int i = 0; i < PEER_LAP; i++) {
		const struct rte_memseg *ms = world.segs[random_next() % world.seg_cnt];
		uint64_t off = random_next() % PEER_PAGE_SZ;

		world.hit[i] = (char *)ms->addr + off;
		world.iova[i] = ms->iova + off;
		hit_sum += (uintptr_t)ms;
		va_sum += (uintptr_t)world.hit[i];
		iova_sum += (uintptr_t)world.hit[i];
		if (i == 0)
			peer_rows[ROW_HIT_ONE].lap_checksum = (uintptr_t)ms * (uint64_t)PEER_LAP;
	}
	peer_rows[ROW_EMPTY].lap_checksum = va_sum;
	peer_rows[ROW_HIT].lap_checksum = hit_sum;
	peer_rows[ROW_MISS].lap_checksum = 0;
	peer_rows[ROW_IOVA].lap_checksum = iova_sum;
	peer_rows[ROW_WALK].lap_checksum = (uint64_t)world.seg_cnt * (PEER_PAGE_SZ + 1);
	peer_rows[ROW_CONTIG_WALK].lap_checksum = peer_rows[ROW_WALK].lap_checksum;
}

unsigned int peer_rows_prepare(void)
{
	static char *heap; /* Kept: its address is looked up until the process ends. */

	if (rte_memseg_walk(collect_segment, NULL) || world.seg_cnt != PEER_PAGES) {
		fprintf(stderr, "peer: there are not exactly %u segments of 2 MiB\n", PEER_PAGES);
		return 0;
	}
	heap = malloc(PEER_LAP);
	if (!heap)
		return 0;
	prepare_hits();
	prepare_misses(heap);
	return world.seg_cnt;
}
