/* SPDX-License-Identifier: BSD-3-Clause */
/* Lookups by binary search: the slow half of space_map.h. */

#include "space_map.h"

const struct space_region *space_map_floor(const struct rcumem_map *map, uint64_t iova)
{
	uint32_t low = 0, high = map->cnt;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->regions[mid].iova <= iova)
			low = mid + 1;
		else
			high = mid;
	}
	return low ? &map->regions[low - 1] : NULL;
}

uint64_t space_map_virt2iova(const struct rcumem_map *map, uint64_t va, uint64_t *len)
{
	const struct space_region *region;
	uint32_t low = 0, high = map->cnt;
	uint64_t off;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;

		if (map->by_va[mid].va <= va)
			low = mid + 1;
		else
			high = mid;
	}
	region = low ? &map->regions[map->by_va[low - 1].region] : NULL;
	off = region ? va - region->va : 0;
	if (region == NULL || off > region->span) {
		if (len)
			*len = 0;
		return UINT64_MAX;
	}
	if (len && *len > region->span - off)
		*len = region->span - off + 1;
	return region->iova + off;
}
