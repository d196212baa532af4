/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SNAPSHOT_EDIT_H
#define SNAPSHOT_EDIT_H

/*
 * Writing a snapshot: begin, change, publish.  The caller owns the writer
 * mutex.  What can fail fails in snapshot_prepare(), before anything changes.
 */

#include "snapshot.h"

struct snapshot_edit {
	struct region *region;
	uint64_t seq;       /* The picture being made. */
	uint32_t root;      /* Its root block. */
	uint64_t ring_tail; /* Replaced blocks so far, not retired before the publication. */
};

/* Size of a pool for lists with so many leaves altogether. */
uint32_t snapshot_pool_max(uint64_t leaves);

/* First use of a zeroed pool: an empty picture with sequence 1. */
void snapshot_init(struct region *region);

/* Blocks that changing `n` pages of a list can take at the most. */
uint32_t snapshot_cost(uint32_t n);

/*
 * Make sure that pages of a list can be changed; with n = 0, that the list can be
 * shown or hidden: 0, -EAGAIN (readers hold too many retired blocks: *culprit), or
 * -ENOTRECOVERABLE (what the edit would follow or take is damaged).
 */
int snapshot_prepare(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	struct rcu_culprit *culprit);

/* Of it, of recovery and of tests: that an edit can take up to `n` blocks. */
int snapshot_reserve(struct region *region, uint32_t n, struct rcu_culprit *culprit);

/* Free the retired blocks that readers have passed; `oldest` is what rcu_oldest() said. */
void snapshot_reclaim(struct region *region, uint64_t oldest);

/* Ticket that must pass before the oldest retired block is free; 0 when none waits. */
uint64_t snapshot_oldest_ticket(const struct region *region);

void snapshot_begin(struct snapshot_edit *edit, struct region *region);
void snapshot_set_pages(
	struct snapshot_edit *edit, uint32_t list, uint32_t first, uint32_t n, bool used);
void snapshot_set_list(
	struct snapshot_edit *edit, uint32_t list, bool active, bool full, uint64_t used);

/* Publish: the linearization point.  Returns the ticket after which the old picture is unseen. */
uint64_t snapshot_publish(struct snapshot_edit *edit);

/* After a writer's death: every block that is neither reachable nor waiting is retired anew
 * (INV-SNAPSHOT-3). */
void snapshot_sweep(struct region *region);

/* ---- snapshot_check.c ---- */

/* False: taking `n` blocks, or giving back the oldest retired one, would go by damaged figures. */
bool snapshot_pool_sound(const struct snapshot_pool *pool, uint32_t n);

/* False: the root is no block. */
bool snapshot_root_sound(const struct region *region);

/* False: an edit of these pages, or with n = 0 of the list's entry, would follow what is no block.
 */
bool snapshot_path_sound(const struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* ---- Figures ---- */

/* Blocks reachable or waiting. */
uint32_t snapshot_blocks_used(const struct region *region);

/* Directory levels that a list of so many pages needs. */
unsigned int snapshot_height(uint32_t n_pages);

#endif /* SNAPSHOT_EDIT_H */
