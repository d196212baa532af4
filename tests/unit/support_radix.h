/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_RADIX_H
#define SUPPORT_RADIX_H

/* Trees to be tested, and values to put into them. */

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "radix.h"

/* More than any case needs; what is not used costs nothing. */
#define TREE_NODES 65536u

static inline void *tree_memory(size_t len)
{
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		abort();
	return va;
}

static inline struct rcu_radix *tree_new(uint32_t nodes)
{
	struct rcu_radix *tree = tree_memory(sizeof(*tree));

	rcu_radix_init(tree, tree_memory((nodes + 1ull) * sizeof(struct rcu_radix_node)), nodes);
	return tree;
}

static inline void tree_free(struct rcu_radix *tree)
{
	munmap(tree->pool, (tree->node_max + 1ull) * sizeof(struct rcu_radix_node));
	munmap(tree, sizeof(*tree));
}

/* The n-th value: any tag that is a user's, all the other bits in use. */
static inline uint64_t tree_value(uint64_t n)
{
	return (0x0abcdef000000000ull + n) << 4 | (2 + n % 7 * 2);
}

/* An update that gives every word the value in *ctx. */
static inline uint64_t word_const(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	(void)base;
	(void)shift;
	(void)old;
	return *(uint64_t *)ctx;
}

#endif /* SUPPORT_RADIX_H */
