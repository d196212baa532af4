/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_RADIX_H
#define RCU_RADIX_H

/*
 * A radix tree from 64-bit keys to 60-bit values, written by one thread at a
 * time and read by any number without locks.
 *
 * A tree is a table of 2^18 words, one for each GiB of the low 2^48 bytes,
 * over nodes of 512 words: a word of 1 GiB may point to 512 words of 2 MiB,
 * each of these to 512 words of 4 KiB.  Keys from 2^48 upwards go through
 * three more levels first.  A word is a node, empty, or a value of the user's,
 * told by its low four bits; the tree does not know what values mean.
 *
 * INV-RADIX-1  A word changes by one aligned store; readers see the old or the
 *              new one.  That store is the linearization point of an update.
 * INV-RADIX-2  A node is complete before a word points to it, serves one
 *              prefix, and stays for the life of the tree: a reader may stand
 *              in it for ever.
 * INV-RADIX-3  A word that is a node never becomes anything else.
 * INV-RADIX-4  A value means the same wherever in its range it stands (values
 *              are position-independent), so a word can be split by copying.
 * INV-RADIX-5  The nodes of 1 GiB in the window, a range of keys that a tree may
 *              have, stand side by side, one for each GiB, whether or not the
 *              root table leads to them.  A word of theirs that is not 0 is
 *              what a descent from the root would find; 0 tells nothing.  So
 *              readers of keys in the window look there first, and save a load.
 */

#include <stddef.h>
#include <stdint.h>

#include "atomic.h"
#include "point.h"

#define RCU_RADIX_BITS     9
#define RCU_RADIX_FANOUT   (1u << RCU_RADIX_BITS)
#define RCU_RADIX_MIN      12 /* log2 of the bytes under the finest word */
#define RCU_RADIX_MID      21
#define RCU_RADIX_TOP      30 /* ... under a word of the root table */
#define RCU_RADIX_LOW_BITS 48 /* keys below 2^48 start at the root table */
#define RCU_RADIX_ROOT_LEN (1u << (RCU_RADIX_LOW_BITS - RCU_RADIX_TOP))
#define RCU_RADIX_HIGH     57 /* log2 of the bytes under a word of the high table */
#define RCU_RADIX_HIGH_LEN (1u << (64 - RCU_RADIX_HIGH))

#define RCU_RADIX_TAG  15ull /* Mask of the tag bits. */
#define RCU_RADIX_NODE 1ull  /* Tag of an interior word; even ones are the user's, 0 is empty. */

#define RCU_RADIX_NODE_SHIFT 12 /* log2 of the bytes of a node. */

struct rcu_radix_node {
	uint64_t words[RCU_RADIX_FANOUT]; /* Writer stores (release), readers load (acquire). */
} __attribute__((aligned(1 << RCU_RADIX_NODE_SHIFT)));

_Static_assert(sizeof(struct rcu_radix_node) == 1 << RCU_RADIX_NODE_SHIFT, "a node is a page");

struct rcu_radix {
	/* Writer stores (release), readers load (acquire), both tables; the hot one stands first.
	 */
	uint64_t root[RCU_RADIX_ROOT_LEN];
	uint64_t high[RCU_RADIX_HIGH_LEN];
	struct rcu_radix_node *pool; /* Immutable: zeroed nodes, handed out once each. */
	uint32_t node_max;           /* Immutable. */
	/* Immutable, all of these: the window, none without nodes. */
	uint32_t window_cnt; /* Nodes, and GiB. */
	uint64_t window_first;
	struct rcu_radix_node *window; /* Zeroed at first, as the pool. */
	/* Writer only (relaxed; statistics look at it), away from what readers load. */
	uint32_t node_cnt __attribute__((aligned(64)));
};

/* A tree as a reader keeps it at hand: copies of what does not change. */
struct rcu_radix_view {
	const uint64_t *window; /* Words of 2 MiB. */
	uint64_t window_first;
	uint64_t window_cnt; /* Words. */
	const struct rcu_radix *tree;
};

static inline struct rcu_radix_node *rcu_radix_child(uint64_t word)
{
	return (struct rcu_radix_node *)(uintptr_t)(word - RCU_RADIX_NODE);
}

static inline bool rcu_radix_is_node(uint64_t word)
{
	return word & RCU_RADIX_NODE;
}

/* Which of nodes that stand side by side a word leads to; a huge number when it leads elsewhere,
 * also into the middle of one: rotated, what is below a node's size is above everything. */
static inline uint64_t rcu_radix_node_number(uint64_t word, const struct rcu_radix_node *nodes)
{
	uint64_t off = word - RCU_RADIX_NODE - (uint64_t)(uintptr_t)nodes;

	return off >> RCU_RADIX_NODE_SHIFT | off << (64 - RCU_RADIX_NODE_SHIFT);
}

