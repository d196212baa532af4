/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a snapshot: lists in order, and the runs of pages in use of each. */

#include <errno.h>

#include "log.h"
#include "snapshot.h"

int64_t snapshot_next_list(const struct region *region, uint64_t root, uint32_t list,
	const struct snapshot_entry **entry)
{
	const struct snapshot_pool *pool = region->snapshots;
	uint32_t block = snapshot_root_block(root), table = 0;
	/* Acquire pairs with snapshot_set_list(): no list of this picture is above it. */
	uint32_t high = rcu_load_acquire(&region->list_high);

	if (high > region->max_lists)
		high = region->max_lists; /* Damaged. */
	while (block < pool->max && list < high) {
		uint32_t end = (list / SNAPSHOT_ENTRIES + 1) * SNAPSHOT_ENTRIES;

		table = pool->blocks[block].child[list / SNAPSHOT_ENTRIES];
		if (table >= pool->max)
			break;
		for (; table && list < end && list < high; list++) {
			*entry = &pool->blocks[table].entry[list % SNAPSHOT_ENTRIES];
			if ((*entry)->active)
				return list;
		}
		list = end;
	}
	if (block < pool->max && table < pool->max)
		return -1;
	log_message(LOG_ERROR, "the snapshot is damaged");
	return -ENOTRECOVERABLE;
}

/* A run that may still grow, and what to do with it. */
struct run {
	const struct region *region;
	snapshot_run_t fn;
	void *ctx;
	uint32_t list;
	uint32_t n_pages; /* Of the list. */
	uint32_t first;
	uint32_t n;
	uint64_t left; /* Pages in use that were not seen yet: nothing is behind the last. */
	bool damaged;
};

/* Call `fn` for pages of the list; those that it has not end the walk. */
static int run_call(struct run *run, uint32_t first, uint64_t n)
{
	if (__builtin_expect(first + n <= run->n_pages, 1))
		return run->fn(run->ctx, run->list, first, (uint32_t)n);
	run->damaged = true;
	return -1;
}

static int run_flush(struct run *run)
{
	uint32_t n = run->n;

	run->n = 0;
	return n ? run_call(run, run->first, n) : 0;
}

/* Append [first, first + n), which is not below the run. */
static inline int run_add(struct run *run, uint32_t first, uint32_t n)
{
	int ret;

	run->left -= n;
	if (run->n && run->first + run->n == first) {
		run->n += n;
		return 0;
	}
	ret = run_flush(run);
	run->first = first;
	run->n = n;
	return ret;
}

static int word_runs(struct run *run, uint64_t word, uint32_t base)
{
	while (word) {
		unsigned int skip = (unsigned int)__builtin_ctzll(word);
		uint64_t rest = ~(word >> skip);
		unsigned int len = rest ? (unsigned int)__builtin_ctzll(rest) : 64;
		int ret = run_add(run, base + skip, len);

		if (ret)
			return ret;
		if (skip + len >= 64)
			break;
		word &= ~0ull << (skip + len);
	}
	return 0;
}

/* All runs below a block that covers pages from `base` on; depth is at most 3. */
static int block_runs(struct run *run, uint32_t block, unsigned int height, uint64_t base)
{
	const struct snapshot_block *b = snapshot_block(run->region, block);
	uint64_t span;
	int ret = 0;

	if (block == 0)
		return 0;
	if (height == 0) {
		for (uint32_t i = 0; i < SNAPSHOT_LEAF_PAGES / 64 && run->left && !ret; i++)
			ret = word_runs(run, b->mask[i], (uint32_t)base + i * 64);
		return ret;
	}
	span = snapshot_span(height - 1);
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN && run->left && base < run->n_pages && !ret;
		i++, base += span)
		ret = b->child[i] == SNAPSHOT_ALL ? run_add(run, (uint32_t)base, (uint32_t)span)
						  : block_runs(run, b->child[i], height - 1, base);
	return ret;
}

/* Whoever was not stopped has seen as many pages as there are. */
static int tree_runs(struct run *run, const struct snapshot_entry *entry)
{
	int ret = entry->height <= SNAPSHOT_HEIGHT_MAX
			  ? block_runs(run, entry->child, entry->height, 0)
			  : 0;

	if (!ret)
		ret = run_flush(run);
	run->damaged |= !ret && run->left;
	return ret;
}

int snapshot_runs(const struct region *region, const struct snapshot_entry *entry, uint32_t list,
	snapshot_run_t fn, void *ctx, int *ret)
{
	struct run run = {.region = region,
		.fn = fn,
		.ctx = ctx,
		.list = list,
		.n_pages = region->states[list].n_pages,
		.left = entry->used};

	if (entry->full || entry->child == SNAPSHOT_ALL)
		*ret = run_call(&run, 0, entry->used);
	else
		*ret = tree_runs(&run, entry);
	if (__builtin_expect(!run.damaged, 1))
		return 0;
	log_message(LOG_ERROR, "the snapshot of list %u is damaged", list);
	*ret = 0;
	return -ENOTRECOVERABLE;
}
