/* SPDX-License-Identifier: BSD-3-Clause */
/* Path copying, publication and reuse of snapshot blocks; invariants in snapshot.h. */

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "log.h"
#include "point.h"
#include "snapshot_edit.h"

/* Retired blocks that are let wait before readers are asked: asking costs a barrier on every CPU.
 * A free asks anyway. */
#define RING_LAZY 256

uint32_t snapshot_pool_max(uint64_t leaves)
{
	uint64_t max = 2 * leaves + 2 * leaves / SNAPSHOT_CHILDREN + 32768;

	return max < SNAPSHOT_ALL ? (uint32_t)max : SNAPSHOT_ALL;
}

unsigned int snapshot_height(uint32_t n_pages)
{
	unsigned int height = 0;

	while (snapshot_span(height) < n_pages)
		height++;
	return height;
}

void snapshot_init(struct region *region)
{
	struct snapshot_pool *pool = region->snapshots;

	pool->next = 2; /* Block 0 means "none"; block 1 is the empty root. */
	pool->born[1] = 1;
	/* Release pairs with snapshot_get(). */
	rcu_publish(&region->root, 1ull << SNAPSHOT_BLOCK_BITS | 1);
}

uint32_t snapshot_cost(uint32_t n)
{
	/* Leaves and their directories touched, both ends unaligned; root, table, upper
	 * directories. */
	return (n / SNAPSHOT_LEAF_PAGES + 2) +
	       (n / (SNAPSHOT_LEAF_PAGES * SNAPSHOT_CHILDREN) + 2) * 2 + 4;
}

uint64_t snapshot_oldest_ticket(const struct region *region)
{
	const struct snapshot_pool *pool = region->snapshots;

	return pool->ring_head == pool->ring_tail ? 0
						  : pool->ring[pool->ring_head % pool->max].ticket;
}

static uint32_t blocks_at_hand(const struct snapshot_pool *pool)
{
	return pool->free_cnt + (pool->max - pool->next);
}

void snapshot_reclaim(struct region *region, uint64_t oldest)
{
	struct snapshot_pool *pool = region->snapshots;

	for (; pool->ring_head < pool->ring_tail; pool->ring_head++) {
		struct snapshot_retired *r = &pool->ring[pool->ring_head % pool->max];

		if (r->ticket > oldest && !PLANTED(SNAPSHOT_REUSED))
			break;
		if (!snapshot_pool_sound(pool, 0))
			break; /* Damaged: snapshot_reserve() tells. */
		TEST_POINT("snapshot.passed");
		pool->born[r->block] = SNAPSHOT_FREE | pool->free_cnt; /* INV-SNAPSHOT-4 */
		pool->free[pool->free_cnt] = r->block;
		/* Relaxed: a figure for snapshot_blocks_used(). */
		rcu_store_relaxed(&pool->free_cnt, pool->free_cnt + 1);
		TEST_POINT("snapshot.freed");
	}
}

int snapshot_reserve(struct region *region, uint32_t n, struct rcu_culprit *culprit)
{
	struct snapshot_pool *pool = region->snapshots;
	uint64_t waiting = pool->ring_tail - pool->ring_head;

	if (waiting > RING_LAZY || blocks_at_hand(pool) < n)
		snapshot_reclaim(region, rcu_oldest(region->domain, RCU_EVERYBODY, culprit));
	if (snapshot_pool_sound(pool, n))
		return blocks_at_hand(pool) < n ? -EAGAIN : 0;
	log_message(LOG_ERROR, "the blocks of snapshots are damaged");
	return -ENOTRECOVERABLE;
}

int snapshot_prepare(struct region *region, uint32_t list, uint32_t first, uint32_t n,
	struct rcu_culprit *culprit)
{
	if (snapshot_path_sound(region, list, first, n))
		return snapshot_reserve(region, snapshot_cost(n), culprit);
	log_message(LOG_ERROR, "the snapshot of list %u is damaged", list);
	return -ENOTRECOVERABLE;
}

