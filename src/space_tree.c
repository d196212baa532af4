/* SPDX-License-Identifier: BSD-3-Clause */
/* Filling the tree of a map that nobody reads yet: see space_tree.h. */

#include <assert.h>
#include <string.h>

#include "space_tree.h"

#define TREE_LOW_LAST ((1ull << RCU_RADIX_LOW_BITS) - 1) /* The tree has two halves. */

/* ---- How many nodes the tree will have ---- */

/* log2 of the bytes under the words that can be split; keys below 2^48 know the last two only. */
static const unsigned int tree_shifts[] = {RCU_RADIX_HIGH, RCU_RADIX_HIGH - RCU_RADIX_BITS,
	RCU_RADIX_HIGH - 2 * RCU_RADIX_BITS, RCU_RADIX_TOP, RCU_RADIX_MID};
#define TREE_LEVELS    (sizeof(tree_shifts) / sizeof(tree_shifts[0]))
#define TREE_LOW_LEVEL (TREE_LEVELS - 2)

struct tree_census {
	uint64_t split[TREE_LEVELS]; /* The last word counted at each level. */
	uint64_t nodes;
};

/* Count the words around `key` that [first, last] covers in part. */
static void census_edge(struct tree_census *census, uint64_t first, uint64_t last, uint64_t key)
{
	for (size_t i = key > TREE_LOW_LAST ? 0 : TREE_LOW_LEVEL; i < TREE_LEVELS; i++) {
		uint64_t word = key >> tree_shifts[i];
		uint64_t begin = word << tree_shifts[i];

		if (first <= begin && last - begin >= (1ull << tree_shifts[i]) - 1)
			return; /* Whole, and so is everything below. */
		if (word == census->split[i])
			continue;
		census->split[i] = word;
		census->nodes++;
	}
}

/*
 * A word becomes a node when a region covers it in part.  That can only happen
 * at a region's two ends, and as regions are sorted, words that several ends
 * share come one after the other.
 */
uint64_t space_tree_node_cnt(const struct space_region *regions, uint32_t cnt)
{
	struct tree_census census = {.nodes = 0};

	memset(census.split, 0xff, sizeof(census.split));
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t first = regions[i].iova, last = first + regions[i].span;

		census_edge(&census, first, last, first);
		if (first <= TREE_LOW_LAST && last > TREE_LOW_LAST) {
			first = TREE_LOW_LAST + 1;
			census_edge(&census, first, last, first);
		}
		census_edge(&census, first, last, last);
	}
	return census.nodes;
}

/* ---- Filling ---- */

struct tree_fill {
	struct rcu_radix *tree;
	uint32_t dirty;
	uint64_t value;
};

/* The node under a word; made when the word is empty. */
static struct rcu_radix_node *tree_node(const struct tree_fill *fill, uint64_t *word)
{
	struct rcu_radix *tree = fill->tree;
	struct rcu_radix_node *node;

	if (*word) {
		assert(rcu_radix_is_node(*word)); /* INV-MAP-2 */
		return rcu_radix_child(*word);
	}
	assert(tree->node_cnt < tree->node_max); /* space_tree_node_cnt() is exact. */
	node = &tree->pool[tree->node_cnt];
	if (tree->node_cnt++ < fill->dirty)
		memset(node, 0, sizeof(*node));
	*word = (uint64_t)(uintptr_t)node | RCU_RADIX_NODE;
	return node;
}

/* Index of the last word of a table. */
static uint64_t table_top(const struct rcu_radix *tree, const uint64_t *words, unsigned int shift)
{
	if (words == tree->root)
		return RCU_RADIX_ROOT_LEN - 1;
	return shift == RCU_RADIX_HIGH ? RCU_RADIX_HIGH_LEN - 1 : RCU_RADIX_FANOUT - 1;
}

static void words_fill(uint64_t *words, uint64_t begin, uint64_t end, uint64_t value)
{
	for (uint64_t i = begin; i < end; i++)
		words[i] = value;
}

/* The finest words: an earlier region may touch the first, and none any other. */
static void tree_leaf(uint64_t *words, uint64_t begin, uint64_t end, uint64_t value)
{
	if (words[begin])
		words[begin++] = SPACE_WORD_MIXED;
	words_fill(words, begin, end, value);
}

/*
 * Fill [first, last], which lies within one table whose words cover 2^shift
 * bytes each.  Plain stores: the store of the map's pointer publishes them all
 * (space_publish_locked()).
 */
static void tree_visit(const struct tree_fill *fill, uint64_t *words, unsigned int shift,
	uint64_t first, uint64_t last)
{
	const uint64_t mask = (1ull << shift) - 1;
	const uint64_t top = table_top(fill->tree, words, shift);
	uint64_t i = (first >> shift) & top, end = ((last >> shift) & top) + 1;

	if (shift == RCU_RADIX_MIN) {
		tree_leaf(words, i, end, fill->value);
		return;
	}
	if ((first & mask) || (i + 1 == end && (last & mask) != mask)) {
		tree_visit(fill, tree_node(fill, &words[i])->words, shift - RCU_RADIX_BITS, first,
			i + 1 == end ? last : first | mask);
		i++;
	}
	if (i < end && (last & mask) != mask) {
		end--;
		tree_visit(fill, tree_node(fill, &words[end])->words, shift - RCU_RADIX_BITS,
			last & ~mask, last);
	}
	words_fill(words, i, end, fill->value);
}

void space_tree_add(struct rcu_radix *tree, uint32_t dirty, const struct space_region *region)
{
	struct tree_fill fill = {.tree = tree,
		.dirty = dirty,
		.value = (uint64_t)(uintptr_t)region | SPACE_WORD_REGION};
	uint64_t first = region->iova, last = first + region->span;

	if (first <= TREE_LOW_LAST) {
		tree_visit(&fill, tree->root, RCU_RADIX_TOP, first,
			last < TREE_LOW_LAST ? last : TREE_LOW_LAST);
		first = TREE_LOW_LAST + 1;
	}
	if (last > TREE_LOW_LAST)
		tree_visit(&fill, tree->high, RCU_RADIX_HIGH, first, last);
}

void space_tree_clear(struct rcu_radix *tree, const struct space_region *regions, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		uint64_t first = regions[i].iova, last = first + regions[i].span;

		if (last > TREE_LOW_LAST)
			memset(tree->high, 0, sizeof(tree->high));
		if (first > TREE_LOW_LAST)
			continue;
		if (last > TREE_LOW_LAST)
			last = TREE_LOW_LAST;
		first >>= RCU_RADIX_TOP;
		memset(&tree->root[first], 0,
			((last >> RCU_RADIX_TOP) - first + 1) * sizeof(tree->root[0]));
	}
	tree->node_cnt = 0;
}
