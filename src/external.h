/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EXTERNAL_H
#define EXTERNAL_H

/* External memory: what its files share, and what recovery needs.  With the writer mutex owned,
 * but for external_begin(), which takes it. */

#include "arena.h"
#include "region.h"

/*
 * Name of the storage of the list that the snapshot `seq` shows first.  Where
 * a registration was undone, the next one has the same number, but not the
 * same list while readers may hold that.  No array of a user's has a slash.
 */
void external_storage_name(uint32_t list, uint64_t seq, char name[ARENA_NAME_LEN]);

/* writer_begin(), or -ENOTRECOVERABLE: the record of a list is damaged. */
int external_begin(void);

/* ---- external_check.c ---- */

/* False, with a message: a writer cannot rely on the record of an external list. */
bool external_sound(const struct region *region);

/* ---- external_remove.c ---- */

/* Give record and storage of a list back; nobody can hold it. */
void external_forget(struct region *region, uint32_t list);

/* A registration that was not published: take it back. */
void external_undo(struct region *region, uint32_t list, uint64_t seq);

/* An unregistration: publish it if it was not, and leave the list dying. */
void external_unpublish(struct region *region, uint32_t list, bool published);

/*
 * A process has gone: it is attached to nothing any more, and what it alone was
 * attached to is unregistered.  0, or -errno with the rest still to do.
 */
int external_abandon(struct region *region, uint32_t process);

/* Forget the dying lists that readers have passed; asks them once, does not wait. */
void external_reclaim_passed(struct region *region);

/* The ticket whose passing would end the next dying list; 0 when none is dying. */
uint64_t external_oldest_ticket(const struct region *region);

#endif /* EXTERNAL_H */