void snapshot_begin(struct snapshot_edit *edit, struct region *region)
{
	uint64_t root = rcu_load_relaxed(&region->root); /* Relaxed: the writer's own store. */

	edit->region = region;
	edit->seq = snapshot_seq(root) + 1;
	edit->root = snapshot_root_block(root);
	edit->ring_tail = region->snapshots->ring_tail;
}

static struct snapshot_block *edit_block(struct snapshot_edit *edit, uint32_t block)
{
	return &edit->region->snapshots->blocks[block];
}

/* A block of this edit's own in place of `block`: itself, a copy, or for 0 an empty one. */
static uint32_t edit_own(struct snapshot_edit *edit, uint32_t block)
{
	struct snapshot_pool *pool = edit->region->snapshots;
	uint32_t own;

	if (block && pool->born[block] == edit->seq)
		return block;
	own = pool->free_cnt ? pool->free[pool->free_cnt - 1] : pool->next;
	assert(own < pool->max); /* snapshot_pool_sound() */
	TEST_POINT("snapshot.take");
	pool->born[own] = edit->seq; /* Before it is taken: INV-SNAPSHOT-4. */
	TEST_POINT("snapshot.own");
	/* Relaxed, both: figures for snapshot_blocks_used(). */
	if (pool->free_cnt)
		rcu_store_relaxed(&pool->free_cnt, pool->free_cnt - 1);
	else
		rcu_store_relaxed(&pool->next, pool->next + 1);
	TEST_POINT("snapshot.copy");
	if (block) {
		memcpy(&pool->blocks[own], &pool->blocks[block], sizeof(struct snapshot_block));
		pool->ring[edit->ring_tail++ % pool->max].block = block;
	} else {
		memset(&pool->blocks[own], 0, sizeof(struct snapshot_block));
	}
	return own;
}

static struct snapshot_entry *edit_entry(struct snapshot_edit *edit, uint32_t list)
{
	uint32_t *table;

	edit->root = edit_own(edit, edit->root);
	table = &edit_block(edit, edit->root)->child[list / SNAPSHOT_ENTRIES];
	*table = edit_own(edit, *table);
	return &edit_block(edit, *table)->entry[list % SNAPSHOT_ENTRIES];
}

/* What a block is replaced by 0 or SNAPSHOT_ALL for, and all below it, is not in the new picture.
 */
static void edit_drop(struct snapshot_edit *edit, uint32_t block, unsigned int height)
{
	struct snapshot_pool *pool = edit->region->snapshots;

	if (block == 0 || block == SNAPSHOT_ALL)
		return;
	for (uint32_t i = 0; height > 0 && i < SNAPSHOT_CHILDREN; i++)
		edit_drop(edit, edit_block(edit, block)->child[i], height - 1);
	pool->ring[edit->ring_tail++ % pool->max].block = block;
}

/* A block of this edit's own, in which every page is as `block` says. */
static uint32_t edit_unfold(struct snapshot_edit *edit, uint32_t block, unsigned int height)
{
	struct snapshot_block *b;
	uint32_t own;

	if (block != SNAPSHOT_ALL)
		return edit_own(edit, block);
	own = edit_own(edit, 0);
	b = edit_block(edit, own);
	if (height == 0)
		memset(b->mask, 0xff, sizeof(b->mask));
	for (uint32_t i = 0; height > 0 && i < SNAPSHOT_CHILDREN; i++)
		b->child[i] = SNAPSHOT_ALL;
	return own;
}

/* The block, or 0 or SNAPSHOT_ALL in place of it when that says the same. */
static uint32_t edit_fold(struct snapshot_edit *edit, uint32_t own, unsigned int height)
{
	const struct snapshot_block *b = edit_block(edit, own);
	uint32_t whole = height == 0 ? (uint32_t)b->mask[0] & SNAPSHOT_ALL : b->child[0];

	if (whole != 0 && whole != SNAPSHOT_ALL)
		return own;
	for (uint32_t i = 0; height == 0 && i < SNAPSHOT_LEAF_PAGES / 64; i++)
		if (b->mask[i] != (whole ? ~0ull : 0))
			return own;
	for (uint32_t i = 0; height > 0 && i < SNAPSHOT_CHILDREN; i++)
		if (b->child[i] != whole)
			return own;
	edit_drop(edit, own, 0); /* It has no blocks below it. */
	return whole;
}

