/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether writers can rely on the records of external lists.  Those of internal
 * ones never change, and a joiner has looked at them (region_parts.c); these come
 * and go, and whoever has damaged one must not lead anybody out of the region
 * (guarantee G7).  Readers look at less: external_list_sound().
 */

#include "external_lookup.h"
#include "fbarray.h"

/* Its pages can be counted, and do not wrap around. */
static bool range_sound(const struct list_state *state)
{
	uint64_t len = (uint64_t)state->n_pages << state->page_shift % 64;

	return state->page_shift < 64 && len >> state->page_shift == state->n_pages &&
	       (len == 0 || state->base + (len - 1) >= state->base);
}

static bool record_sound(const struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	const struct rte_memseg_list *msl = &region->lists[list];
	const struct rte_fbarray *arr = &msl->memseg_arr;

	return range_sound(state) && external_list_sound(region, list) &&
	       msl->page_sz == 1ull << state->page_shift && arr->len == state->n_pages &&
	       arr->elt_sz == sizeof(struct rte_memseg) &&
	       region_holds(region, arr->data, fbarray_storage_size(arr->len, arr->elt_sz));
}

bool external_sound(const struct region *region)
{
	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		/* Acquire pairs with publish_list(): the rest is complete. */
		switch ((enum list_kind)rcu_load_acquire(&region->states[i].kind)) {
		case LIST_NONE:
			break;
		case LIST_EXTERNAL:
			if (!record_sound(region, i))
				return false;
			break;
		case LIST_DYING: /* Its storage may be gone. */
			if (!range_sound(&region->states[i]))
				return false;
			break;
		default:
			return false;
		}
	}
	return true;
}
