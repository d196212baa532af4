/* SPDX-License-Identifier: BSD-3-Clause */
/* From a shape to offsets. */

#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "arena_table.h"
#include "fbarray.h"
#include "os.h"
#include "pagemask.h"
#include "piece.h"
#include "region_layout.h"
#include "snapshot_edit.h"

#ifndef ARENA_LEN
#define ARENA_LEN                                                                                  \
	(16ull << 30) /* Smaller where looking at it takes long: tests/fuzz, tests/arm64. */
#endif
#define ARENA_NAMES 2048u /* fbarrays of users, beside one piece for each external list. */

#define PAGE_SHIFT_MIN 12
#define PAGE_SHIFT_MAX 34
#define VA_END         (1ull << 47)
#define READERS_MAX    (1u << 20)
#define NODES_MAX      (1u << 24)

#define WINDOW_PHYS_GIB 4096u /* IO addresses above are found from the root. */

static uint64_t align_up(uint64_t value, uint64_t align)
{
	return (value + align - 1) / align * align;
}

static uint64_t place(uint64_t *at, uint64_t len)
{
	uint64_t begin = align_up(*at, OS_PAGE);

	*at = begin + len;
	return begin;
}

static uint64_t list_len(const struct region_shape *shape, uint64_t page_sz)
{
	uint64_t len = shape->list_len      ? shape->list_len
		       : page_sz == OS_PAGE ? 16ull << 30
					    : 64ull << 30;

	return align_up(len, REGION_ALIGN);
}

/* The page sizes from large to small: contract section 6 has the larger first. */
static uint64_t largest(uint64_t sizes)
{
	return 1ull << (63 - __builtin_clzll(sizes));
}

/* Descriptors, used mask and taken mask of one list; the next begins at a page. */
static uint64_t slots_len(uint32_t n_pages)
{
	return align_up(fbarray_storage_size(n_pages, sizeof(struct rte_memseg)), RCU_CACHE_LINE);
}

static uint64_t view_len(uint32_t n_pages)
{
	return align_up(slots_len(n_pages) + pagemask_size(n_pages), OS_PAGE);
}

/* What is not of the numbers that follow is refused here, so that they can be computed. */
static int shape_check(const struct region_shape *shape)
{
	uint32_t seen = 0;
	uint64_t lists;

	if (shape->base % REGION_ALIGN || shape->base >= VA_END || shape->list_len > VA_END)
		return -EINVAL;
	if (shape->max_lists == 0 || shape->max_lists > REGION_LISTS_MAX ||
		shape->max_readers == 0 || shape->max_readers > READERS_MAX ||
		shape->max_nodes == 0 || shape->max_nodes > NODES_MAX)
		return -EINVAL;
	if (shape->page_sizes == 0 || shape->page_sizes >> (PAGE_SHIFT_MAX + 1) ||
		shape->page_sizes & ((1ull << PAGE_SHIFT_MIN) - 1))
		return -EINVAL;
	for (uint64_t sizes = shape->page_sizes; sizes; sizes &= sizes - 1) {
		uint64_t page_sz = sizes & -sizes;
		uint64_t n = list_len(shape, page_sz) / page_sz;

		if (n == 0 || n > INT_MAX) /* As many as an fbarray has elements. */
			return -EINVAL;
	}
	if (shape->n_sockets < 1 || shape->n_sockets > REGION_SOCKETS)
		return -EINVAL;
	for (int s = 0; s < shape->n_sockets; s++) {
		int socket = shape->sockets[s];

		if (socket < 0 || socket >= REGION_SOCKETS || seen & (1u << socket))
			return -EINVAL;
		seen |= 1u << socket;
	}
	lists = (uint64_t)__builtin_popcountll(shape->page_sizes) * (uint64_t)shape->n_sockets;
	return lists >= shape->max_lists ? -ENOSPC : 0;
}

static uint64_t place_shared(struct region_layout *layout, const struct region_shape *shape)
{
	uint64_t at = sizeof(struct region);

	layout->domain = place(&at, rcu_domain_size(shape->max_readers));
	layout->lists = place(&at, shape->max_lists * sizeof(struct rte_memseg_list));
	layout->states = place(&at, shape->max_lists * sizeof(struct list_state));
	for (int t = 0; t < 3; t++) {
		layout->trees[t] = place(&at, sizeof(struct rcu_radix));
		layout->windows[t] =
			place(&at, layout->window_cnts[t] * sizeof(struct rcu_radix_node));
		layout->nodes[t] = place(&at, shape->max_nodes * sizeof(struct rcu_radix_node));
	}
	layout->pool = place(&at, sizeof(struct snapshot_pool));
	layout->blocks = place(&at, layout->snapshot_max * sizeof(struct snapshot_block));
	layout->born = place(&at, layout->snapshot_max * sizeof(uint64_t));
	layout->free = place(&at, layout->snapshot_max * sizeof(uint32_t));
	layout->ring = place(&at, layout->snapshot_max * sizeof(struct snapshot_retired));
	layout->arena = place(&at, sizeof(struct arena));
	layout->arena_len = ARENA_LEN;
	layout->arena_max = shape->max_lists + ARENA_NAMES;
	layout->pieces = place(&at, layout->arena_max * sizeof(struct arena_piece));
	layout->arena_base = place(&at, ARENA_LEN);
	return at;
}

