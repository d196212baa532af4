/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_RADIX_LANES_H
#define RCU_RADIX_LANES_H

/*
 * Several descents of a radix tree side by side, one in each lane: the loads of
 * one level do not wait for each other, and misses overlap.  The includer has
 * chosen its lanes by a lanes_*.h.
 */

#include "radix.h"

/* A view, its numbers in all lanes. */
struct rcu_lanes_view {
	const struct rcu_radix_view *at;
	struct rcu_lanes first;
	struct rcu_lanes len; /* Of the window, in bytes of its words. */
};

RCU_LANES_INLINE struct rcu_lanes_view rcu_lanes_view(const struct rcu_radix_view *view)
{
	return (struct rcu_lanes_view){
		view, rcu_lanes_all(view->window_first), rcu_lanes_all(view->window_cnt * 8)};
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

/*
 * From keys to words, all the way from the root table; 0 for keys from 2^48 on.
 * By pointer: gcc 12 clears the upper halves of a struct of one register on its
 * return.
 */
static RCU_LANES_TARGET __attribute__((noinline)) void rcu_lanes_far(
	const struct rcu_radix *tree, struct rcu_lanes *lanes)
{
	struct rcu_lanes keys = *lanes;
	struct rcu_lanes_mask low = rcu_lanes_are(keys, ~0ull << RCU_RADIX_LOW_BITS, 0);
	struct rcu_lanes at = rcu_lanes_and(rcu_lanes_shift(keys, RCU_RADIX_TOP - 3), ~7ull);
	struct rcu_lanes words = rcu_lanes_load(rcu_lanes_all(0), low, tree->root, at);

	TEST_POINT("lookup.node");
	words = rcu_lanes_descend(
		words, rcu_lanes_nodes(words), rcu_lanes_offset(keys, RCU_RADIX_MID));
	TEST_POINT("lookup.leaf");
	*lanes = rcu_lanes_descend(
		words, rcu_lanes_nodes(words), rcu_lanes_offset(keys, RCU_RADIX_MIN));
}

/* rcu_radix_view_lookup() of each key; 0 for keys from 2^48 on. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_lookup(
	const struct rcu_lanes_view *view, struct rcu_lanes keys)
{
	struct rcu_lanes at = rcu_lanes_and(
		rcu_lanes_shift(rcu_lanes_sub(keys, view->first), RCU_RADIX_MID - 3), ~7ull);
	struct rcu_lanes words = rcu_lanes_load(
		rcu_lanes_all(0), rcu_lanes_below(at, view->len), view->at->window, at);
	struct rcu_lanes_mask nodes = rcu_lanes_nodes(words);

	if (__builtin_expect(rcu_lanes_bits(rcu_lanes_are(words, ~0ull, 0)) != 0, 0)) {
		rcu_lanes_far(view->at->tree, &keys);
		return keys;
	}
	if (rcu_lanes_bits(nodes) == 0)
		return words;
	TEST_POINT("lookup.leaf");
	return rcu_lanes_descend(words, nodes, rcu_lanes_offset(keys, RCU_RADIX_MIN));
}

#endif /* RCU_RADIX_LANES_H */
