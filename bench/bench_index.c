/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the index alone cost, as a tree that is inlined and knows nothing of
 * memory: a lookup, an update of one page's word, and the memory it takes?
 *
 * The tree is rcu/radix.h itself: this file alone may include it.  It holds the
 * pages of the world.  `bytes_per_segment` is of the runtime, which has three
 * such trees and maintains them by itself.
 */
#include "all.h"

#include <string.h>
#include <sys/mman.h>

#include <radix.h>
#include <rcumem.h>

#include "shim.h"
#include "world.h"

#define NODE_MAX 4096u /* 1,048,576 pages of 4 KiB need 2,053. */
#define USER_TAG 2u

static struct rcu_radix *tree;
static struct rcu_radix_node *pool;
static unsigned int tree_world; /* `id` of the world that the tree holds. */
static bool answers_wrong;      /* Written in setup(), read in run(). */

/* A page's word: its number, and the tag of a value. */
static uint64_t page_word(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	(void)base;
	(void)shift;
	(void)old;
	return *(uint64_t *)ctx << 4 | USER_TAG;
}

static void page_set(uint64_t addr, uint64_t len, uint64_t number)
{
	rcu_radix_update(tree, addr, addr + len - 1, page_word, &number);
}

static void *zeroed(size_t len)
{
	void *addr = mmap(NULL, len, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return addr == MAP_FAILED ? NULL : addr;
}

static void tree_drop(void)
{
	if (tree)
		munmap(tree, sizeof(*tree));
	if (pool)
		munmap(pool, NODE_MAX * sizeof(*pool));
	tree_world = 0;
}

static const char *tree_fill(void)
{
	tree_drop();
	tree = zeroed(sizeof(*tree));
	pool = zeroed(NODE_MAX * sizeof(*pool));
	if (!tree || !pool)
		return "no memory";
	rcu_radix_init(tree, pool, NODE_MAX);
	for (unsigned int i = 0; i < world.segments; i++) {
		uint64_t addr = world.seg[i]->addr_64, len = world.seg[i]->len;

		if (rcu_radix_reserve(tree, addr, addr + len - 1))
			return "not enough nodes";
		page_set(addr, len, i);
	}
	tree_world = world.id;
	return NULL;
}

/* Look at the answers themselves: the timed loop only counts them. */
static bool tree_right(void)
{
	for (uint32_t i = 0; i <= world.mask; i++) {
		uint64_t va = (uintptr_t)world.va[i];
		uint64_t number = rcu_radix_lookup(tree, va) >> 4;

		if (number >= world.segments ||
			va - world.seg[number]->addr_64 >= world.seg[number]->len)
			return false;
	}
	return true;
}

static const char *index_setup(const void *arg)
{
	const char *why = world_set(arg);

	if (!why && tree_world != world.id)
		why = tree_fill();
	answers_wrong = !why && !tree_right();
	return why;
}

/* What the runtime's index takes for each of its segments. */
static void memory_report(struct bench_state *state)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	if (rcumem_stats_get(&stats) || stats.segments != world.segments)
		bench_wrong(state, "the statistics do not count the segments");
	else
		bench_counter(state, "bytes_per_segment",
			(double)stats.index_nodes * sizeof(struct rcu_radix_node) /
				(double)stats.segments);
}

static void lookup_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct world w = world;
	const struct rcu_radix *const index = tree;
	uint64_t found = 0;

	(void)arg;
	for (uint64_t k = 0; k < iterations; k++)
		found += rcu_radix_lookup(index, (uintptr_t)w.va[k & w.mask]) != 0;
	if (found != iterations || answers_wrong)
		bench_wrong(state, "the tree does not lead to the page");
	memory_report(state);
}

/* Every update is to another value: one that changes nothing would store nothing. */
static void update_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const uint64_t mask = world.segments - 1;
	const struct rte_memseg *last = world.seg[(iterations - 1) & mask];

	(void)arg;
	for (uint64_t k = 0; k < iterations; k++) {
		const struct rte_memseg *ms = world.seg[k & mask];

		page_set(ms->addr_64, ms->len, k + 1);
	}
	if (rcu_radix_lookup(tree, last->addr_64) >> 4 != iterations)
		bench_wrong(state, "an update is not there");
	tree_world = 0; /* Its words are not the numbers of pages any more. */
}

void bench_index_add(size_t page_sz, unsigned int segments)
{
	static const struct bench lookup = {.setup = index_setup, .run = lookup_run};
	static const struct bench update = {.setup = index_setup, .run = update_run};
	struct world_point point = {.page_sz = page_sz, .segments = segments};

	for (int pattern = WORLD_SEQUENTIAL; pattern <= WORLD_RANDOM; pattern++) {
		point.pattern = (enum world_pattern)pattern;
		bench_add(&lookup, &point, sizeof(point), BENCH_EACH,
			"index_lookup/rcumem/%s/%s/segments:%u", world_page_name(page_sz),
			world_pattern_name(point.pattern), segments);
	}
	point.pattern = WORLD_SEQUENTIAL;
	bench_add(&update, &point, sizeof(point), 1, "index_update/rcumem/%s/%s/segments:%u",
		world_page_name(page_sz), world_pattern_name(point.pattern), segments);
}
