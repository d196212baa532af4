/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SNAPSHOT_H
#define SNAPSHOT_H

/*
 * The picture that walks see: which lists there are and which of their pages
 * are in use, as a tree of 512-byte blocks that never change once published.
 *
 *   root block      128 table blocks
 *   table block      32 list entries
 *   directories     128 children each, 0 to 3 levels
 *   leaf block       64 words: 4096 pages
 *
 * In place of a block there may be 0, no page below it is in use, or SNAPSHOT_ALL,
 * all of them are: so a walk passes over a long run by few blocks.
 *
 * A writer copies the blocks on the path to what it changes, and publishes the
 * new root with one store; the blocks it replaced are reused after a grace
 * period.
 *
 * INV-SNAPSHOT-1  A block reachable from a published root is complete and does
 *                 not change until a grace period after its root was replaced.
 * INV-SNAPSHOT-2  The store of region->root is the linearization point of a
 *                 hotplug operation for walks, and for lookups of external memory.
 * INV-SNAPSHOT-3  A block is in one of: reachable from the root, retired, free.
 *                 snapshot_sweep() restores this after a writer's death.
 * INV-SNAPSHOT-4  `born` of a block is the sequence of the edit that made it, or
 *                 says at which place of `free` or of `ring` it stands; 0 from
 *                 `next` on.  A block of an edit that is not published is known
 *                 to no reader.
 */

#include <stdbool.h>
#include <stdint.h>

#include "region.h"

#define SNAPSHOT_LEAF_PAGES 4096u
#define SNAPSHOT_CHILDREN   128u
#define SNAPSHOT_ENTRIES    32u
#define SNAPSHOT_HEIGHT_MAX 3u
#define SNAPSHOT_BLOCK_BITS 24
#define SNAPSHOT_ALL        ((1u << SNAPSHOT_BLOCK_BITS) - 1) /* Above every block. */

/* In born[], all above every sequence. */
#define SNAPSHOT_RETIRED (1ull << 61) /* With the position in `ring`. */
#define SNAPSHOT_FREE    (1ull << 62) /* With the place in `free`. */
#define SNAPSHOT_REACHED (1ull << 63) /* Beside another, while snapshot_sweep() runs. */

struct snapshot_entry {
	uint32_t child; /* Top block of the list's pages, or 0 or SNAPSHOT_ALL; 0 if `full`. */
	uint8_t active;
	uint8_t full;   /* External lists: every page is in use. */
	uint8_t height; /* Levels of directories over the leaves. */
	uint8_t pad;
	uint64_t used; /* Pages in use. */
};

struct snapshot_block {
	union {
		uint32_t child[SNAPSHOT_CHILDREN];
		struct snapshot_entry entry[SNAPSHOT_ENTRIES];
		uint64_t mask[SNAPSHOT_LEAF_PAGES / 64];
	};
} __attribute__((aligned(RCU_CACHE_LINE)));

struct snapshot_retired {
	uint64_t ticket;
	uint32_t block;
	uint32_t pad;
};

struct snapshot_pool {
	struct snapshot_block *blocks; /* Immutable; block 0 is never used. */
	uint64_t *born;                /* Writer: INV-SNAPSHOT-4. */
	uint32_t *free;                /* Writer: stack of blocks. */
	struct snapshot_retired *ring; /* Writer: blocks that wait, oldest first. */
	uint32_t max;                  /* Immutable. */
	uint32_t free_cnt;             /* Writer. */
	uint32_t next;                 /* Writer: blocks from here on were never used. */
	uint32_t pad;
	uint64_t ring_head; /* Writer: ever-growing positions in `ring`. */
	uint64_t ring_tail;
};

/* Pages below a block with so many levels of directories under it. */
static inline uint64_t snapshot_span(unsigned int height)
{
	uint64_t span = SNAPSHOT_LEAF_PAGES;

	while (height-- > 0)
		span *= SNAPSHOT_CHILDREN;
	return span;
}

/* ---- Readers: inside a section, or an online QSBR reader ---- */

static inline uint64_t snapshot_seq(uint64_t root)
{
	return root >> SNAPSHOT_BLOCK_BITS;
}

static inline uint32_t snapshot_root_block(uint64_t root)
{
	return (uint32_t)(root & SNAPSHOT_ALL);
}

/* The block of that number; where there is none, block 0, in which nothing is shown. */
static inline const struct snapshot_block *snapshot_block(
	const struct region *region, uint32_t block)
{
	const struct snapshot_pool *pool = region->snapshots;

	return &pool->blocks[block < pool->max ? block : 0];
}

/* The picture as it is now. */
static inline uint64_t snapshot_get(const struct region *region)
{
	/* Pairs with the release in snapshot_publish() (INV-SNAPSHOT-1). */
	return rcu_load_acquire(&region->root);
}

/* Called for each run of pages in use; a non-zero result stops. */
typedef int (*snapshot_run_t)(void *ctx, uint32_t list, uint32_t first, uint32_t n);

/*
 * All runs of one list, in order, until `fn` stops them: *ret is what it
 * returned, else 0.  0, or -ENOTRECOVERABLE with a message: the picture is
 * damaged, and the runs so far, which are pages of the list, may be wrong.
 */
int snapshot_runs(const struct region *region, const struct snapshot_entry *entry, uint32_t list,
	snapshot_run_t fn, void *ctx, int *ret);

/*
 * The first active list at or after `list`: its number, or -1; *entry is its
 * entry.  -ENOTRECOVERABLE with a message: the picture is damaged.
 */
int64_t snapshot_next_list(const struct region *region, uint64_t root, uint32_t list,
	const struct snapshot_entry **entry);

#endif /* SNAPSHOT_H */
