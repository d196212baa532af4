/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding again, after a writer's death, the blocks it had taken or replaced. */

#include "point.h"
#include "snapshot_edit.h"

static void mark(struct snapshot_pool *pool, uint32_t block, unsigned int height)
{
	/* SNAPSHOT_ALL; what is damaged, also where it leads in a circle. */
	if (block == 0 || block >= pool->next || pool->born[block] & SNAPSHOT_REACHED)
		return;
	pool->born[block] |= SNAPSHOT_REACHED;
	for (uint32_t i = 0; height > 0 && i < SNAPSHOT_CHILDREN; i++)
		mark(pool, pool->blocks[block].child[i], height - 1);
}

static void mark_table(struct snapshot_pool *pool, uint32_t table)
{
	if (table >= pool->next)
		return; /* Damaged. */
	pool->born[table] |= SNAPSHOT_REACHED;
	for (uint32_t i = 0; i < SNAPSHOT_ENTRIES; i++) {
		const struct snapshot_entry *entry = &pool->blocks[table].entry[i];

		if (entry->active)
			mark(pool, entry->child, entry->height % (SNAPSHOT_HEIGHT_MAX + 1));
	}
}

static void mark_all(struct snapshot_pool *pool, uint32_t root)
{
	for (uint32_t b = 1; b < pool->next; b++)
		pool->born[b] &= ~SNAPSHOT_REACHED; /* A sweep before this one may have died. */
	pool->born[root] |= SNAPSHOT_REACHED;
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN; i++)
		if (pool->blocks[root].child[i])
			mark_table(pool, pool->blocks[root].child[i]);
}

/* Free, of a picture that was not published, or, where `next` is damaged, never used: no reader can
 * know it (INV-SNAPSHOT-4). */
static bool unknown(uint64_t born, uint64_t seq)
{
	return born == 0 || born >= SNAPSHOT_FREE || (born > seq && born < SNAPSHOT_RETIRED);
}

void snapshot_sweep(struct region *region)
{
	struct snapshot_pool *pool = region->snapshots;
	uint64_t root = rcu_load_relaxed(&region->root); /* Relaxed: under the mutex. */
	uint64_t ticket = rcu_ticket(region->domain);
	uint32_t free_cnt = 0;

	TEST_POINT("sweep.mark");
	mark_all(pool, snapshot_root_block(root));
	TEST_POINT("sweep.marked");
	/*
	 * What no reader can know is free at once, so that there are as many
	 * blocks at hand as the dead writer had made sure of.  The rest waits
	 * anew, whether it was waiting or lost: a reader may hold a picture that
	 * the dead writer had just replaced.
	 */
	/* Relaxed, here and below: a figure for snapshot_blocks_used(). */
	rcu_store_relaxed(&pool->free_cnt, 0);
	pool->ring_head = pool->ring_tail = 0;
	for (uint32_t b = 1; b < pool->next; b++) {
		TEST_POINT("sweep.block");
		if (pool->born[b] & SNAPSHOT_REACHED) {
			pool->born[b] &= ~SNAPSHOT_REACHED;
		} else if (unknown(pool->born[b], snapshot_seq(root))) {
			pool->born[b] = SNAPSHOT_FREE | free_cnt;
			pool->free[free_cnt++] = b;
		} else {
			pool->born[b] = SNAPSHOT_RETIRED | pool->ring_tail;
			pool->ring[pool->ring_tail++] =
				(struct snapshot_retired){.ticket = ticket, .block = b};
		}
	}
	/* The dead writer may have been taking it. */
	if (pool->next < pool->max && pool->born[pool->next] == snapshot_seq(root) + 1)
		pool->born[pool->next] = 0;
	rcu_store_relaxed(&pool->free_cnt, free_cnt);
	TEST_POINT("sweep.sorted");
}
