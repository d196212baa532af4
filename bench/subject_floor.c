/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What no library can go below: `empty` is the call alone, `flat` the work
 * alone, one load from a table of exactly these pages, inlined and unchecked.
 */
#include <stdlib.h>

#include "empty.h"
#include "subject.h"

SUBJECT_LOOP(empty_virt, bench_empty_call(va, NULL))
SUBJECT_DEPENDENT(empty_virt_dependent, bench_empty_call(va, NULL))
SUBJECT_LOOP(empty_iova, bench_empty_call((const void *)(uintptr_t)iova, NULL))
SUBJECT_DEPENDENT(empty_iova_dependent, bench_empty_call((const void *)(uintptr_t)iova, NULL))

const struct subject subject_empty = {
	.name = "empty",
	.virt2memseg = {empty_virt, empty_virt_dependent},
	.iova2virt = {empty_iova, empty_iova_dependent},
};

/* Indexed by page from the first one on; immutable while a benchmark runs. */
static const struct rte_memseg **flat_seg;
static uint64_t *flat_delta; /* Virtual minus IO address. */
static uintptr_t flat_first_va;
static rte_iova_t flat_first_iova;
static unsigned int flat_shift;

/* A table without holes needs pages without holes: these are of one allocation. */
static int flat_learn(void)
{
	free(flat_seg);
	free(flat_delta);
	flat_seg = calloc(world.segments, sizeof(*flat_seg));
	flat_delta = calloc(world.segments, sizeof(*flat_delta));
	if (!flat_seg || !flat_delta)
		return -1;
	flat_first_va = world.seg[0]->addr_64;
	flat_first_iova = world.seg[0]->iova;
	flat_shift = (unsigned int)__builtin_ctzll(world.seg[0]->len);
	for (unsigned int i = 0; i < world.segments; i++) {
		const struct rte_memseg *ms = world.seg[i];

		if ((ms->addr_64 - flat_first_va) >> flat_shift != i ||
			(ms->iova - flat_first_iova) >> flat_shift != i)
			return -1;
		flat_seg[i] = ms;
		flat_delta[i] = ms->addr_64 - ms->iova;
	}
	return 0;
}

SUBJECT_LOOKUPS(flat, flat_seg[((uintptr_t)va - flat_first_va) >> flat_shift],
	(const void *)(uintptr_t)(iova + flat_delta[(iova - flat_first_iova) >> flat_shift]))

/* A walk is at least a call and a segment's line for each. */
static int flat_each(rte_memseg_walk_t func, void *arg)
{
	const struct rte_memseg_list *list = rte_mem_virt2memseg_list(world.seg[0]->addr);
	int ret = 0;

	for (unsigned int i = 0; i < world.segments && !ret; i++)
		ret = func(list, world.seg[i], arg);
	return ret;
}

SUBJECT_WALK(flat_walk, flat_each, subject_add_segment)

const struct subject subject_flat = {
	.name = "flat",
	.learn = flat_learn,
	SUBJECT_HAS_LOOKUPS(flat),
	.walk = flat_walk,
	.hits_only = true,
	.world_id = &(unsigned int){0},
};
