/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a dead writer's successor can rely on what it finds.
 *
 * Recovery goes wherever the records lead it.  What another than a writer has
 * damaged would lead it out of the region (guarantee G7), so it looks first: at
 * the numbers, of which there are few, and at the blocks that repeating the
 * operation would follow; not at each page, block and node, which is for the
 * checker.
 */

#include "external.h"
#include "hotplug.h"
#include "intent.h"
#include "log.h"
#include "snapshot_edit.h"

static bool records_sound(const struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];
		/* Acquire pairs with hotplug_record_begin(): the range is complete. */
		uint32_t state = rcu_load_acquire(&op->state);

		if (state > OP_QUARANTINE || (state && !hotplug_record_sound(region, op)))
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
		return intent->list >= region->n_internal && intent->list < region->max_lists &&
		       snapshot_path_sound(region, intent->list, 0, 0);
	case INTENT_RECLAIM:
		return intent->record < REGION_OPS && hotplug_record_sound(region, op);
	case INTENT_ALLOC:
	case INTENT_UNPUBLISH:
	case INTENT_TAKE_BACK:
		return intent->record < REGION_OPS &&
		       hotplug_range_sound(region, intent->list, intent->first, intent->n) &&
		       snapshot_path_sound(region, intent->list, intent->first, intent->n);
	}
	return false;
}

bool intent_sound(const struct region *region)
{
	if (PLANTED(TRUSTED_INTENT))
		return true;
	return begun_sound(region) && records_sound(region) && external_sound(region) &&
	       region->list_high <= region->max_lists && snapshot_root_sound(region);
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
