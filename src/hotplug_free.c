/* SPDX-License-Identifier: BSD-3-Clause */
/* Unplugging pages in two halves: unpublish, and after a grace period reclaim. */

#include <errno.h>

#include "event_log.h"
#include "hotplug.h"
#include "index.h"
#include "intent.h"
#include "log.h"
#include "os.h"
#include "pagemask.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"

/* Take pages out of the IOVA index, as few ranges as their IO addresses allow. */
static void clear_iovas(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	uint64_t page_sz = 1ull << region->states[list].page_shift;
	uint64_t begin = 0, len = 0;

	for (uint32_t page = first; page < first + n; page++) {
		uint64_t iova = rcu_load_relaxed(
			&segment_mirror(region, list, page)->iova); /* Relaxed: under the mutex. */

		if (len && iova == begin + len) {
			len += page_sz;
			continue;
		}
		if (len)
			index_iova_clear(region, begin, len);
		begin = iova;
		/* 0: recovery meets a page that was not described yet. */
		len = iova == RTE_BAD_IOVA || iova == 0 ? 0 : page_sz;
	}
	if (len)
		index_iova_clear(region, begin, len);
}

void hotplug_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	clear_iovas(region, list, first, n);
	segment_withdraw(region, list, first, n);
}

void hotplug_quarantine(struct region *region, uint32_t record, uint32_t list, uint32_t first,
	uint32_t n, uint64_t ticket)
{
	struct op_record *op = &region->ops[record];

	TEST_POINT("quarantine.fill");
	op->list = list;
	op->first = first;
	op->n = n;
	op->ticket = ticket;
	TEST_POINT("quarantine.filled");
	/* Release pairs with left() and hotplug_record(): the record is complete. */
	rcu_store_release(&op->state, OP_QUARANTINE);
}

int hotplug_unpublish(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	uint32_t record, struct rcu_culprit *culprit)
{
	const struct list_state *state = &region->states[list];
	struct rte_memseg_list *msl = &region->lists[list];
	uint64_t len = (uint64_t)n << state->page_shift;
	struct snapshot_edit edit;
	uint64_t ticket;
	int err = snapshot_reserve(region, snapshot_cost(n), culprit);

	if (err)
		return err;
	snapshot_begin(&edit, region);
	intent_begin(region, INTENT_UNPUBLISH, list, first, n, edit.seq, record);
	hotplug_withdraw(region, list, first, n);
	TEST_POINT("unpublish.withdrawn");
	snapshot_set_pages(&edit, list, first, n, false);
	TEST_POINT("unpublish.edited");
	ticket = snapshot_publish(&edit);
	TEST_POINT("unpublish.published");
	hotplug_quarantine(region, record, list, first, n, ticket);
	TEST_POINT("unpublish.recorded");
	/* Relaxed, all of these: figures. */
	rcu_store_relaxed(&msl->version, msl->version + n);
	rcu_store_relaxed(
		&region->socket_bytes[state->socket], region->socket_bytes[state->socket] - len);
	rcu_store_relaxed(&region->stats.bytes, region->stats.bytes - len);
	rcu_store_relaxed(&region->stats.segments, region->stats.segments - n);
	rcu_store_relaxed(&region->stats.quarantined_bytes, region->stats.quarantined_bytes + len);
	TEST_POINT("unpublish.counted");
	rcu_store_relaxed(&region->stats.frees, region->stats.frees + 1);
	intent_end(region);
	return 0;
}

void hotplug_reclaim_steps(struct region *region, const struct op_record *op)
{
	const struct list_state *state = &region->states[op->list];
	int err;

	for (uint32_t page = op->first; page < op->first + op->n; page++) {
		TEST_POINT("reclaim.page");
		segment_clear(region, op->list, page);
	}
	TEST_POINT("reclaim.cleared");
	err = os_pages_unplug(runtime.list_fds[op->list], (uint64_t)op->first << state->page_shift,
		(uint64_t)op->n << state->page_shift);
	if (err) /* The pages stay with the file until the range is plugged again, which punches
		    first. */
		log_message(LOG_ERROR, "cannot punch a hole: error %d", -err);
	TEST_POINT("reclaim.punched");
	pagemask_set(state->taken, state->n_pages, op->first, op->n, false);
}

