/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the memory that is looked up; see world.h. */
#include "world.h"

#include <stdbool.h>
#include <stdlib.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "baseline_scan.h"
#include "fragment.h"

#define ADDRESS_MIN 4096u  /* Fewer would let the branch predictor learn the order. */
#define ADDRESS_MAX 65536u /* More would not fit the caches beside what is looked up. */
#define MISS_KINDS  3u

struct world world;

static struct world_point current; /* segments is 0 while there are none. */
static char *pages;
static bool started;
static bool fragmented;            /* The pages are world_fragment()'s, */
static unsigned int fragments_cnt; /* ... so many. */
static const void *vas[ADDRESS_MAX];
static rte_iova_t iovas[ADDRESS_MAX];

const char *world_pattern_name(enum world_pattern pattern)
{
	static const char *const names[] = {"sequential", "random", "one", "miss"};

	return names[pattern];
}

const char *world_page_name(size_t page_sz)
{
	return page_sz == 4096 ? "4KiB" : page_sz == 2u << 20 ? "2MiB" : "1GiB";
}

const char *world_start(void)
{
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};

	if (!started && rcumem_init(&opts))
		return rte_strerror(rte_errno);
	started = true;
	return NULL;
}

static void pages_drop(void)
{
	if (current.segments)
		rcumem_pages_free(pages, current.segments * current.page_sz);
	current.segments = 0;
	scan_reset();
}

void world_end(void)
{
	pages_drop();
	if (started)
		rcumem_fini();
	started = false;
	fragmented = false;
}

const char *world_fragment(unsigned int segments)
{
	const char *why;

	if (fragmented && fragments_cnt == segments)
		return NULL;
	world_end();
	why = world_start();
	if (!why)
		why = fragment_build(segments);
	if (why) {
		world_end();
		return why;
	}
	fragmented = true;
	fragments_cnt = segments;
	return NULL;
}

static int copy_list(const struct rte_memseg_list *list, void *arg)
{
	(void)arg;
	return scan_list_add(list->base_va, list->len, list->page_sz);
}

static int copy_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	(void)list;
	(*(unsigned int *)arg)++;
	/* Fault in: the first touch must not be in a measurement. */
	*(volatile char *)ms->addr;
	return scan_segment_add(ms);
}

/* Put the pages of `point` in use, and describe them to the baseline. */
static const char *pages_take(const struct world_point *point)
{
	unsigned int cnt = 0;

	pages_drop();
	pages = rcumem_pages_alloc(
		point->segments * point->page_sz, point->page_sz, SOCKET_ID_ANY, 0);
	if (!pages)
		return point->page_sz == 4096 ? "no memory" : "not enough free hugepages";
	current = *point;
	if (rte_memseg_list_walk(copy_list, NULL) || rte_memseg_walk(copy_segment, &cnt))
		return "the baseline has no room";
	if (cnt != point->segments)
		return "the walk did not see all segments";
	world.segments = cnt;
	world.bytes = (uint64_t)cnt * point->page_sz;
	return NULL;
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
	uintptr_t behind = (uintptr_t)pages;
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

static void addresses_hit(enum world_pattern pattern, uint64_t seed)
{
	for (uint32_t i = 0; i <= world.mask; i++) {
		uint64_t random = random_next(&seed);
		uint64_t page = i;

		if (pattern == WORLD_RANDOM)
			page = random >> 32;
		else if (pattern == WORLD_ONE)
			page = world.segments / 2;
		vas[i] = pages + page % world.segments * current.page_sz + random % current.page_sz;
		iovas[i] = rcumem_virt2iova(NULL, vas[i], NULL);
	}
}

const char *world_set(const struct world_point *point)
{
	const char *why;

	if (fragmented) /* Starting anew frees a million pages at once. */
		world_end();
	why = world_start();
	if (!why && (current.page_sz != point->page_sz || current.segments != point->segments))
		why = pages_take(point);
	if (why)
		return why;
	world.va = vas;
	world.iova = iovas;
	world.mask = (point->segments > ADDRESS_MIN ? point->segments : ADDRESS_MIN) - 1;
	if (point->pattern == WORLD_MISS)
		addresses_miss(point->segments);
	else
		addresses_hit(point->pattern, point->segments);
	return NULL;
}