int region_layout_make(struct region_layout *layout, const struct region_shape *shape)
{
	uint64_t sockets = (uint64_t)shape->n_sockets;
	uint64_t leaves = 0, views = 0, lists = 0;
	int err = shape_check(shape);

	if (err)
		return err;
	*layout = (struct region_layout){
		.n_internal =
			(uint32_t)((uint64_t)__builtin_popcountll(shape->page_sizes) * sockets),
	};
	for (uint64_t sizes = shape->page_sizes; sizes; sizes &= sizes - 1) {
		uint64_t len = list_len(shape, sizes & -sizes);
		uint32_t n = (uint32_t)(len / (sizes & -sizes));

		leaves += sockets * (n / SNAPSHOT_LEAF_PAGES + 1);
		views += sockets * view_len(n);
		lists += sockets * len;
	}
	layout->snapshot_max = snapshot_pool_max(leaves);
	layout->window_cnts[0] = (uint32_t)(lists >> RCU_RADIX_TOP);
	layout->window_cnts[1] =
		layout->window_cnts[0] > WINDOW_PHYS_GIB ? layout->window_cnts[0] : WINDOW_PHYS_GIB;
	layout->views_begin = place_shared(layout, shape);
	layout->views_end = layout->views_begin + views;
	layout->len = align_up(layout->views_end, REGION_ALIGN);
	layout->span = layout->len + lists;
	return layout->span <= VA_END ? 0 : -EINVAL;
}

struct region_window region_window(
	const struct region *region, const struct region_layout *layout, int tree)
{
	if (tree == 1 && region->iova_mode == RTE_IOVA_PA)
		return (struct region_window){0, layout->window_cnts[1]};
	if (layout->window_cnts[tree] == 0)
		return (struct region_window){0, 0};
	return (struct region_window){region->base + layout->len, layout->window_cnts[0]};
}

struct region_layout_list region_layout_list(
	const struct region_layout *layout, const struct region_shape *shape, uint32_t list)
{
	uint64_t slots = layout->views_begin, base = layout->len;
	uint64_t sockets = (uint64_t)shape->n_sockets;
	uint64_t sizes = shape->page_sizes;

	for (; list >= sockets; list -= (uint32_t)sockets, sizes &= ~largest(sizes)) {
		uint64_t len = list_len(shape, largest(sizes));

		slots += sockets * view_len((uint32_t)(len / largest(sizes)));
		base += sockets * len;
	}
	uint64_t page_sz = largest(sizes), len = list_len(shape, page_sz);
	uint32_t n_pages = (uint32_t)(len / page_sz);

	slots += list * view_len(n_pages);
	return (struct region_layout_list){
		.page_sz = page_sz,
		.len = len,
		.base = base + list * len,
		.slots = slots,
		.taken = slots + slots_len(n_pages),
		.n_pages = n_pages,
		.socket = shape->sockets[list],
	};
}

uint32_t region_fingerprint(void)
{
	const size_t sizes[] = {sizeof(struct region), sizeof(struct list_state),
		sizeof(struct rte_memseg_list), sizeof(struct rte_memseg), sizeof(struct piece),
		sizeof(struct rcu_domain), sizeof(struct rcu_reader), sizeof(struct rcu_radix),
		sizeof(struct snapshot_pool), sizeof(struct snapshot_block),
		sizeof(struct snapshot_entry), sizeof(struct snapshot_retired),
		sizeof(struct arena), sizeof(struct arena_piece), sizeof(struct op_record),
		sizeof(struct intent), sizeof(struct region_process), sizeof(struct region_event),
		sizeof(struct region_shape), sizeof(pthread_mutex_t), offsetof(struct region, root),
		offsetof(struct region, intent), offsetof(struct region, stats),
		offsetof(struct region, events), sizeof(struct event_log),
		offsetof(struct region, pins), sizeof(struct pin_record), ARENA_LEN >> 30,
		ARENA_NAMES};
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		hash = (hash ^ (uint32_t)sizes[i]) * 16777619u;
	return hash;
}