/*
 * False: a word that says so leads to no node of the pool.  Somebody who is no
 * writer has damaged it, and it must not lead anybody astray (guarantee G7).
 */
static inline bool rcu_radix_in_pool(const struct rcu_radix *tree, uint64_t word)
{
	return rcu_radix_node_number(word, tree->pool) < tree->node_max;
}

/* The same of any node of the tree. */
static inline bool rcu_radix_in_tree(const struct rcu_radix *tree, uint64_t word)
{
	return rcu_radix_in_pool(tree, word) ||
	       rcu_radix_node_number(word, tree->window) < tree->window_cnt;
}

/*
 * The word that covers a key below 2^48; 0 when empty, or when one that should
 * lead on is damaged (a node at the last level comes as it is, and is no value).
 * Wait-free: at most three loads.  Each load (acquire) pairs with the store of the
 * same word in radix_store(): what the word leads to is complete (INV-RADIX-2).
 */
static inline uint64_t rcu_radix_lookup_low(const struct rcu_radix *tree, uint64_t key)
{
	uint64_t word = rcu_load_acquire(&tree->root[key >> RCU_RADIX_TOP]);

	if (__builtin_expect(!rcu_radix_is_node(word), 0))
		return word;
	if (__builtin_expect(!rcu_radix_in_tree(tree, word), 0))
		return 0;
	TEST_POINT("lookup.node");
	word = rcu_load_acquire(
		&rcu_radix_child(word)->words[(key >> RCU_RADIX_MID) & (RCU_RADIX_FANOUT - 1)]);
	if (__builtin_expect(!rcu_radix_is_node(word), 1))
		return word;
	if (__builtin_expect(!rcu_radix_in_pool(tree, word), 0))
		return 0;
	TEST_POINT("lookup.leaf");
	return rcu_load_acquire(
		&rcu_radix_child(word)->words[(key >> RCU_RADIX_MIN) & (RCU_RADIX_FANOUT - 1)]);
}

/* The word that covers a key of 2^48 or more: six loads at most. */
uint64_t rcu_radix_lookup_high(const struct rcu_radix *tree, uint64_t key);

static inline bool rcu_radix_is_low(uint64_t key)
{
	return __builtin_expect((key >> RCU_RADIX_TOP) < RCU_RADIX_ROOT_LEN, 1);
}

/* The word that covers any key. */
static inline uint64_t rcu_radix_lookup(const struct rcu_radix *tree, uint64_t key)
{
	return rcu_radix_is_low(key) ? rcu_radix_lookup_low(tree, key)
				     : rcu_radix_lookup_high(tree, key);
}

static inline struct rcu_radix_view rcu_radix_view(const struct rcu_radix *tree)
{
	return (struct rcu_radix_view){.window = tree->window ? tree->window->words : NULL,
		.window_first = tree->window_first,
		.window_cnt = (uint64_t)tree->window_cnt * RCU_RADIX_FANOUT,
		.tree = tree};
}

/* Which word of the window covers a key: there is none from `window_cnt` on. */
static inline uint64_t rcu_radix_view_index(const struct rcu_radix_view *view, uint64_t key)
{
	return (key - view->window_first) >> RCU_RADIX_MID;
}

/* That word: a node, a value, or 0 where the tree has to be asked from its root (INV-RADIX-5). */
static inline uint64_t rcu_radix_view_word(const struct rcu_radix_view *view, uint64_t i)
{
	TEST_POINT("lookup.node");
	/* Acquire: pairs with radix_store(), as in rcu_radix_lookup_low(). */
	return rcu_load_acquire(&view->window[i]);
}

/* The word of the window for a key, followed to the last level, or 0.  At most two loads. */
static inline uint64_t rcu_radix_view_near(const struct rcu_radix_view *view, uint64_t key)
{
	uint64_t i = rcu_radix_view_index(view, key);
	uint64_t word;

	if (__builtin_expect(i >= view->window_cnt, 0))
		return 0;
	word = rcu_radix_view_word(view, i);
	if (__builtin_expect(!rcu_radix_is_node(word), 1))
		return word;
	if (__builtin_expect(!rcu_radix_in_pool(view->tree, word), 0))
		return 0;
	TEST_POINT("lookup.leaf");
	/* Acquire: pairs with radix_store(), as in rcu_radix_lookup_low(). */
	return rcu_load_acquire(
		&rcu_radix_child(word)->words[(key >> RCU_RADIX_MIN) & (RCU_RADIX_FANOUT - 1)]);
}

/* The word that covers any key. */
static inline uint64_t rcu_radix_view_lookup(const struct rcu_radix_view *view, uint64_t key)
{
	uint64_t word = rcu_radix_view_near(view, key);

	return __builtin_expect(word != 0, 1) ? word : rcu_radix_lookup(view->tree, key);
}

