/* SPDX-License-Identifier: BSD-3-Clause */
/* Trees whose words are not believed: a node is one of the pool's, and entered once. */

#include <errno.h>
#include <stdlib.h>

#include "check_state.h"
#include "index.h"
#include "os.h"

/* A walk over one tree. */
struct tree_walk {
	struct check *check;
	enum check_tree tree;
	check_word_t fn;
	uint64_t *entered; /* A bit for each node. */
};

const char *check_tree_name(enum check_tree tree)
{
	static const char *const names[] = {
		"index by virtual address", "index by IO address", "index of external memory"};

	return names[tree];
}

static const struct rcu_radix *tree_at(const struct check *check, enum check_tree tree)
{
	return (const void *)(check->image->base + check->layout->trees[tree]);
}

/* Nodes are numbered as they stand: those of the window, then those of the pool. */
static uint64_t node_off(const struct check *check, enum check_tree tree, int64_t node)
{
	return check->layout->windows[tree] + (uint64_t)node * sizeof(struct rcu_radix_node);
}

/* Number of the node of 1 GiB that the window has for a key, or -1. */
static int64_t window_node(const struct check *check, enum check_tree tree, uint64_t key)
{
	struct region_window window = region_window(check->region, check->layout, (int)tree);
	uint64_t gib = (key - window.first) >> RCU_RADIX_TOP;

	return gib < window.cnt ? (int64_t)gib : -1;
}

/* Number of the node that a word at `key` leads to, which covers 2^shift bytes; or -1. */
static int64_t node_of(const struct check *check, enum check_tree tree, uint64_t word, uint64_t key,
	unsigned int shift)
{
	uint64_t off = (uint64_t)(uintptr_t)rcu_radix_child(word) - check->region->base -
		       check->layout->windows[tree];
	uint64_t node = off / sizeof(struct rcu_radix_node);
	uint32_t max = check->region->shape.max_nodes, cnt = tree_at(check, tree)->node_cnt;
	int64_t near = shift == RCU_RADIX_TOP ? window_node(check, tree, key) : -1;

	if (off % sizeof(struct rcu_radix_node) || shift <= RCU_RADIX_MIN)
		return -1;
	if (near >= 0 || node < check->layout->window_cnts[tree])
		return near >= 0 && node == (uint64_t)near ? near : -1;
	return node - check->layout->window_cnts[tree] < (cnt < max ? cnt : max) ? (int64_t)node
										 : -1;
}

uint64_t check_lookup(const struct check *check, enum check_tree tree, uint64_t key)
{
	bool low = rcu_radix_is_low(key);
	unsigned int shift = low ? RCU_RADIX_TOP : RCU_RADIX_HIGH;
	const struct rcu_radix *at = tree_at(check, tree);
	uint64_t word = low ? at->root[key >> shift] : at->high[key >> shift];

	while (rcu_radix_is_node(word)) {
		int64_t node = node_of(check, tree, word, key, shift);
		const struct rcu_radix_node *words;

		if (node < 0)
			return 0;
		shift -= RCU_RADIX_BITS;
		words = (const void *)(check->image->base + node_off(check, tree, node));
		word = words->words[key >> shift & (RCU_RADIX_FANOUT - 1)];
	}
	return word;
}

/* The words of a table at `off`, which cover 2^shift bytes each, from key `base` on. */
static void walk_table(
	const struct tree_walk *walk, uint64_t off, uint64_t len, uint64_t base, unsigned int shift)
{
	struct check *check = walk->check;
	const uint64_t *words = (const void *)(check->image->base + off);

	for (uint64_t i = 0; i < len; i++) {
		uint64_t key = base + (i << shift), word;
		int64_t node;

		/* Tables begin at a page; what is a hole is empty. */
		if (i % RCU_RADIX_FANOUT == 0 && !image_has(check->image, off + i * 8)) {
			i += RCU_RADIX_FANOUT - 1;
			continue;
		}
		word = words[i];
		if (word == 0)
			continue;
		if (!rcu_radix_is_node(word)) {
			if ((word & RCU_RADIX_TAG) == 0 || (word & RCU_RADIX_TAG) > INDEX_MIXED)
				check_finding(check, "%s: word %#llx at %#llx means nothing",
					check_tree_name(walk->tree), (unsigned long long)word,
					(unsigned long long)key);
			else
				walk->fn(check, key, shift, word);
			continue;
		}
		node = node_of(check, walk->tree, word, key, shift);
		if (node < 0 || check_bit(walk->entered, (uint64_t)node)) {
			check_finding(check, "%s: word %#llx at %#llx leads to %s",
				check_tree_name(walk->tree), (unsigned long long)word,
				(unsigned long long)key,
				node < 0 ? "no node" : "a node of another word");
			continue;
		}
		walk->entered[node / 64] |= 1ull << (node % 64);
		walk_table(walk, node_off(check, walk->tree, node), RCU_RADIX_FANOUT, key,
			shift - RCU_RADIX_BITS);
	}
}

