/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_RADIX_CURSOR_H
#define RCU_RADIX_CURSOR_H

/*
 * A place in a radix tree that many lookups of one burst share: the node of one
 * GiB.  It may be kept, for a node serves its prefix for ever (INV-RADIX-2, 3).
 */

#include "radix.h"

struct rcu_radix_cursor {
	const struct rcu_radix *tree;
	const struct rcu_radix_node *node; /* Of the keys whose upper bits are `top`. */
	uint64_t top; /* A key >> RCU_RADIX_TOP; UINT64_MAX, which no key has: no node. */
};

static inline struct rcu_radix_cursor rcu_radix_cursor(const struct rcu_radix *tree)
{
	return (struct rcu_radix_cursor){tree, NULL, UINT64_MAX};
}

/* Go to the node of a key, whose word of the root table is `word`; stay if that is no node. */
static inline void rcu_radix_cursor_move(
	struct rcu_radix_cursor *cursor, uint64_t key, uint64_t word)
{
	if (!rcu_radix_is_node(word))
		return;
	cursor->node = rcu_radix_child(word);
	cursor->top = key >> RCU_RADIX_TOP;
}

/*
 * rcu_radix_lookup_low() of a key; 0 for keys from 2^48 on.  Each load
 * (acquire) pairs with radix_store(): what the word leads to is complete.
 */
static inline __attribute__((always_inline)) uint64_t rcu_radix_cursor_lookup(
	struct rcu_radix_cursor *cursor, uint64_t key)
{
	uint64_t word;

	if (__builtin_expect(key >> RCU_RADIX_TOP != cursor->top, 0)) {
		if (!rcu_radix_is_low(key))
			return 0;
		word = rcu_load_acquire(&cursor->tree->root[key >> RCU_RADIX_TOP]);
		if (!rcu_radix_is_node(word))
			return word;
		rcu_radix_cursor_move(cursor, key, word);
	}
	TEST_POINT("lookup.node");
	word = rcu_load_acquire(
		&cursor->node->words[(key >> RCU_RADIX_MID) & (RCU_RADIX_FANOUT - 1)]);
	if (!rcu_radix_is_node(word))
		return word;
	TEST_POINT("lookup.leaf");
	return rcu_load_acquire(
		&rcu_radix_child(word)->words[(key >> RCU_RADIX_MIN) & (RCU_RADIX_FANOUT - 1)]);
}

#endif /* RCU_RADIX_CURSOR_H */
