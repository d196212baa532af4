/* SPDX-License-Identifier: BSD-3-Clause */
/* Finding again, after a writer's death, the blocks it had taken or replaced. */

#include "snapshot_edit.h"

#define MARK_REACHED UINT64_MAX /* In born[]: no edit has this number while the sweep runs. */

static void mark(struct snapshot_pool *pool, uint32_t block, unsigned int height)
{
	pool->born[block] = MARK_REACHED;
	for (uint32_t i = 0; height > 0 && i < SNAPSHOT_CHILDREN; i++)
		if (pool->blocks[block].child[i])
			mark(pool, pool->blocks[block].child[i], height - 1);
}

static void mark_table(struct snapshot_pool *pool, uint32_t table)
{
	pool->born[table] = MARK_REACHED;
	for (uint32_t i = 0; i < SNAPSHOT_ENTRIES; i++) {
		const struct snapshot_entry *entry = &pool->blocks[table].entry[i];

		if (entry->active && entry->child)
			mark(pool, entry->child, entry->height);
	}
}

void snapshot_sweep(struct region *region)
{
	struct snapshot_pool *pool = region->snapshots;
	uint32_t root =
		(uint32_t)(rcu_load_relaxed(&region->root) &
			   ((1u << SNAPSHOT_BLOCK_BITS) - 1)); /* Relaxed: under the mutex. */
	uint64_t ticket = rcu_ticket(region->domain);

	for (uint32_t b = 1; b < pool->max && b < pool->next + 1; b++)
		pool->born[b] = 0;
	pool->born[root] = MARK_REACHED;
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN; i++)
		if (pool->blocks[root].child[i])
			mark_table(pool, pool->blocks[root].child[i]);
	/*
	 * Everything else waits once more, whether it was free, waiting, or lost:
	 * a reader may hold a picture that the dead writer had just replaced.
	 */
	pool->free_cnt = 0;
	pool->ring_head = pool->ring_tail = 0;
	for (uint32_t b = 1; b < pool->next; b++) {
		if (pool->born[b] == MARK_REACHED) {
			pool->born[b] = 0;
			continue;
		}
		pool->ring[pool->ring_tail++] =
			(struct snapshot_retired){.ticket = ticket, .block = b};
	}
}
