/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a dead writer's successor can rely on what it finds.
 *
 * Recovery goes wherever the records lead it.  What another than a writer has
 * damaged would lead it out of the region (guarantee G7), so it looks first: at
 * the numbers, of which there are few; not at each page, block and node, which is
 * for the checker.
 */

#include "arena_table.h"
#include "fbarray.h"
#include "hotplug.h"
#include "intent.h"
#include "log.h"
#include "snapshot.h"

static bool records_sound(const struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];
		/* Acquire pairs with hotplug_record_begin(): the range is complete. */
		uint32_t state = rcu_load_acquire(&op->state);

		if (state > OP_QUARANTINE ||
			(state && !hotplug_range_sound(region, op->list, op->first, op->n)))
			return false;
	}
	return true;
}

static bool in_arena(const struct arena *arena, const void *va, uint64_t len)
{
	uint64_t off = (uint64_t)(uintptr_t)va - arena->base;

	return off < arena->len && len <= arena->len - off && off % sizeof(uint64_t) == 0;
}

/* External lists that are in use: their storage. */
static bool lists_sound(const struct region *region)
{
	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		const struct list_state *state = &region->states[i];
		const struct rte_fbarray *arr = &region->lists[i].memseg_arr;

		/* Acquire pairs with publish_list(): the rest is complete. */
		if (rcu_load_acquire(&state->kind) != LIST_EXTERNAL)
			continue;
		if (arr->len != state->n_pages || arr->elt_sz != sizeof(struct rte_memseg) ||
			!in_arena(region->arena, arr->data,
				fbarray_storage_size(arr->len, arr->elt_sz)) ||
			!in_arena(region->arena, state->pieces, state->n_pieces * sizeof(uint64_t)))
			return false;
	}
	return true;
}

static bool begun_sound(const struct region *region)
{
	const struct intent *intent = &region->intent;
	const struct op_record *op = &region->ops[intent->record % REGION_OPS];

	/* Acquire pairs with intent_begin(): the rest is complete. */
	switch ((enum intent_op)rcu_load_acquire(&intent->op)) {
	case INTENT_NONE:
		return true;
	case INTENT_REGISTER:
	case INTENT_UNREGISTER:
		return intent->list >= region->n_internal && intent->list < region->max_lists;
	case INTENT_RECLAIM:
		return intent->record < REGION_OPS &&
		       hotplug_range_sound(region, op->list, op->first, op->n);
	case INTENT_ALLOC:
	case INTENT_UNPUBLISH:
	case INTENT_TAKE_BACK:
		return intent->record < REGION_OPS &&
		       hotplug_range_sound(region, intent->list, intent->first, intent->n);
	}
	return false;
}

bool intent_sound(const struct region *region)
{
	const struct snapshot_pool *pool = region->snapshots;
	/* Relaxed: under the mutex. */
	uint64_t root = rcu_load_relaxed(&region->root) & SNAPSHOT_ALL;

	if (PLANTED(TRUSTED_INTENT))
		return true;
	return begun_sound(region) && records_sound(region) && lists_sound(region) &&
	       region->list_high <= region->max_lists && pool->next <= pool->max &&
	       root < pool->next;
}

#define GIVEN_UP UINT32_MAX /* In place of an operation. */

void intent_give_up(struct region *region)
{
	log_message(LOG_ERROR, "the control region is damaged: nothing can be changed any more");
	rcu_store_relaxed(&region->intent.op, GIVEN_UP); /* Relaxed: under the mutex. */
}

bool intent_given_up(const struct region *region)
{
	return rcu_load_relaxed(&region->intent.op) == GIVEN_UP; /* Relaxed: under the mutex. */
}
