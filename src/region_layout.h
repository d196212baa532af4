/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGION_LAYOUT_H
#define REGION_LAYOUT_H

/*
 * Where the parts of a control region stand, computed from its shape alone: by
 * who creates it, and again by who doubts it.
 *
 * INV-LAYOUT-1  A layout that was made cannot overflow: the region and its lists
 *               end below 2^47 when its base is 0, and every number of items
 *               fits its type.
 */

#include "region.h"

/* Offsets from the region's first byte. */
struct region_layout {
	uint64_t domain;
	uint64_t lists;
	uint64_t states;
	uint64_t trees[3]; /* By virtual address, by IO address, external. */
	uint64_t nodes[3];
	uint64_t windows[3]; /* Nodes. */
	uint32_t window_cnts[3];
	uint64_t pool, blocks, born, free, ring;
	uint64_t arena, pieces, arena_base;
	uint64_t views_begin, views_end;
	uint64_t len;  /* Of the region. */
	uint64_t span; /* Of the region and the lists behind it. */
	uint64_t arena_len;
	uint32_t arena_max;
	uint32_t snapshot_max;
	uint32_t n_internal;
};

/* An internal list. */
struct region_layout_list {
	uint64_t page_sz;
	uint64_t len;
	uint64_t base;  /* Offset of its first page. */
	uint64_t slots; /* Offset of its descriptors and used mask. */
	uint64_t taken; /* Offset of its mask of taken pages. */
	uint32_t n_pages;
	int socket;
};

/* 0, -EINVAL (a number out of range) or -ENOSPC (no list is left for external memory). */
int region_layout_make(struct region_layout *layout, const struct region_shape *shape);

/* First key of a tree's window: that of the lists, or 0 for physical addresses. */
uint64_t region_window_first(
	const struct region *region, const struct region_layout *layout, int tree);

/* The internal list of this number, which is below `n_internal`. */
struct region_layout_list region_layout_list(
	const struct region_layout *layout, const struct region_shape *shape, uint32_t list);

#endif /* REGION_LAYOUT_H */
