/* SPDX-License-Identifier: BSD-3-Clause */
/* Ranges of pages: records of those whose callbacks are being told, new pages that not all could be
 * told of, and which pages an address means. */

#include <errno.h>

#include "event_log.h"
#include "fbarray.h"
#include "fbarray_mask.h"
#include "hotplug.h"
#include "intent.h"
#include "log.h"
#include "point.h"

void hotplug_record_begin(struct region *region, uint32_t record, enum op_state state,
	uint32_t list, uint32_t first, uint32_t n)
{
	struct op_record *op = &region->ops[record];

	TEST_POINT("record.fill");
	op->list = list;
	op->first = first;
	op->n = n;
	/* Relaxed: left() takes it from a record that it finds complete. */
	rcu_store_relaxed(&op->event, event_log_next(region));
	rcu_store_relaxed(&op->owner, op_owner(region->owner_process, region->owner_tid));
	TEST_POINT("record.filled");
	/* Release pairs with hotplug_record(): a record in use is complete, also for who recovers.
	 */
	rcu_store_release(&op->state, state);
	TEST_POINT("record.begun");
}

void hotplug_record_done(struct region *region, uint32_t record)
{
	TEST_POINT("record.done");
	/* Release pairs with hotplug_record(): the owner is done with it. */
	rcu_store_release(&region->ops[record].state, OP_FREE_SLOT);
}

void hotplug_record_leave(struct region *region, uint32_t record)
{
	TEST_POINT("record.leave");
	/* Release pairs with left(): the owner is done with it. */
	rcu_store_release(&region->ops[record].owner, 0);
}

/*
 * Processes that listened to the event of a plug or began to since, and may
 * know the pages: they must be told that these go.
 */
static uint64_t who_knows(struct region *region, uint64_t event)
{
	uint64_t to = event_log_entry(region, event)->to;

	return event_log_listeners(region) & (event_log_cancel(region, event) | ~to);
}

void hotplug_take_back_steps(struct region *region, const struct intent *intent)
{
	const struct op_record *op = &region->ops[intent->record];
	uint64_t to = who_knows(region, intent->event);

	TEST_POINT("back.cancelled");
	if (to == 0 && hotplug_unpublish(region, intent->list, intent->first, intent->n,
			       intent->record, NULL) == 0)
		return; /* Its own intent took over. */
	/* A dead writer may have told them already. */
	if (op->state != OP_FREE_EVENTS || op->event >= event_log_next(region)) {
		hotplug_record_begin(region, intent->record, OP_FREE_EVENTS, intent->list,
			intent->first, intent->n);
		event_log_append(region, RTE_MEM_EVENT_FREE, op, to);
	}
	hotplug_record_leave(region, intent->record);
}

void hotplug_take_back(struct region *region, uint32_t record)
{
	const struct op_record op = region->ops[record];
	struct intent intent;

	if (!hotplug_record_sound(region, &op)) {
		log_message(LOG_ERROR, "the record of an operation is damaged");
		return;
	}
	region->intent.event = op.event;
	intent_begin(region, INTENT_TAKE_BACK, op.list, op.first, op.n, 0, record);
	intent = region->intent;
	hotplug_take_back_steps(region, &intent);
	intent_end(region);
}

void hotplug_abandon(struct region *region, uint64_t owner, unsigned int shift)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		struct op_record *op = &region->ops[i];
		/* Relaxed, both: its owner is gone, or waits for this thread; others' do not
		 * matter. */
		uint32_t state = rcu_load_relaxed(&op->state);
		uint64_t whose = rcu_load_relaxed(&op->owner);

		if ((state != OP_ALLOC_EVENTS && state != OP_FREE_EVENTS) ||
			whose >> shift != owner >> shift)
			continue;
		if (state == OP_ALLOC_EVENTS || op->event >= event_log_next(region))
			hotplug_record_done(region, i);
		else
			hotplug_record_leave(region, i);
		TEST_POINT("abandon.record");
	}
}

bool hotplug_range_sound(const struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	return list < region->n_internal && n > 0 && first < region->states[list].n_pages &&
	       n <= region->states[list].n_pages - first;
}

int hotplug_range(const struct region *region, uint64_t va, uint64_t len, struct page_range *range)
{
	const struct list_state *state;
	uint64_t page_sz;
	uint32_t list = 0;

	while (list < region->n_internal &&
		(va < region->states[list].base ||
			va - region->states[list].base >= region->lists[list].len))
		list++;
	if (list == region->n_internal || len == 0)
		return -EINVAL;
	state = &region->states[list];
	page_sz = 1ull << state->page_shift;
	if (va % page_sz || len % page_sz || len > region->lists[list].len - (va - state->base))
		return -EINVAL;
	range->list = list;
	range->first = (uint32_t)((va - state->base) >> state->page_shift);
	range->n = (uint32_t)(len >> state->page_shift);
	return 0;
}

/* How many pages of a range in a row, from its first on, are in use, or are not. */
static uint32_t in_a_row(
	const struct region *region, const struct page_range *range, uint64_t invert)
{
	const uint64_t *words = fbarray_mask_words(&region->lists[range->list].memseg_arr);
	/* No longer than the range: what is behind it may be a long run. */
	const struct fbmask mask = {words, range->first + range->n, invert};

	return fbmask_run(&mask, range->first);
}

int hotplug_in_use(const struct region *region, const struct page_range *range)
{
	return in_a_row(region, range, FBMASK_USED) < range->n ? -ENOENT : 0;
}

bool hotplug_unused(const struct region *region, const struct page_range *range)
{
	return in_a_row(region, range, FBMASK_FREE) >= range->n;
}
