/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds the memory that is looked up, and draws the addresses; see world.h. */
#include "world.h"

#include <stdbool.h>
#include <stdlib.h>

#define ADDRESS_MIN 4096u      /* Fewer would let the branch predictor learn the order. */
#define SEGMENT_MAX (1u << 20) /* As many addresses: random reaches every segment. */
#define MISS_KINDS  3u

struct world world;

static struct world_point current; /* What was tried last; segments is 0 before. */
static const char *why_not;        /* It could not be made. */
static const void *vas[SEGMENT_MAX];
static rte_iova_t iovas[SEGMENT_MAX];
static const struct rte_memseg *segs[SEGMENT_MAX];

const char *world_pattern_name(enum world_pattern pattern)
{
	static const char *const names[] = {"sequential", "random", "one", "miss", "window"};

	return names[pattern];
}

const char *world_page_name(size_t page_sz)
{
	return page_sz == 4096 ? "4KiB" : page_sz == 2u << 20 ? "2MiB" : "1GiB";
}

const char *world_start(void)
{
	return world_library_start();
}

void world_end(void)
{
	world_library_end();
	current.segments = 0;
}

static int find_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	const struct rte_memseg_list **last = arg;

	if (world.segments == SEGMENT_MAX)
		return -1;
	/* Fault in: the first touch must not be in a measurement. */
	*(volatile char *)ms->addr;
	if (list != *last || segs[world.segments - 1] + 1 != ms)
		world.runs++;
	*last = list;
	segs[world.segments++] = ms;
	world.bytes += ms->len;
	return 0;
}

static int find_list(const struct rte_memseg_list *list, void *arg)
{
	(void)arg;
	world.lists++;
	world.list_bytes += list->len;
	return 0;
}

/* Put the pages of `point` in use, and find them. */
static const char *pages_take(const struct world_point *point)
{
	static unsigned int last_id;
	const struct rte_memseg_list *last = NULL;
	const char *why = world_library_take(point);

	if (why)
		return why;
	world = (struct world){.va = vas, .iova = iovas, .seg = segs, .id = ++last_id};
	if (rte_memseg_walk(find_segment, &last) || rte_memseg_list_walk(find_list, NULL))
		return "a walk failed";
	return world.segments == point->segments ? NULL : "the walk did not see all segments";
}

static uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* The search for an address that no list contains, on from `*arg`. */
static int skip_list(const struct rte_memseg_list *list, void *arg)
{
	uintptr_t *free_va = arg;

	if (*free_va - list->addr_64 >= list->len)
		return 0;
	*free_va = list->addr_64 + list->len;
	return 1;
}

static void addresses_miss(uint64_t seed)
{
	static char *heap;
	char stack[64];
	uintptr_t behind = segs[0]->addr_64;
	uintptr_t kinds[MISS_KINDS];

	if (!heap)
		heap = malloc(sizeof(stack));
	while (rte_memseg_list_walk(skip_list, &behind) == 1)
		;
	kinds[0] = (uintptr_t)stack;
	kinds[1] = (uintptr_t)heap;
	kinds[2] = behind;
	for (uint32_t i = 0; i <= world.mask; i++) {
		uint64_t random = random_next(&seed);

		vas[i] = (void *)(kinds[random % MISS_KINDS] + (random >> 32) % sizeof(stack));
		iovas[i] = (uintptr_t)vas[i];
	}
}

/* The segment of address i. */
static uint64_t segment_pick(enum world_pattern pattern, uint32_t i, uint64_t random)
{
	uint64_t window = world.segments < WORLD_WINDOW ? world.segments : WORLD_WINDOW;

	switch (pattern) {
	case WORLD_RANDOM:
		return random % world.segments;
	case WORLD_ONE:
		return world.segments / 2;
	case WORLD_WINDOW_PATTERN:
		return (world.segments - window) / 2 + random % window;
	default:
		return i % world.segments;
	}
}

static void addresses_hit(enum world_pattern pattern, uint64_t seed)
{
	for (uint32_t i = 0; i <= world.mask; i++) {
		uint64_t random = random_next(&seed);
		const struct rte_memseg *ms = segs[segment_pick(pattern, i, random >> 32)];
		uint64_t off = random % ms->len;

		vas[i] = (char *)ms->addr + off;
		iovas[i] = ms->iova + off;
	}
}

/* Only where all pages are asked for are there as many addresses. */
static uint32_t address_mask(const struct world_point *point)
{
	if (point->pattern != WORLD_SEQUENTIAL && point->pattern != WORLD_RANDOM)
		return ADDRESS_MIN - 1;
	return (point->segments > ADDRESS_MIN ? point->segments : ADDRESS_MIN) - 1;
}

const char *world_set(const struct world_point *point)
{
	bool same = current.page_sz == point->page_sz && current.segments == point->segments;

	if (!same)
		why_not = pages_take(point);
	if (why_not || (same && current.pattern == point->pattern)) {
		current = *point;
		return why_not;
	}
	current = *point;
	world.mask = address_mask(point);
	if (point->pattern == WORLD_MISS)
		addresses_miss(point->segments);
	else
		addresses_hit(point->pattern, point->segments);
	return NULL;
}
