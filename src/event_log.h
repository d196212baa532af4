/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EVENT_LOG_H
#define EVENT_LOG_H

/*
 * Memory events of all processes, in one order.
 *
 * A writer appends an event, owning the mutex, for the processes that listen
 * at that moment; each of them tells its callbacks of the events one after the
 * other, and stores how far it is (events.c).  The writer waits for them
 * without the mutex, and no longer than event_timeout_ns.
 *
 * INV-EVENT-1  An event is complete before its number is the log's head.
 * INV-EVENT-2  Whether a process begins with an event, or is barred from it because
 *              it was cancelled, is decided once and stays so.
 * INV-EVENT-3  The range of an event stays published until every process that
 *              is told of it has answered, has died, or listens no more.
 */

#include "region.h"

/* ---- With the writer mutex ---- */

/* Room for an event that an operation begins with: 0, or -EAGAIN and the log says for whom it
 * waits. */
int event_log_room(const struct region *region);

/* Processes that are to be told of an event now. */
uint64_t event_log_listeners(const struct region *region);

/* The number that the next event will have. */
uint64_t event_log_next(const struct region *region);

/* Append one for `to`, and wake them: its number. */
uint64_t event_log_append(
	struct region *region, enum rte_mem_event type, const struct op_record *op, uint64_t to);

/* A writer has died, perhaps before it woke those whom it had appended for. */
void event_log_ring_listeners(struct region *region);

enum event_decision {
	EVENT_BEGUN = 1,
	EVENT_BARRED = 2,
};

/* Decide for a process, if nobody has: true when it is decided so. */
bool event_log_decide(struct region_event *entry, uint32_t slot, enum event_decision decision);

/* From now on nobody begins with this event: the processes that have.  May be repeated. */
uint64_t event_log_cancel(struct region *region, uint64_t event);

/* ---- Anybody ---- */

struct region_event *event_log_entry(struct region *region, uint64_t event);

/* The processes that have not been told yet. */
uint64_t event_log_pending(const struct region *region, uint64_t event);

/* Wait without the mutex for all to be told: 0, or -ETIMEDOUT and the log says who is not. */
int event_log_wait(struct region *region, uint64_t event);

/* This process has been told. */
void event_log_answer(struct region *region);

/* Sleep until the bell of this process, which was `bell`, is rung; false when that took longer. */
bool event_log_sleep(struct region *region, uint32_t bell, uint64_t ns);
void event_log_ring(struct region *region, uint32_t process);

#endif /* EVENT_LOG_H */
