/* SPDX-License-Identifier: BSD-3-Clause */
/* A table with the structure of SPDK's mem_map; see baseline_table.h. */
#include "baseline_table.h"

#include <stdlib.h>

#define ROOT_LEN  (1u << 18)
#define NODE_LEN  512u
#define LOW_BITS  48
#define TOP_SHIFT 30
#define MID_SHIFT 21
#define MIN_SHIFT 12

/* The words of a 2 MiB range: itself, or its pages of 4 KiB. */
struct spdk_mid {
	uint64_t value;
	uint64_t *pages; /* NODE_LEN values, or NULL. */
};

/* One map: from an address to a value that is not 0. */
struct spdk_map {
	struct spdk_mid *root[ROOT_LEN]; /* NODE_LEN words each, or NULL. */
};

static struct spdk_map by_virt; /* Values are segments. */
static struct spdk_map by_iova; /* Values are virtual minus IO address, plus 1. */

static void map_reset(struct spdk_map *map)
{
	for (unsigned int i = 0; i < ROOT_LEN; i++) {
		for (unsigned int j = 0; map->root[i] && j < NODE_LEN; j++)
			free(map->root[i][j].pages);
		free(map->root[i]);
		map->root[i] = NULL;
	}
}

void spdk_reset(void)
{
	map_reset(&by_virt);
	map_reset(&by_iova);
}

static inline uint64_t map_translate(const struct spdk_map *map, uint64_t addr)
{
	const struct spdk_mid *mid;

	if (__builtin_expect(addr >> LOW_BITS != 0, 0))
		return 0;
	mid = map->root[addr >> TOP_SHIFT];
	if (__builtin_expect(!mid, 0))
		return 0;
	mid += (addr >> MID_SHIFT) % NODE_LEN;
	return mid->pages ? mid->pages[(addr >> MIN_SHIFT) % NODE_LEN] : mid->value;
}

/* The word of a 2 MiB range, made if need be. */
static struct spdk_mid *map_mid(struct spdk_map *map, uint64_t addr)
{
	struct spdk_mid **root = &map->root[addr >> TOP_SHIFT];

	if (!*root)
		*root = calloc(NODE_LEN, sizeof(**root));
	return *root ? *root + (addr >> MID_SHIFT) % NODE_LEN : NULL;
}

static int map_add(struct spdk_map *map, uint64_t addr, uint64_t len, uint64_t value)
{
	struct spdk_mid *mid;

	if (len >> MID_SHIFT) {
		for (uint64_t off = 0; off < len; off += 1u << MID_SHIFT) {
			mid = map_mid(map, addr + off);
			if (!mid)
				return -1;
			mid->value = value;
		}
		return 0;
	}
	mid = map_mid(map, addr);
	if (len != 1u << MIN_SHIFT || !mid)
		return -1;
	if (!mid->pages)
		mid->pages = calloc(NODE_LEN, sizeof(*mid->pages));
	if (!mid->pages)
		return -1;
	mid->pages[(addr >> MIN_SHIFT) % NODE_LEN] = value;
	return 0;
}

int spdk_segment_add(const struct rte_memseg *segment)
{
	uint64_t delta = segment->addr_64 - segment->iova;

	if (map_add(&by_virt, segment->addr_64, segment->len, (uintptr_t)segment))
		return -1;
	return map_add(&by_iova, segment->iova, segment->len, delta + 1);
}

const struct rte_memseg *spdk_virt2memseg(const void *virt)
{
	return (const struct rte_memseg *)(uintptr_t)map_translate(&by_virt, (uintptr_t)virt);
}

void *spdk_iova2virt(rte_iova_t iova)
{
	uint64_t value = map_translate(&by_iova, iova);

	return value ? (void *)(uintptr_t)(iova + value - 1) : NULL;
}
