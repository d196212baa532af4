/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HOTPLUG_H
#define HOTPLUG_H

/*
 * Plugging and unplugging pages of internal lists: the steps that alloc, free,
 * reclaim and recovery are made of.  All with the writer mutex owned.
 */

#include "region.h"

/* Pages of one internal list. */
struct page_range {
	uint32_t list;
	uint32_t first;
	uint32_t n;
};

/* ---- hotplug_alloc.c ---- */

struct hotplug_request {
	uint32_t list;
	uint32_t first;
	uint32_t n;
	uint32_t flags; /* RTE_MEMSEG_FLAG_* for the descriptors. */
	bool contig;    /* IO addresses must follow each other. */
	bool silent;    /* Nobody is told. */
};

/*
 * Plug pages that are free: all of them, published, or none.  When processes
 * listen, they are being told, and *record keeps others from freeing the pages
 * meanwhile; else it is -1.
 * -ENOMEM, -ENOSPC, -EAGAIN (readers hold the snapshot blocks, or a process
 * does not tell its callbacks).
 */
int hotplug_plug(struct region *region, const struct hotplug_request *request, int *record);

/* ---- hotplug_free.c ---- */

/* Make sure that pages in use can be taken out of the IOVA index: 0 or -ENOSPC; changes no answer.
 */
int hotplug_reserve_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* Unpublish such pages into the quarantine record `record`: 0, or -EAGAIN with nothing changed. */
int hotplug_unpublish(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	uint32_t record, struct rcu_culprit *culprit);

/* The steps of it that recovery repeats. */
void hotplug_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n);
void hotplug_quarantine(struct region *region, uint32_t record, uint32_t list, uint32_t first,
	uint32_t n, uint64_t ticket);

/* Readers have passed: clear, punch, and let the pages be allocated again. */
void hotplug_reclaim(struct region *region, uint32_t record);
void hotplug_reclaim_steps(struct region *region, const struct op_record *op);

/* Go on with what others left: unpublish frees that all have been told of, reclaim what readers
 * have passed; asks them once, does not wait. */
void hotplug_reclaim_passed(struct region *region);

/* True when a record touches pages of the range; and when one does that ends with their going. */
bool hotplug_busy(const struct region *region, const struct page_range *range);
bool hotplug_leaving(const struct region *region, const struct page_range *range);

/* The ticket whose passing would give back a record or snapshot blocks next; 0 when nothing waits.
 */
uint64_t hotplug_oldest_ticket(const struct region *region);

/* ---- hotplug_record.c and its callers ---- */

/* Keep a range for its callbacks to be told by the event that comes next. */
void hotplug_record_begin(struct region *region, uint32_t record, enum op_state state,
	uint32_t list, uint32_t first, uint32_t n);

/* The end of an OP_*_EVENTS record, by the thread that made it; needs no mutex. */
void hotplug_record_done(struct region *region, uint32_t record);

/*
 * New pages that not everybody could be told of are taken back: no
 * process begins with their event, those that know them are told that they go, and
 * whoever comes unpublishes them then.
 */
void hotplug_take_back(struct region *region, uint32_t record);
void hotplug_take_back_steps(struct region *region, const struct intent *intent);

/* Leave an OP_FREE_EVENTS record to whoever comes; needs no mutex. */
void hotplug_record_leave(struct region *region, uint32_t record);

/*
 * The owner of records, or with a shift of 32 its whole process, is gone: new
 * pages stay in use, frees that somebody was told of are left to whoever comes.
 */
void hotplug_abandon(struct region *region, uint64_t owner, unsigned int shift);

/* True while callbacks are being told of a range. */
bool hotplug_telling(const struct region *region);

/* True when a free was left to whoever comes and all have been told, or a range waits for a process
 * that has died. */
bool hotplug_unsettled(struct region *region);

/* The pages that are exactly these bytes: 0 or -EINVAL.  Needs no mutex. */
int hotplug_range(const struct region *region, uint64_t va, uint64_t len, struct page_range *range);

/* With the mutex: 0 when every page is in use, or -ENOENT. */
int hotplug_in_use(const struct region *region, const struct page_range *range);

/* With the mutex: no page is in use. */
bool hotplug_unused(const struct region *region, const struct page_range *range);

/* False: there are no such pages, so that what names them is damaged. */
bool hotplug_range_sound(const struct region *region, uint32_t list, uint32_t first, uint32_t n);

static inline bool hotplug_record_sound(const struct region *region, const struct op_record *op)
{
	return hotplug_range_sound(region, op->list, op->first, op->n);
}

/* A free record, or -1. */
int hotplug_record(const struct region *region);

#endif /* HOTPLUG_H */
