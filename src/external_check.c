/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether writers can rely on the records of external lists.  Those of internal
 * ones never change, and a joiner has looked at them (region_parts.c); these come
 * and go, and whoever has damaged one must not lead anybody out of the region
 * (guarantee G7).  Readers look at less: external_list_sound().
 */

#include "external.h"
#include "external_lookup.h"
#include "fbarray.h"
#include "log.h"

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
	       msl->page_sz == 1ull << state->page_shift &&
	       arr->elt_sz == sizeof(struct rte_memseg) &&
	       region_holds(region, arr->data, fbarray_storage_size(arr->len, arr->elt_sz));
}

/* One that is of no kind is damaged, too. */
static bool state_sound(const struct region *region, uint32_t list)
{
	/* Acquire pairs with publish_list(): the rest is complete. */
	switch ((enum list_kind)rcu_load_acquire(&region->states[list].kind)) {
	case LIST_NONE:
		return true;
	case LIST_EXTERNAL:
		return record_sound(region, list);
	case LIST_DYING: /* Its storage may be gone. */
		return range_sound(&region->states[list]);
	default:
		return false;
	}
}

bool external_sound(const struct region *region)
{
	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		if (state_sound(region, i))
			continue;
		log_message(LOG_ERROR, "the record of external list %u is damaged", i);
		return false;
	}
	return true;
}
