/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem_pages_free(): tell the callbacks, unpublish, wait for readers, reclaim.
 */

#include <errno.h>

#include <rcumem.h>

#include "api.h"
#include "event_log.h"
#include "events.h"
#include "hotplug.h"
#include "index.h"
#include "pin.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "writer.h"

/* Every page in use, none flagged, none in another operation, none pinned. */
static int check_pages(struct region *region, const struct page_range *range)
{
	int err = hotplug_in_use(region, range);

	for (uint32_t page = range->first; !err && page < range->first + range->n; page++)
		/* Relaxed: under the mutex. */
		if (rcu_load_relaxed(&segment_mirror(region, range->list, page)->flags) &
			RTE_MEMSEG_FLAG_DO_NOT_FREE)
			err = -EBUSY;
	if (!err && hotplug_busy(region, range))
		err = -EBUSY;
	return err ? err : pin_check(region, range);
}

/* With the mutex: check, and choose a record for the range. */
static int claim(struct region *region, const struct page_range *range)
{
	int err, record;

	hotplug_reclaim_passed(region); /* First: the range may have been of one who has died. */
	err = check_pages(region, range);
	if (!err)
		err = hotplug_reserve_withdraw(region, range->list, range->first, range->n);
	if (err)
		return err;
	record = hotplug_record(region);
	/* Before anybody is told: what could fail later fails here. */
	err = record < 0 ? -EAGAIN : event_log_room(region);
	if (!err)
		err = snapshot_prepare(region, range->list, range->first, range->n, NULL);
	if (err)
		return err;
	TEST_POINT("free.claimed");
	return record;
}

/*
 * With the mutex: append the event for all that listen, and tell them without
 * it; the record keeps the range ours.  0 with the mutex owned again; or
 * -EINPROGRESS without it: whoever comes goes on when all have been told.
 */
static int tell(struct region *region, const struct page_range *range, uint32_t record)
{
	uint64_t to = event_log_listeners(region);
	uint64_t event;
	int err = 0;

	if (to == 0)
		return 0;
	hotplug_record_begin(region, record, OP_FREE_EVENTS, range->list, range->first, range->n);
	event = event_log_append(region, RTE_MEM_EVENT_FREE, &region->ops[record], to);
	TEST_POINT("free.tell");
	writer_unlock(region);
	if (to >> runtime.process & 1)
		err = events_drain(region, event);
	if (runtime_region() != region)
		return -ENODEV; /* In a child that a callback forked. */
	if (!err)
		err = event_log_wait(region, event);
	TEST_POINT("free.waited");
	if (!err)
		err = writer_lock(region);
	if (!err)
		return 0;
	hotplug_record_leave(region, record);
	return -EINPROGRESS;
}

/* Wait for readers without the mutex, up to the timeout; then whoever comes next reclaims. */
static void wait_and_reclaim(struct region *region, uint32_t record, uint64_t ticket)
{
	struct op_record *op = &region->ops[record];
	int err = process_wait_readers(
		region, ticket, region->free_timeout_ns, "the reuse of freed memory");

	/* Relaxed, both: figures. */
	rcu_fetch_add_relaxed(&region->stats.grace_periods, 1);
	if (err) {
		rcu_fetch_add_relaxed(&region->stats.grace_timeouts, 1);
		return;
	}
	TEST_POINT("free.passed");
	if (writer_lock(region))
		return;
	/* Another writer may have reclaimed it, and the record may serve another range by now.
	 * Relaxed: quarantines begin and end under the mutex. */
	if (rcu_load_relaxed(&op->state) == OP_QUARANTINE && op->ticket == ticket)
		hotplug_reclaim(region, record);
	writer_unlock(region);
}

static int free_locked(struct region *region, const struct page_range *range)
{
	struct rcu_culprit culprit = {.owner = REGION_PROCESSES};
	int record = claim(region, range);
	uint64_t ticket = 0, oldest;
	int err;

	if (record < 0) {
		writer_unlock(region);
		return record;
	}
	err = tell(region, range, (uint32_t)record);
	if (err)
		return err;
	TEST_POINT("free.told");
	err = hotplug_unpublish(
		region, range->list, range->first, range->n, (uint32_t)record, &culprit);
	if (err) {
		/* The snapshot blocks went to another writer meanwhile, or were damaged. */
		if (err == -EAGAIN)
			process_blame(region, &culprit, "the reuse of memory");
		hotplug_record_leave(region, (uint32_t)record);
		err = -EINPROGRESS;
	} else {
		ticket = region->ops[record].ticket;
		/* Most often nobody is inside: asking once is not waiting. */
		oldest = rcu_oldest(region->domain, RCU_EVERYBODY, NULL);
		/* The blocks are used again while they are in the caches, and no others touched. */
		snapshot_reclaim(region, oldest);
		if (ticket <= oldest) {
			rcu_fetch_add_relaxed(
				&region->stats.grace_periods, 1); /* Relaxed: a figure. */
			hotplug_reclaim(region, (uint32_t)record);
			ticket = 0;
		}
	}
	writer_unlock(region);
	TEST_POINT("free.quarantined");
	if (ticket)
		wait_and_reclaim(region, (uint32_t)record, ticket);
	return err;
}

int rcumem_pages_free(void *addr, size_t len)
{
	struct region *region = runtime_region();
	struct page_range range;
	int err = writer_allowed();

	if (!err)
		err = hotplug_range(region, (uint64_t)(uintptr_t)addr, len, &range);
	if (!err) {
		writer_offline();
		err = writer_lock(region);
		if (!err)
			err = free_locked(region, &range);
		writer_online();
	}
	return api_result(err);
}
