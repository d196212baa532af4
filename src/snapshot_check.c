/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether a writer can rely on what its edit is going to follow and to take.
 *
 * Somebody who is no writer may have damaged it, and nothing of the region may
 * lead out of it (guarantee G7).  So the edit looks first, at its own blocks and at
 * no others: the cost does not grow with the picture.
 */

#include "snapshot_edit.h"

/* The block that is taken i-th from now, as INV-SNAPSHOT-4 has it. */
static bool sound_to_take(const struct snapshot_pool *pool, uint32_t i)
{
	uint32_t at, block;

	if (i >= pool->free_cnt)
		return pool->born[pool->next + (i - pool->free_cnt)] == 0;
	at = pool->free_cnt - 1 - i;
	block = pool->free[at];
	return block && block < pool->next && pool->born[block] == (SNAPSHOT_FREE | at);
}

/* The same of the one that is given back next. */
static bool sound_to_give_back(const struct snapshot_pool *pool)
{
	uint32_t block = pool->ring[pool->ring_head % pool->max].block;

	return block < pool->next && pool->born[block] == (SNAPSHOT_RETIRED | pool->ring_head);
}

bool snapshot_pool_sound(const struct snapshot_pool *pool, uint32_t n)
{
	uint64_t waiting = pool->ring_tail - pool->ring_head;

	if (pool->next < 2 || pool->next > pool->max || pool->free_cnt >= pool->next ||
		waiting >= pool->next || (waiting && !sound_to_give_back(pool)))
		return false;
	for (uint32_t i = 0; i < n && i < pool->free_cnt + (pool->max - pool->next); i++)
		if (!sound_to_take(pool, i))
			return false;
	return true;
}

/* A block of the picture of that sequence. */
static bool block_sound(const struct snapshot_pool *pool, uint32_t block, uint64_t seq)
{
	return block && block < pool->next && (pool->born[block] & ~SNAPSHOT_REACHED) <= seq;
}

/* The part of a range, and of an edit, that is below a block. */
struct below {
	const struct snapshot_pool *pool;
	uint64_t seq;
	uint64_t first; /* Pages, both. */
	uint64_t last;
};

static bool below_sound(
	const struct below *below, uint32_t block, unsigned int height, uint64_t base)
{
	const struct snapshot_block *b = &below->pool->blocks[block];
	uint64_t span, i;

	if (block == 0 || block == SNAPSHOT_ALL)
		return true;
	if (!block_sound(below->pool, block, below->seq))
		return false;
	if (height == 0)
		return true;
	span = snapshot_span(height - 1);
	i = below->first > base ? (below->first - base) / span : 0;
	for (; i < SNAPSHOT_CHILDREN && base + i * span <= below->last; i++)
		if (!below_sound(below, b->child[i], height - 1, base + i * span))
			return false;
	return true;
}

bool snapshot_root_sound(const struct region *region)
{
	const struct snapshot_pool *pool = region->snapshots;
	uint64_t root = rcu_load_relaxed(&region->root); /* Relaxed: under the mutex. */

	return pool->next <= pool->max &&
	       block_sound(pool, snapshot_root_block(root), snapshot_seq(root));
}

bool snapshot_path_sound(const struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	const struct snapshot_pool *pool = region->snapshots;
	uint64_t root = rcu_load_relaxed(&region->root); /* Relaxed: under the mutex. */
	struct below below = {pool, snapshot_seq(root), first, (uint64_t)first + n - 1};
	uint32_t block = snapshot_root_block(root), table;
	const struct snapshot_entry *entry;

	if (list >= region->max_lists || !snapshot_root_sound(region))
		return false;
	table = pool->blocks[block].child[list / SNAPSHOT_ENTRIES];
	if (table && !block_sound(pool, table, below.seq))
		return false;
	entry = &pool->blocks[table].entry[list % SNAPSHOT_ENTRIES];
	return n == 0 ||
	       (entry->active && entry->height == snapshot_height(region->states[list].n_pages) &&
		       below_sound(&below, entry->child, entry->height, 0));
}
