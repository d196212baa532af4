/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Building a map: one allocation holds the tree, the regions in both orders,
 * and the nodes.  What is not touched (most of the 2 MiB root table, room to
 * grow) is never backed by memory.  Invariants: space_map.h.
 */

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "os.h"
#include "space_map.h"
#include "space_tree.h"

/* ---- By virtual address ---- */

static int va_compare(const void *a, const void *b)
{
	const struct space_va *x = a, *y = b;

	return x->va < y->va ? -1 : x->va > y->va;
}

static void map_fill_by_va(struct rcumem_map *map)
{
	int sorted = 1;

	for (uint32_t i = 0; i < map->cnt; i++) {
		map->by_va[i] = (struct space_va){.va = map->regions[i].va, .region = i};
		if (i && map->by_va[i - 1].va > map->by_va[i].va)
			sorted = 0;
	}
	if (!sorted)
		qsort(map->by_va, map->cnt, sizeof(map->by_va[0]), va_compare);
	/* Regions may share virtual memory: let the one that reaches furthest stand for all that
	 * begin before it, so that a search needs one look. */
	for (uint32_t i = 1; i < map->cnt; i++) {
		const struct space_region *before = &map->regions[map->by_va[i - 1].region];
		const struct space_region *here = &map->regions[map->by_va[i].region];

		if (before->va + before->span > here->va + here->span)
			map->by_va[i].region = map->by_va[i - 1].region;
	}
}

/* ---- Memory ---- */

/* `least` times a power of two. */
static uint64_t room_for(uint64_t value, uint64_t least)
{
	while (least < value)
		least *= 2;
	return least;
}

/* Address space costs nothing: with room to grow, the map can be used again for a larger set. */
static struct rcumem_map *map_alloc(uint64_t cnt, uint64_t nodes)
{
	uint64_t region_max = room_for(cnt, 64), node_max = room_for(nodes, 64);
	size_t by_va = sizeof(struct rcumem_map) + region_max * sizeof(struct space_region);
	size_t pool = (by_va + region_max * sizeof(struct space_va) + OS_PAGE - 1) & -OS_PAGE;
	size_t len = pool + node_max * sizeof(struct rcu_radix_node);
	struct rcumem_map *map = os_map_anonymous(len);

	if (map == NULL)
		return NULL;
	map->by_va = (struct space_va *)((char *)map + by_va);
	map->len = len;
	map->region_max = (uint32_t)region_max;
	rcu_radix_init(
		&map->tree, (struct rcu_radix_node *)((char *)map + pool), (uint32_t)node_max);
	return map;
}

/* The memory of the spare when it is large enough, else new memory. */
static struct rcumem_map *map_take(struct rcumem_map **spare, uint64_t cnt, uint64_t nodes)
{
	struct rcumem_map *map = spare ? *spare : NULL;

	if (map == NULL || map->region_max < cnt || map->tree.node_max < nodes)
		return map_alloc(cnt, nodes);
	*spare = NULL;
	space_tree_clear(&map->tree, map->regions, map->cnt);
	return map;
}

struct rcumem_map *space_map_build(
	const struct space_region *regions, uint32_t cnt, void *user, struct rcumem_map **spare)
{
	uint32_t nodes = (uint32_t)space_tree_node_cnt(regions, cnt);
	struct rcumem_map *map = map_take(spare, cnt, nodes);

	if (map == NULL)
		return NULL;
	map->user = user;
	map->cnt = cnt;
	if (cnt)
		memcpy(map->regions, regions, cnt * sizeof(regions[0]));
	map_fill_by_va(map);
	if (nodes > map->node_dirty) /* They will all be written: one call, not a fault each. */
		os_fill(&map->tree.pool[map->node_dirty],
			(nodes - map->node_dirty) * sizeof(struct rcu_radix_node), OS_PAGE);
	for (uint32_t i = 0; i < cnt; i++)
		space_tree_add(&map->tree, map->node_dirty, &map->regions[i]);
	assert(map->tree.node_cnt == nodes);
	if (nodes > map->node_dirty)
		map->node_dirty = nodes;
	return map;
}

void space_map_free(struct rcumem_map *map)
{
	if (map)
		os_unmap(map, map->len);
}
