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

struct rcu_radix_node {
	uint64_t words[RCU_RADIX_FANOUT]; /* Writer stores (release), readers load (acquire). */
} __attribute__((aligned(4096)));

struct rcu_radix {
	/* Writer stores (release), readers load (acquire), both tables; the hot one stands first.
	 */
	uint64_t root[RCU_RADIX_ROOT_LEN];
	uint64_t high[RCU_RADIX_HIGH_LEN];
	struct rcu_radix_node *pool; /* Immutable: zeroed nodes, handed out once each. */
	uint32_t node_max;           /* Immutable. */
	uint32_t node_cnt;           /* Writer only (relaxed; statistics look at it). */
};

static inline struct rcu_radix_node *rcu_radix_child(uint64_t word)
{
	return (struct rcu_radix_node *)(uintptr_t)(word - RCU_RADIX_NODE);
}

static inline bool rcu_radix_is_node(uint64_t word)
{
	return word & RCU_RADIX_NODE;
}

/*
 * The word that covers a key below 2^48; 0 when empty.  Wait-free: at most
 * three loads.  Each load (acquire) pairs with the store of the same word in
 * radix_store(): what the word leads to is complete (INV-RADIX-2).
 */
static inline uint64_t rcu_radix_lookup_low(const struct rcu_radix *tree, uint64_t key)
{
	uint64_t word = rcu_load_acquire(&tree->root[key >> RCU_RADIX_TOP]);

	if (__builtin_expect(!rcu_radix_is_node(word), 0))
		return word;
	TEST_POINT("lookup.node");
	word = rcu_load_acquire(
		&rcu_radix_child(word)->words[(key >> RCU_RADIX_MID) & (RCU_RADIX_FANOUT - 1)]);
	if (__builtin_expect(!rcu_radix_is_node(word), 1))
		return word;
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

/* ---- Writer: one at a time, kept apart by the caller ---- */

/* A zeroed tree gets its pool of zeroed nodes. */
void rcu_radix_init(struct rcu_radix *tree, struct rcu_radix_node *pool, uint32_t node_max);

/*
 * Create the nodes without which [first, last] cannot be updated: those where
 * it covers a word in part.  Changes no answer.  Returns 0 or -ENOSPC; nodes
 * made before the pool ran out stay, they are reached by the next try.
 */
int rcu_radix_reserve(struct rcu_radix *tree, uint64_t first, uint64_t last);

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