void hotplug_reclaim(struct region *region, uint32_t record)
{
	struct op_record *op = &region->ops[record];
	uint64_t len = (uint64_t)op->n << region->states[op->list].page_shift;

	intent_begin(region, INTENT_RECLAIM, op->list, op->first, op->n, 0, record);
	hotplug_reclaim_steps(region, op);
	TEST_POINT("reclaim.given_back");
	/* Relaxed: a figure. */
	rcu_store_relaxed(&region->stats.quarantined_bytes, region->stats.quarantined_bytes - len);
	TEST_POINT("reclaim.counted");
	op->state = OP_FREE_SLOT;
	intent_end(region); /* The record is read again by a successor until here. */
}

bool hotplug_busy(const struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];

		/* Relaxed: another thread's record that ends meanwhile may count or not. */
		if (rcu_load_relaxed(&op->state) != OP_FREE_SLOT && op->list == list &&
			op->first < (uint64_t)first + n && first < (uint64_t)op->first + op->n)
			return true;
	}
	return false;
}

uint64_t hotplug_oldest_ticket(const struct region *region)
{
	uint64_t oldest = snapshot_oldest_ticket(region);

	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];

		if (op->state == OP_QUARANTINE && (oldest == 0 || op->ticket < oldest))
			oldest = op->ticket;
	}
	return oldest;
}

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
		/* Relaxed: its owner is gone, or waits for this thread. */
		uint32_t state = rcu_load_relaxed(&op->state);

		if ((state != OP_ALLOC_EVENTS && state != OP_FREE_EVENTS) ||
			op->owner >> shift != owner >> shift)
			continue;
		if (state == OP_ALLOC_EVENTS || op->event >= event_log_next(region))
			hotplug_record_done(region, i);
		else
			hotplug_record_leave(region, i);
		TEST_POINT("abandon.record");
	}
}

/* A free that was left to whoever comes, with all told of it. */
static bool left(struct region *region, const struct op_record *op)
{
	/* Acquire pairs with hotplug_record_begin() and hotplug_record_leave(). */
	return rcu_load_acquire(&op->state) == OP_FREE_EVENTS &&
	       rcu_load_acquire(&op->owner) == 0 &&
	       /* Relaxed: a record that changes meanwhile is asked about again, with the mutex. */
	       event_log_pending(region, rcu_load_relaxed(&op->event)) == 0;
}

/* Callbacks are being told of the range. */
static bool telling(const struct op_record *op)
{
	/* Acquire pairs with hotplug_record_begin(). */
	uint32_t state = rcu_load_acquire(&op->state);

	return state == OP_ALLOC_EVENTS || state == OP_FREE_EVENTS;
}

/* Such a range waits for a process that has died: who is to be told, or who sees to it. */
static bool orphaned(const struct region *region, const struct op_record *op)
{
	/* Relaxed: asked again later, or under the mutex. */
	uint64_t owner = rcu_load_relaxed(&op->owner) >> 32;

	return telling(op) &&
	       ((owner && process_is_dead(region, (uint32_t)owner - 1)) ||
		       process_among_dead(region, event_log_pending(region, op->event)));
}

bool hotplug_telling(const struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++)
		if (telling(&region->ops[i]))
			return true;
	return false;
}

bool hotplug_unsettled(struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++)
		if (left(region, &region->ops[i]) || orphaned(region, &region->ops[i]))
			return true;
	return false;
}

/* Where readers hold the snapshots that it takes, the next writer tries again. */
static void unpublish_left(struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		struct op_record op;

		if (orphaned(region, &region->ops[i]))
			process_reap_dead(region);
		op = region->ops[i];
		if (left(region, &region->ops[i]))
			hotplug_unpublish(region, op.list, op.first, op.n, i, NULL);
	}
}

/* What readers have passed, the dead not counted. */
static uint64_t passed(struct region *region)
{
	struct rcu_culprit culprit = {.owner = REGION_PROCESSES};
	uint64_t oldest = rcu_oldest(region->domain, RCU_EVERYBODY, &culprit);

	if (!process_is_dead(region, culprit.owner))
		return oldest;
	process_reap_dead(region);
	return rcu_oldest(region->domain, RCU_EVERYBODY, NULL);
}

void hotplug_reclaim_passed(struct region *region)
{
	uint64_t oldest = 0;

	unpublish_left(region);
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		if (region->ops[i].state != OP_QUARANTINE)
			continue;
		if (oldest == 0)
			oldest = passed(region);
		if (region->ops[i].ticket <= oldest)
			hotplug_reclaim(region, i);
	}
}
