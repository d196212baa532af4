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
	struct rcu_lanes cnt;
	struct rcu_lanes pool;
	struct rcu_lanes node_max;
};

RCU_LANES_INLINE struct rcu_lanes_view rcu_lanes_view(const struct rcu_radix_view *view)
{
	return (struct rcu_lanes_view){view, rcu_lanes_all(view->window_first),
		rcu_lanes_all(view->window_cnt), rcu_lanes_all((uintptr_t)view->tree->pool),
		rcu_lanes_all(view->tree->node_max)};
}

RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_nodes(struct rcu_lanes words)
{
	return rcu_lanes_are(words, RCU_RADIX_NODE, RCU_RADIX_NODE);
}

/* The lanes whose word is in [base, base + (cnt << shift)); `shift` is not 0: rcu_lanes_below(). */
RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_within(
	struct rcu_lanes words, struct rcu_lanes base, struct rcu_lanes cnt, unsigned int shift)
{
	return rcu_lanes_below(rcu_lanes_shift(rcu_lanes_sub(words, base), shift), cnt);
}

/* rcu_radix_in_pool() of each node: a page begins at a multiple of its size, the tag is below. */
RCU_LANES_INLINE struct rcu_lanes_mask rcu_lanes_in_pool(
	const struct rcu_lanes_view *view, struct rcu_lanes words, struct rcu_lanes_mask nodes)
{
	return rcu_lanes_both(
		nodes, rcu_lanes_within(words, view->pool, view->node_max, RCU_RADIX_NODE_SHIFT));
}

/*
 * From words to those that the nodes among them lead to, for keys of which a
 * word there covers 2^shift bytes.  A node begins at a page: the byte offset of
 * the next word fits into its address.
 */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_descend(struct rcu_lanes words,
	struct rcu_lanes_mask nodes, struct rcu_lanes keys, unsigned int shift)
{
	struct rcu_lanes at = rcu_lanes_fill(
		words, rcu_lanes_shift(keys, shift - 3), (RCU_RADIX_FANOUT - 1) * 8ull);

	return rcu_lanes_load(words, nodes, 0 - RCU_RADIX_NODE, at, 1);
}

/* rcu_radix_view_near() of each key, or a word that is no value. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_near(
	const struct rcu_lanes_view *view, struct rcu_lanes keys)
{
	struct rcu_lanes i = rcu_lanes_shift(rcu_lanes_sub(keys, view->first), RCU_RADIX_MID);
	struct rcu_lanes words = rcu_lanes_load(rcu_lanes_all(0), rcu_lanes_below(i, view->cnt),
		(uintptr_t)view->at->window, i, sizeof(uint64_t));
	struct rcu_lanes_mask nodes = rcu_lanes_nodes(words);

	if (rcu_lanes_bits(nodes) == 0)
		return words;
	TEST_POINT("lookup.leaf");
	return rcu_lanes_descend(words, rcu_lanes_in_pool(view, words, nodes), keys, RCU_RADIX_MIN);
}

/* rcu_radix_lookup_low() of each key, or a word that is no value; 0 for keys from 2^48 on. */
RCU_LANES_INLINE struct rcu_lanes rcu_lanes_far(
	const struct rcu_lanes_view *view, struct rcu_lanes keys)
{
	struct rcu_lanes_mask low = rcu_lanes_are(keys, ~0ull << RCU_RADIX_LOW_BITS, 0);
	const struct rcu_radix *tree = view->at->tree;
	struct rcu_lanes words = rcu_lanes_load(rcu_lanes_all(0), low, (uintptr_t)tree->root,
		rcu_lanes_shift(keys, RCU_RADIX_TOP), sizeof(uint64_t));
	struct rcu_lanes_mask nodes = rcu_lanes_nodes(words);
	struct rcu_lanes_mask pool = rcu_lanes_in_pool(view, words, nodes);
	struct rcu_lanes_mask window = rcu_lanes_both(
		nodes, rcu_lanes_within(words, rcu_lanes_all((uintptr_t)tree->window),
			       rcu_lanes_all(tree->window_cnt), RCU_RADIX_NODE_SHIFT));

	TEST_POINT("lookup.node");
	words = rcu_lanes_descend(words, rcu_lanes_either(pool, window), keys, RCU_RADIX_MID);
	TEST_POINT("lookup.leaf");
	return rcu_lanes_descend(
		words, rcu_lanes_in_pool(view, words, rcu_lanes_nodes(words)), keys, RCU_RADIX_MIN);
}

#endif /* RCU_RADIX_LANES_H */
