/* SPDX-License-Identifier: BSD-3-Clause */
/* The immutable members of a region's parts, and its internal lists. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena_table.h"
#include "fbarray.h"
#include "log.h"
#include "region_parts.h"
#include "snapshot.h"

static const void *part(const struct region *region, uint64_t off)
{
	return (const char *)region + off;
}

/* True when a pointer of the region's leads to this offset. */
static bool leads_to(const struct region *region, const void *pointer, uint64_t off)
{
	return (uint64_t)(uintptr_t)pointer == region->base + off;
}

const char *region_pool_fault(const struct region *region, const struct region_layout *layout)
{
	const struct snapshot_pool *pool = part(region, layout->pool);

	return leads_to(region, pool->blocks, layout->blocks) &&
			       leads_to(region, pool->born, layout->born) &&
			       leads_to(region, pool->free, layout->free) &&
			       leads_to(region, pool->ring, layout->ring) &&
			       pool->max == layout->snapshot_max
		       ? NULL
		       : "snapshots: the pool is not where it belongs";
}

const char *region_arena_fault(const struct region *region, const struct region_layout *layout)
{
	const struct arena *arena = part(region, layout->arena);

	return arena->base == region->base + layout->arena_base &&
			       arena->len == layout->arena_len && arena->max == layout->arena_max &&
			       leads_to(region, arena->pieces, layout->pieces)
		       ? NULL
		       : "arena: it is not where it belongs";
}

const char *region_index_fault(const struct region *region, const struct region_layout *layout)
{
	for (int t = 0; t < 3; t++) {
		const struct rcu_radix *tree = part(region, layout->trees[t]);

		if (!leads_to(region, tree->pool, layout->nodes[t]) ||
			tree->node_max != region->shape.max_nodes ||
			!leads_to(region, tree->window, layout->windows[t]) ||
			tree->window_cnt != layout->window_cnts[t] ||
			tree->window_first != region_window_first(region, layout, t))
			return "index: its nodes are not where they belong";
	}
	return NULL;
}

const char *region_readers_fault(const struct region *region, const struct region_layout *layout)
{
	const struct rcu_domain *domain = part(region, layout->domain);

	return domain->reader_max == region->shape.max_readers ? NULL
							       : "readers: there are not that many";
}

bool region_array_sound(const struct rte_fbarray *arr, uint32_t len, uint64_t data)
{
	return memchr(arr->name, 0, sizeof(arr->name)) && arr->len == len &&
	       arr->elt_sz == sizeof(struct rte_memseg) && (uint64_t)(uintptr_t)arr->data == data;
}

static bool state_sound(const struct region *region, const struct list_state *state,
	const struct region_layout_list *at)
{
	return state->kind == LIST_INTERNAL && state->page_shift < 64 &&
	       1ull << state->page_shift == at->page_sz && state->n_pages == at->n_pages &&
	       state->socket == at->socket && state->base == region->base + at->base &&
	       leads_to(region, state->taken, at->taken);
}

const char *region_list_fault(
	const struct region *region, const struct region_layout *layout, uint32_t list)
{
	const struct region_layout_list at = region_layout_list(layout, &region->shape, list);
	const struct rte_memseg_list *msl =
		(const struct rte_memseg_list *)part(region, layout->lists) + list;
	char name[RTE_FBARRAY_NAME_LEN];

	if (!state_sound(
		    region, (const struct list_state *)part(region, layout->states) + list, &at))
		return "its state is not that of the layout";
	if (msl->addr_64 != region->base + at.base || msl->page_sz != at.page_sz ||
		msl->len != at.len || msl->socket_id != at.socket || msl->external ||
		msl->heap != 1)
		return "its record is not that of the layout";
	snprintf(name, sizeof(name), "memseg-%lluk-%d-0", (unsigned long long)at.page_sz >> 10,
		at.socket);
	if (!region_array_sound(&msl->memseg_arr, at.n_pages, region->base + at.slots) ||
		strcmp(msl->memseg_arr.name, name))
		return "its array is not that of the layout";
	if (!fbarray_storage_sound(part(region, at.slots), at.n_pages, sizeof(struct rte_memseg)))
		return "the header of its array is damaged";
	return NULL;
}

int region_check_parts(const struct region *region, const struct region_layout *layout)
{
	const char *fault = region_pool_fault(region, layout);
	uint32_t list = 0;

	if (!fault)
		fault = region_arena_fault(region, layout);
	if (!fault)
		fault = region_index_fault(region, layout);
	if (!fault)
		fault = region_readers_fault(region, layout);
	for (; !fault && list < layout->n_internal; list++)
		fault = region_list_fault(region, layout, list);
	if (fault)
		log_message(
			LOG_ERROR, "control region refused: %s%s", list ? "a list: " : "", fault);
	return fault ? -EBADMSG : 0;
}
