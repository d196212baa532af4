/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef HOTPLUG_H
#define HOTPLUG_H

/*
 * Plugging and unplugging pages of internal lists: the steps that alloc, free,
 * reclaim and recovery are made of.  All with the writer mutex owned.
 */

#include "region.h"

/* ---- hotplug_alloc.c ---- */

struct hotplug_request {
	uint32_t list;
	uint32_t first;
	uint32_t n;
	uint32_t flags; /* RTE_MEMSEG_FLAG_* for the descriptors. */
	bool contig;    /* IO addresses must follow each other. */
};

/*
 * Plug pages that are free: all of them, published, or none.
 * -ENOMEM, -ENOSPC, -EAGAIN (readers hold the snapshot blocks; *culprit).
 */
int hotplug_plug(
	struct region *region, const struct hotplug_request *request, struct rcu_culprit *culprit);

/* ---- hotplug_free.c ---- */

/* Unpublish pages in use into the quarantine record `record`: 0, or -EAGAIN with nothing changed.
 */
int hotplug_unpublish(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	uint32_t record, struct rcu_culprit *culprit);

/* The steps of it that recovery repeats. */
void hotplug_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* Readers have passed: clear, punch, and let the pages be allocated again. */
void hotplug_reclaim(struct region *region, uint32_t record);
void hotplug_reclaim_steps(struct region *region, const struct op_record *op);

/* Reclaim all that readers have passed; asks them once, does not wait. */
void hotplug_reclaim_passed(struct region *region);

/* Pages of [first, first + n) by record state: true when a record touches them. */
bool hotplug_busy(const struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* The ticket whose passing would give back a record or snapshot blocks next; 0 when nothing waits.
 */
uint64_t hotplug_oldest_ticket(const struct region *region);

/* Keep a range for its callbacks to be told. */
void hotplug_record_begin(
	struct region *region, uint32_t record, uint32_t list, uint32_t first, uint32_t n);

/* The end of an OP_ALLOC_EVENTS record, by the thread that made it; needs no mutex. */
void hotplug_record_done(struct region *region, uint32_t record);

/* A free record, or -1. */
int hotplug_record(const struct region *region);

#endif /* HOTPLUG_H */