static void leaf_set(struct snapshot_block *b, uint64_t lo, uint64_t hi, bool used)
{
	for (uint64_t w = lo / 64; w <= hi / 64; w++) {
		uint64_t bits = ~0ull << (w == lo / 64 ? lo % 64 : 0);

		bits &= ~0ull >> (w == hi / 64 ? 63 - hi % 64 : 0);
		b->mask[w] = used ? b->mask[w] | bits : b->mask[w] & ~bits;
	}
}

/* Change [first, last] below a block that covers pages from `base` on; returns the block's
 * replacement. */
static uint32_t edit_range(struct snapshot_edit *edit, uint32_t block, unsigned int height,
	uint64_t base, uint64_t first, uint64_t last, bool used)
{
	uint64_t end = base + snapshot_span(height) - 1; /* Last page below it. */
	struct snapshot_block *b;
	uint32_t own;

	if (first <= base && end <= last) {
		edit_drop(edit, block, height);
		return used ? SNAPSHOT_ALL : 0;
	}
	own = edit_unfold(edit, block, height);
	b = edit_block(edit, own);
	if (height == 0) {
		leaf_set(
			b, first > base ? first - base : 0, (last < end ? last : end) - base, used);
	} else {
		uint64_t span = snapshot_span(height - 1);
		uint64_t i = first > base ? (first - base) / span : 0;

		for (; i < SNAPSHOT_CHILDREN && base + i * span <= last; i++)
			b->child[i] = edit_range(
				edit, b->child[i], height - 1, base + i * span, first, last, used);
	}
	return edit_fold(edit, own, height);
}

void snapshot_set_pages(
	struct snapshot_edit *edit, uint32_t list, uint32_t first, uint32_t n, bool used)
{
	struct snapshot_entry *entry = edit_entry(edit, list);

	entry->child = edit_range(
		edit, entry->child, entry->height, 0, first, (uint64_t)first + n - 1, used);
	entry->used = used ? entry->used + n : entry->used - n;
}

void snapshot_set_list(
	struct snapshot_edit *edit, uint32_t list, bool active, bool full, uint64_t used)
{
	struct region *region = edit->region;

	/* Release pairs with snapshot_next_list(); too high while this picture is not published is
	 * harmless. */
	if (list >= region->list_high) {
		TEST_POINT("snapshot.high");
		rcu_store_release(&region->list_high, list + 1);
	}
	*edit_entry(edit, list) = (struct snapshot_entry){
		.active = active,
		.full = full,
		.height = (uint8_t)snapshot_height(edit->region->states[list].n_pages),
		.used = used,
	};
}

uint64_t snapshot_publish(struct snapshot_edit *edit)
{
	struct region *region = edit->region;
	struct snapshot_pool *pool = region->snapshots;
	uint64_t ticket;

	TEST_POINT("snapshot.publish");
	/*
	 * Pairs with the acquire in snapshot_get(): every block of the new
	 * picture is complete for whoever sees this root (INV-SNAPSHOT-1).
	 * This store is the linearization point (INV-SNAPSHOT-2).
	 */
	rcu_publish(&region->root, edit->seq << SNAPSHOT_BLOCK_BITS | edit->root);
	TEST_POINT("snapshot.published");
	ticket = rcu_ticket(region->domain);
	TEST_POINT("snapshot.retire");
	for (uint64_t i = pool->ring_tail; i < edit->ring_tail; i++) {
		struct snapshot_retired *r = &pool->ring[i % pool->max];

		r->ticket = ticket;
		pool->born[r->block] = SNAPSHOT_RETIRED | i;
	}
	TEST_POINT("snapshot.retired");
	pool->ring_tail = edit->ring_tail;
	return ticket;
}

uint32_t snapshot_blocks_used(const struct region *region)
{
	const struct snapshot_pool *pool = region->snapshots;

	/* Relaxed, both: a figure; block 0 is none. */
	return rcu_load_relaxed(&pool->next) - 1 - rcu_load_relaxed(&pool->free_cnt);
}