/* A word that was found, and where: those behind it in its table are `left` - 1. */
struct rcu_radix_found {
	uint64_t word;
	const uint64_t *at;
	unsigned int left;
	unsigned int shift; /* log2 of the bytes that each word covers. */
};

/* The word that covers any key, from the root on. */
struct rcu_radix_found rcu_radix_find(const struct rcu_radix *tree, uint64_t key);

/* The word at index i of a table. */
static inline struct rcu_radix_found rcu_radix_found(
	const uint64_t *words, unsigned int i, unsigned int len, unsigned int shift)
{
	/* Acquire: pairs with radix_store(), as in rcu_radix_lookup_low(). */
	return (struct rcu_radix_found){rcu_load_acquire(&words[i]), &words[i], len - i, shift};
}

/* As rcu_radix_view_lookup(). */
static inline struct rcu_radix_found rcu_radix_view_find(
	const struct rcu_radix_view *view, uint64_t key)
{
	uint64_t i = rcu_radix_view_index(view, key);
	struct rcu_radix_found found;

	if (__builtin_expect(i >= view->window_cnt, 0))
		return rcu_radix_find(view->tree, key);
	found = rcu_radix_found(
		view->window, (unsigned int)i, (unsigned int)view->window_cnt, RCU_RADIX_MID);
	if (rcu_radix_is_node(found.word)) {
		if (rcu_radix_in_pool(view->tree, found.word))
			return rcu_radix_found(rcu_radix_child(found.word)->words,
				(key >> RCU_RADIX_MIN) & (RCU_RADIX_FANOUT - 1), RCU_RADIX_FANOUT,
				RCU_RADIX_MIN);
	} else if (found.word) {
		return found;
	}
	return rcu_radix_find(view->tree, key);
}

/* How many bytes from `key` on, at most `want`, have the word that was found for it; those of its
 * table are looked at. */
static inline uint64_t rcu_radix_found_run(
	const struct rcu_radix_found *found, uint64_t key, uint64_t want)
{
	uint64_t span = 1ull << found->shift;
	uint64_t run = span - (key & (span - 1));

	/* Acquire: pairs with radix_store(), as in rcu_radix_lookup_low(). */
	for (unsigned int i = 1;
		run < want && i < found->left && rcu_load_acquire(&found->at[i]) == found->word;
		i++)
		run += span;
	return run < want ? run : want;
}

/* True for a key below 2^48 under an empty word of the root table: nothing is there. */
static inline bool rcu_radix_root_empty(const struct rcu_radix *tree, uint64_t key)
{
	return rcu_radix_is_low(key) &&
	       /* Acquire: as in rcu_radix_lookup_low(), pairs with radix_store(). */
	       rcu_load_acquire(&tree->root[key >> RCU_RADIX_TOP]) == 0;
}

/* Nodes in use, those of the window included. */
uint32_t rcu_radix_node_cnt(const struct rcu_radix *tree);

/* ---- Writer: one at a time, kept apart by the caller ---- */

/* Nodes that are left in the pool. */
static inline uint32_t rcu_radix_room(const struct rcu_radix *tree)
{
	return tree->node_cnt < tree->node_max ? tree->node_max - tree->node_cnt : 0;
}

/* A zeroed tree gets its pool of zeroed nodes. */
void rcu_radix_init(struct rcu_radix *tree, struct rcu_radix_node *pool, uint32_t node_max);

/* An empty tree gets a window of `cnt` GiB from `first` on, a multiple of 1 GiB, and its zeroed
 * nodes. */
void rcu_radix_set_window(
	struct rcu_radix *tree, struct rcu_radix_node *nodes, uint64_t first, uint32_t cnt);

/*
 * Create the nodes without which [first, last] cannot be updated: those where
 * it covers a word in part.  Changes no answer.  Returns 0, -ENOSPC, or
 * -ENOTRECOVERABLE (a word that should lead to a node is damaged); nodes
 * made before that stay, they are reached by the next try.
 */
int rcu_radix_reserve(struct rcu_radix *tree, uint64_t first, uint64_t last);

/*
 * How many nodes of the pool rcu_radix_reserve() would take: for all ranges of an ascending
 * sequence, when `before` is the last key of the range before this one; NULL: there is none.
 */
uint32_t rcu_radix_missing(
	const struct rcu_radix *tree, uint64_t first, uint64_t last, const uint64_t *before);

/* New value for the word that covers [base, base + 2^shift) and holds `old` now. */
typedef uint64_t (*rcu_radix_update_t)(void *ctx, uint64_t base, unsigned int shift, uint64_t old);

/*
 * Give every word of [first, last] the value that `fn` returns for it.  The
 * range must have been reserved.  Words of 4 KiB that the range covers in part
 * are passed too: bounds finer than that are the user's.
 */
void rcu_radix_update(
	struct rcu_radix *tree, uint64_t first, uint64_t last, rcu_radix_update_t fn, void *ctx);

#endif /* RCU_RADIX_H */
