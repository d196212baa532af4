/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers of address spaces: wait-free, no shared store.  The caller is in a
 * read section or an online QSBR reader, so what is published stays (INV-SPACE-2).
 */

#include "space.h"

const struct rcumem_map *rcumem_space_map(const struct rcumem_space *space)
{
	return space ? space_map(space) : NULL; /* Space 0 is no map of regions. */
}

void *rcumem_map_iova2virt(const struct rcumem_map *map, uint64_t iova, uint64_t *len)
{
	if (map == NULL) { /* What rcumem_space_map() says of space 0. */
		if (len)
			*len = 0;
		return NULL;
	}
	return space_map_iova2virt(map, iova, len);
}

void *rcumem_map_user(const struct rcumem_map *map)
{
	return map ? map->user : NULL;
}

unsigned int rcumem_map_count(const struct rcumem_map *map)
{
	return map ? map->cnt : 0;
}

void *space_iova2virt(const struct rcumem_space *space, uint64_t iova, uint64_t *len)
{
	return space_map_iova2virt(space_map(space), iova, len);
}

uint64_t space_virt2iova(const struct rcumem_space *space, const void *virt, uint64_t *len)
{
	return space_map_virt2iova(space_map(space), (uint64_t)(uintptr_t)virt, len);
}