static void check_zero(struct check *check, enum check_tree tree, uint64_t off)
{
	const uint64_t *words = (const void *)(check->image->base + off);

	for (unsigned int i = 0; i < RCU_RADIX_FANOUT; i++) {
		if (words[i] == 0)
			continue;
		check_finding(check, "%s: node %llu was never used and is not zero",
			check_tree_name(tree),
			(unsigned long long)(off - node_off(check, tree, 0)) /
				sizeof(struct rcu_radix_node));
		return;
	}
}

/* INV-RADIX-5: what the root table does not lead to holds nothing, or its word. */
static void check_window(struct check *check, const struct tree_walk *walk)
{
	const struct rcu_radix *at = tree_at(check, walk->tree);
	struct region_window window = region_window(check->region, check->layout, (int)walk->tree);
	uint64_t end = node_off(check, walk->tree, window.cnt);
	uint64_t off = node_off(check, walk->tree, 0);

	for (; check->image->data && (off = image_next(check->image, off, end)) < end;
		off += sizeof(struct rcu_radix_node)) {
		uint64_t node =
			(off - node_off(check, walk->tree, 0)) / sizeof(struct rcu_radix_node);
		uint64_t root = at->root[(window.first >> RCU_RADIX_TOP) + node];
		const uint64_t *words = (const void *)(check->image->base + off);

		for (unsigned int i = 0; !check_bit(walk->entered, node) && i < RCU_RADIX_FANOUT;
			i++)
			if (words[i] && words[i] != root) {
				check_finding(check,
					"%s: node %llu of the window is not what the root says",
					check_tree_name(walk->tree), (unsigned long long)node);
				break;
			}
	}
}

/* Nodes that were not handed out yet are zero: they are taken as they are. */
static void check_unused(struct check *check, enum check_tree tree, uint32_t cnt)
{
	uint64_t end = node_off(
		check, tree, check->layout->window_cnts[tree] + check->region->shape.max_nodes);
	uint64_t off = node_off(check, tree, cnt);

	for (; check->image->data && (off = image_next(check->image, off, end)) < end;
		off += sizeof(struct rcu_radix_node))
		check_zero(check, tree, off);
}

void check_tree(struct check *check, enum check_tree tree, check_word_t fn)
{
	const struct rcu_radix *at = tree_at(check, tree);
	struct region_window window = region_window(check->region, check->layout, (int)tree);
	uint32_t max = check->region->shape.max_nodes;
	struct tree_walk walk = {.check = check, .tree = tree, .fn = fn};

	if ((uint64_t)(uintptr_t)at->pool != check->region->base + check->layout->nodes[tree] ||
		(uint64_t)(uintptr_t)at->window !=
			check->region->base + check->layout->windows[tree] ||
		at->window_cnt != window.cnt || at->window_first != window.first ||
		at->node_max != max)
		check_finding(
			check, "%s: its nodes are not where they belong", check_tree_name(tree));
	if (at->node_cnt > max)
		check_finding(check, "%s: %u nodes in use, of %u", check_tree_name(tree),
			at->node_cnt, max);
	walk.entered = calloc((check->layout->window_cnts[tree] + max + 63) / 64, sizeof(uint64_t));
	if (walk.entered == NULL) {
		check->err = -ENOMEM;
		return;
	}
	walk_table(&walk, check->layout->trees[tree], RCU_RADIX_ROOT_LEN, 0, RCU_RADIX_TOP);
	walk_table(&walk, check->layout->trees[tree] + offsetof(struct rcu_radix, high),
		RCU_RADIX_HIGH_LEN, 0, RCU_RADIX_HIGH);
	check_window(check, &walk);
	free(walk.entered);
	/* One is taken before it is stored. */
	check_unused(check, tree,
		check->layout->window_cnts[tree] +
			(check->idle && at->node_cnt < max ? at->node_cnt : max));
}
