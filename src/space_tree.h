/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPACE_TREE_H
#define SPACE_TREE_H

/*
 * Filling the tree of a map that nobody reads yet.
 *
 * rcu_radix_reserve() and _update() would do, but they visit every word twice
 * and ask a callback about each, because they keep a tree readable between any
 * two stores.  Here only the store of the map's pointer is seen: 509 regions
 * take a quarter of the time (docs/adr).
 */

#include "space_map.h"

/* Exactly the nodes that the tree of these sorted, disjoint regions has. */
uint64_t space_tree_node_cnt(const struct space_region *regions, uint32_t cnt);

/* Let the words of a region lead to it; regions are added in ascending order.  Nodes come from the
 * pool, of which the first `dirty` are not zero. */
void space_tree_add(struct rcu_radix *tree, uint32_t dirty, const struct space_region *region);

/* Empty a tree of these regions that nobody reads any more; its nodes are dirty. */
void space_tree_clear(struct rcu_radix *tree, const struct space_region *regions, uint32_t cnt);

#endif /* SPACE_TREE_H */
