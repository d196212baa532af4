/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPACE_GRACE_H
#define SPACE_GRACE_H

/* Publishing maps and letting go of replaced ones.  `_locked`: the caller holds space->lock. */

#include "space.h"

/*
 * Publish a map and put the one it replaces on the list; returns the ticket
 * that lets it go.  The store is the linearization point of every change of a
 * space.
 */
uint64_t space_publish_locked(struct rcumem_space *space, struct rcumem_map *next);

/* Wait for the readers before `ticket`, up to the free timeout and with the lock dropped meanwhile,
 * and free what they held: 0 or -ETIMEDOUT. */
int space_wait_locked(struct rcumem_space *space, uint64_t ticket);

/* Free what no reader holds now, without waiting. */
void space_poll_locked(struct rcumem_space *space);

/* Free the replaced maps whose tickets are not above `passed` (INV-SPACE-2). */
void space_reclaim_locked(struct rcumem_space *space, uint64_t passed);

/* Free everything, at the end of a space: nobody reads it any more. */
void space_clear_locked(struct rcumem_space *space);

#endif /* SPACE_GRACE_H */
