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

/* Call for as few ranges as the IO addresses of pages allow, until one fails. */
static int each_iovas(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	int (*fn)(struct region *region, uint64_t iova, uint64_t len, unsigned int page_shift))
{
	unsigned int shift = region->states[list].page_shift;
	uint64_t begin = 0, len = 0;
	int err = 0;

	for (uint32_t page = first; page < first + n && !err; page++) {
		uint64_t iova = rcu_load_relaxed(
			&segment_mirror(region, list, page)->iova); /* Relaxed: under the mutex. */

		if (len && iova == begin + len) {
			len += 1ull << shift;
			continue;
		}
		if (len)
			err = fn(region, begin, len, shift);
		begin = iova;
		/* 0: recovery meets a page that was not described yet. */
		len = iova == RTE_BAD_IOVA || iova == 0 ? 0 : 1ull << shift;
	}
	return len && !err ? fn(region, begin, len, shift) : err;
}

/* What recovery meets and cannot reserve was not reserved by the dead one, and is not there. */
static int clear_iovas(struct region *region, uint64_t iova, uint64_t len, unsigned int page_shift)
{
	if (index_iova_reserve(region, iova, len, page_shift) == 0)
		index_iova_clear(region, iova, len);
	return 0;
}

int hotplug_reserve_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	for (uint32_t page = first; page < first + n; page++) {
		uint64_t iova;

		/* The IO address of another page would be taken out. */
		if (!segment_iova(region, list, page, &iova) && iova != RTE_BAD_IOVA) {
			log_message(LOG_ERROR, "the descriptor of a page is damaged");
			return -ENOTRECOVERABLE;
		}
	}
	return each_iovas(region, list, first, n, index_iova_reserve);
}

void hotplug_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	each_iovas(region, list, first, n, clear_iovas);
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
	int err = snapshot_prepare(region, list, first, n, culprit);

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
	if (PLANTED(EARLY_PUNCH))
		os_pages_unplug(runtime.list_fds[list], (uint64_t)first << state->page_shift, len);
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

/* With the mutex: the pages of a record exist, and all are in use, or none is. */
static bool is_of_pages(const struct region *region, const struct op_record *op, bool used)
{
	const struct page_range range = {op->list, op->first, op->n};

	return hotplug_record_sound(region, op) &&
	       (used ? hotplug_in_use(region, &range) == 0 : hotplug_unused(region, &range));
}

void hotplug_reclaim(struct region *region, uint32_t record)
{
	struct op_record *op = &region->ops[record];
	uint64_t len;

	/* What somebody has damaged would take pages in use. */
	if (!is_of_pages(region, op, false)) {
		log_message(LOG_ERROR, "the record of an operation is damaged");
		return;
	}
	len = (uint64_t)op->n << region->states[op->list].page_shift;
	intent_begin(region, INTENT_RECLAIM, op->list, op->first, op->n, 0, record);
	hotplug_reclaim_steps(region, op);
	TEST_POINT("reclaim.given_back");
	/* Relaxed: a figure. */
	rcu_store_relaxed(&region->stats.quarantined_bytes, region->stats.quarantined_bytes - len);
	TEST_POINT("reclaim.counted");
	rcu_store_relaxed(&op->state, OP_FREE_SLOT); /* Relaxed: the mutex orders its next use. */
	intent_end(region); /* The record is read again by a successor until here. */
}

static bool touches(const struct op_record *op, const struct page_range *range)
{
	return op->list == range->list && op->first < (uint64_t)range->first + range->n &&
	       range->first < (uint64_t)op->first + op->n;
}

bool hotplug_busy(const struct region *region, const struct page_range *range)
{
	for (uint32_t i = 0; i < REGION_OPS; i++)
		/* Relaxed: another thread's record that ends meanwhile may count or not. */
		if (rcu_load_relaxed(&region->ops[i].state) != OP_FREE_SLOT &&
			touches(&region->ops[i], range))
			return true;
	return false;
}

bool hotplug_leaving(const struct region *region, const struct page_range *range)
{
	for (uint32_t i = 0; i < REGION_OPS; i++)
		/* Relaxed: such a record ends under the mutex. */
		if (rcu_load_relaxed(&region->ops[i].state) == OP_FREE_EVENTS &&
			touches(&region->ops[i], range))
			return true;
	return false;
}

uint64_t hotplug_oldest_ticket(const struct region *region)
{
	uint64_t oldest = snapshot_oldest_ticket(region);

	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];

		/* Relaxed: quarantines begin and end under the mutex. */
		if (rcu_load_relaxed(&op->state) == OP_QUARANTINE &&
			(oldest == 0 || op->ticket < oldest))
			oldest = op->ticket;
	}
	return oldest;
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

/* Processes that such a range waits for: who sees to it, or who is to be told. */
static uint64_t awaited(const struct region *region, const struct op_record *op)
{
	/* Relaxed: asked again later, or under the mutex. */
	uint64_t owner = rcu_load_relaxed(&op->owner);
	uint32_t process = (uint32_t)(owner >> 32) - 1;

	if (!telling(op))
		return 0;
	if (owner)
		return process < REGION_PROCESSES ? 1ull << process : 0;
	return event_log_pending(region, rcu_load_relaxed(&op->event)); /* Relaxed: as above. */
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
		if (left(region, &region->ops[i]) ||
			process_among_dead(region, awaited(region, &region->ops[i])))
			return true;
	return false;
}

/* Where readers hold the snapshots that it takes, the next writer tries again.  A record that is
 * damaged stays, and is told of by the checker. */
static uint64_t unpublish_left(struct region *region)
{
	uint64_t slots = 0;

	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];

		if (left(region, op) && is_of_pages(region, op, true))
			hotplug_unpublish(region, op->list, op->first, op->n, i, NULL);
		else
			slots |= awaited(region, op);
	}
	return slots;
}

/* Go on with what can: the processes that hold up the rest. */
static uint64_t reclaim_passed(struct region *region)
{
	struct rcu_culprit culprit = {.owner = REGION_PROCESSES};
	uint64_t slots = unpublish_left(region);
	uint64_t oldest = 0;

	for (uint32_t i = 0; i < REGION_OPS; i++) {
		/* Relaxed: quarantines begin and end under the mutex. */
		if (rcu_load_relaxed(&region->ops[i].state) != OP_QUARANTINE)
			continue;
		if (oldest == 0)
			oldest = rcu_oldest(region->domain, RCU_EVERYBODY, &culprit);
		if (region->ops[i].ticket <= oldest)
			hotplug_reclaim(region, i);
		else if (culprit.owner < REGION_PROCESSES)
			slots |= 1ull << culprit.owner;
	}
	return slots;
}

void hotplug_reclaim_passed(struct region *region)
{
	uint64_t slots = reclaim_passed(region);

	/* The dead do so for ever. */
	if (slots && process_reap_found(region, slots))
		reclaim_passed(region);
}
