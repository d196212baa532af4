/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a snapshot: lists in order, and the runs of pages in use of each. */

#include "snapshot.h"

const struct snapshot_entry *snapshot_entry(
	const struct region *region, uint64_t root, uint32_t list)
{
	uint32_t block = (uint32_t)(root & ((1u << SNAPSHOT_BLOCK_BITS) - 1));
	uint32_t table = snapshot_block(region, block)->child[list / SNAPSHOT_ENTRIES];

	return table ? &snapshot_block(region, table)->entry[list % SNAPSHOT_ENTRIES] : NULL;
}

int64_t snapshot_next_list(const struct region *region, uint64_t root, uint32_t list,
	const struct snapshot_entry **entry)
{
	/* Acquire pairs with snapshot_set_list(): no list of this picture is above it. */
	uint32_t high = rcu_load_acquire(&region->list_high);

	while (list < high) {
		*entry = snapshot_entry(region, root, list);
		if (*entry == NULL)
			list = (list / SNAPSHOT_ENTRIES + 1) * SNAPSHOT_ENTRIES;
		else if ((*entry)->active)
			return list;
		else
			list++;
	}
	return -1;
}

/* A run that may still grow, and what to do with it. */
struct run {
	snapshot_run_t fn;
	void *ctx;
	uint32_t list;
	uint32_t first;
	uint32_t n;
	uint64_t left; /* Pages in use that were not seen yet: nothing is behind the last. */
};

static int run_flush(struct run *run)
{
	uint32_t n = run->n;

	run->n = 0;
	return n ? run->fn(run->ctx, run->list, run->first, n) : 0;
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
static int block_runs(const struct region *region, struct run *run, uint32_t block,
	unsigned int height, uint32_t base)
{
	const struct snapshot_block *b = snapshot_block(region, block);
	uint32_t span;
	int ret = 0;

	if (block == 0)
		return 0;
	if (height == 0) {
		for (uint32_t i = 0; i < SNAPSHOT_LEAF_PAGES / 64 && run->left && !ret; i++)
			ret = word_runs(run, b->mask[i], base + i * 64);
		return ret;
	}
	span = (uint32_t)snapshot_span(height - 1);
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN && run->left && !ret; i++)
		ret = b->child[i] == SNAPSHOT_ALL
			      ? run_add(run, base + i * span, span)
			      : block_runs(region, run, b->child[i], height - 1, base + i * span);
	return ret;
}

int snapshot_runs(const struct region *region, const struct snapshot_entry *entry, uint32_t list,
	uint32_t n_pages, snapshot_run_t fn, void *ctx)
{
	struct run run = {.fn = fn, .ctx = ctx, .list = list, .left = entry->used};
	int ret;

	if (entry->full)
		return fn(ctx, list, 0, n_pages);
	if (entry->child == SNAPSHOT_ALL)
		return fn(ctx, list, 0, (uint32_t)entry->used);
	ret = block_runs(region, &run, entry->child, entry->height, 0);
	return ret ? ret : run_flush(&run);
}
