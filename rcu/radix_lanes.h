/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_RADIX_LANES_H
#define RCU_RADIX_LANES_H

/*
 * Several descents of a radix tree side by side, one in each lane: the loads of
 * one level do not wait for each other, and misses overlap.  The includer has
 * chosen its lanes by a lanes_*.h.
 */

#include "radix_cursor.h"

/* A cursor, its prefix in all lanes. */
struct rcu_lanes_cursor {
	struct rcu_radix_cursor at;
	struct rcu_lanes top;
};

RCU_LANES_INLINE struct rcu_lanes_cursor rcu_lanes_cursor(const struct rcu_radix *tree)
{
	return (struct rcu_lanes_cursor){rcu_radix_cursor(tree), rcu_lanes_all(UINT64_MAX)};
}

/* The byte offset in a node of the words for these keys, which lie under 2^shift bytes each. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_offset(struct rcu_lanes keys, unsigned int shift)
{
	return rcu_lanes_and(rcu_lanes_shift(keys, shift - 3), (RCU_RADIX_FANOUT - 1) * 8ull);
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_nodes(struct rcu_lanes words)
{
	return rcu_lanes_are(words, RCU_RADIX_NODE, RCU_RADIX_NODE);
}

/* From words to those that the nodes among them lead to. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_descend(
	struct rcu_lanes words, struct rcu_lanes_mask nodes, struct rcu_lanes offset)
{
	offset = rcu_lanes_add(rcu_lanes_plus(words, 0 - RCU_RADIX_NODE), offset);
	return rcu_lanes_load(words, nodes, NULL, offset);
}

/* Keys of several GiB: from the root table on.  The cursor follows the first. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_spread(
	struct rcu_lanes_cursor *cursor, struct rcu_lanes keys)
{
	struct rcu_lanes_mask low = rcu_lanes_are(keys, ~0ull << RCU_RADIX_LOW_BITS, 0);
	struct rcu_lanes at = rcu_lanes_and(rcu_lanes_shift(keys, RCU_RADIX_TOP - 3), ~7ull);
	struct rcu_lanes words = rcu_lanes_load(rcu_lanes_all(0), low, cursor->at.tree->root, at);

	rcu_radix_cursor_move(&cursor->at, rcu_lanes_first(keys), rcu_lanes_first(words));
	cursor->top = rcu_lanes_all(cursor->at.top);
	TEST_POINT("lookup.node");
	return rcu_lanes_descend(
		words, rcu_lanes_nodes(words), rcu_lanes_offset(keys, RCU_RADIX_MID));
}

/* rcu_radix_lookup_low() of each key; 0 for keys from 2^48 on. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_lookup(
	struct rcu_lanes_cursor *cursor, struct rcu_lanes keys)
{
	struct rcu_lanes_mask near =
		rcu_lanes_equal(rcu_lanes_shift(keys, RCU_RADIX_TOP), cursor->top);
	struct rcu_lanes_mask nodes;
	struct rcu_lanes words;

	if (__builtin_expect(rcu_lanes_bits(near) == RCU_LANES_BITS, 1))
		words = rcu_lanes_load(
			keys, near, cursor->at.node->words, rcu_lanes_offset(keys, RCU_RADIX_MID));
	else
		words = rcu_lanes_spread(cursor, keys);
	nodes = rcu_lanes_nodes(words);
	if (rcu_lanes_bits(nodes) == 0)
		return words;
	TEST_POINT("lookup.leaf");
	return rcu_lanes_descend(words, nodes, rcu_lanes_offset(keys, RCU_RADIX_MIN));
}

#endif /* RCU_RADIX_LANES_H */
