/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What becomes of the radix tree's nodes: INV-RADIX-2 to 4 (rcu/radix.h), seen
 * from inside.  INV-RADIX-1, and the rest of 2: test_radix_reader.c.
 * RCUMEM_SEED repeats a run.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "radix.h"

#include "support_radix.h"
#include "support_random.h"

/* ---- INV-RADIX-2 ---- */

/* Which prefix each node of the pool serves: its first key and the size of its words. */
struct census {
	const struct rcu_radix *tree;
	uint64_t prefix[TREE_NODES];
	uint8_t shift[TREE_NODES]; /* 0: not seen yet. */
	uint32_t seen;             /* In this count. */
};

static void census_table(
	struct census *census, const uint64_t *words, uint64_t len, uint64_t base, uint8_t shift)
{
	for (uint64_t i = 0; i < len; i++) {
		uint64_t begin = base + (i << shift);
		uint8_t below = (uint8_t)(shift - RCU_RADIX_BITS);
		uint64_t n;

		if (!rcu_radix_is_node(words[i]))
			continue;
		n = (uint64_t)(rcu_radix_child(words[i]) - census->tree->pool);
		assert_in_range(n, 0, census->tree->node_cnt - 1);
		if (census->shift[n]) { /* Seen earlier: the same place, or it was used again. */
			assert_int_equal(census->shift[n], below);
			assert_int_equal(census->prefix[n], begin);
		}
		census->shift[n] = below;
		census->prefix[n] = begin;
		census->seen++;
		census_table(
			census, rcu_radix_child(words[i])->words, RCU_RADIX_FANOUT, begin, below);
	}
}

static void census_take(struct census *census)
{
	const struct rcu_radix *tree = census->tree;

	census->seen = 0;
	census_table(census, tree->high, RCU_RADIX_HIGH_LEN, 0, RCU_RADIX_HIGH);
	census_table(census, tree->root, RCU_RADIX_ROOT_LEN, 0, RCU_RADIX_TOP);
}

/* Paint and erase at random, counting the nodes after each update. */
static void check_nodes(void (*check)(const struct census *census))
{
	struct census *census = tree_memory(sizeof(*census));
	struct rcu_radix *tree = tree_new(TREE_NODES);

	census->tree = tree;
	for (unsigned int i = 0; i < 100; i++) {
		uint64_t first = random_u64() >> random_below(40);
		uint64_t last = first + random_size(50);
		uint64_t value = i % 3 ? tree_value(i) : 0;

		if (i % 10 == 9) { /* Erase all. */
			first = 0;
			last = UINT64_MAX;
			value = 0;
		}
		if (last < first)
			last = UINT64_MAX;
		assert_int_equal(rcu_radix_reserve(tree, first, last), 0);
		rcu_radix_update(tree, first, last, word_const, &value);
		census_take(census);
		check(census);
	}
	assert_true(tree->node_cnt > 50);
	tree_free(tree);
	munmap(census, sizeof(*census));
}

/* census_table() has compared each node's place with the one it had before. */
static void each_node_once(const struct census *census)
{
	assert_int_equal(census->seen, census->tree->node_cnt);
}

static void inv_radix_2_a_node_serves_one_prefix_for_the_life_of_the_tree(void **state)
{
	(void)state;
	check_nodes(each_node_once);
}

/* ---- INV-RADIX-3 ---- */

/* A reader that stands in a node when its range is erased must find the words empty, not stale. */
static void no_node_is_cut_off(const struct census *census)
{
	for (uint32_t n = 0; n < census->tree->node_cnt; n++) {
		uint64_t key = census->prefix[n];
		uint64_t word = rcu_load_relaxed(&census->tree->pool[n].words[0]);

		assert_int_not_equal(census->shift[n], 0);
		if (rcu_radix_is_node(word))
			continue; /* Its own turn comes. */
		if (key == 0 && census->shift[n] == RCU_RADIX_LOW_BITS)
			continue; /* The root table answers for the keys of this word. */
		assert_int_equal(rcu_radix_lookup(census->tree, key), word);
	}
}

static void inv_radix_3_a_word_that_is_a_node_never_becomes_anything_else(void **state)
{
	(void)state;
	check_nodes(no_node_is_cut_off);
}

/* ---- INV-RADIX-4 ---- */

/* A split that copied anything but the value itself would change an answer of the range. */
static void inv_radix_4_splitting_a_word_changes_no_answer(void **state)
{
	const unsigned int shifts[] = {RCU_RADIX_HIGH, RCU_RADIX_TOP};

	(void)state;
	for (unsigned int k = 0; k < 2; k++) {
		struct rcu_radix *tree = tree_new(TREE_NODES);
		uint64_t span = (1ull << shifts[k]) - 1, begin = 3ull << shifts[k];
		uint64_t value = tree_value(k);

		rcu_radix_update(tree, begin, begin + span, word_const, &value);
		assert_int_equal(tree->node_cnt, 0);
		for (unsigned int i = 0; i < 200; i++) {
			uint64_t key = begin + (random_u64() & span);

			assert_int_equal(rcu_radix_reserve(tree, key, key), 0);
			assert_int_equal(rcu_radix_lookup(tree, key), value);
			assert_int_equal(
				rcu_radix_lookup(tree, begin + (random_u64() & span)), value);
		}
		assert_int_not_equal(tree->node_cnt, 0);
		assert_int_equal(rcu_radix_lookup(tree, begin - 1), 0);
		assert_int_equal(rcu_radix_lookup(tree, begin + span + 1), 0);
		tree_free(tree);
	}
}

/* ---- Guarantee G7 ---- */

/* A word that says it leads to a node, and does not: told before an update, left alone by it. */
static void a_word_that_leads_to_no_node_is_not_followed(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);
	struct rcu_radix_node strange = {{0}};
	const uint64_t words[] = {RCU_RADIX_NODE, ~0ull,
		(uint64_t)(uintptr_t)&strange | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)(tree->pool - 1) | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)(tree->pool + TREE_NODES) | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)&tree->pool->words[1] | RCU_RADIX_NODE};
	uint64_t key = 5ull << RCU_RADIX_TOP, value = tree_value(1);
	uint64_t *root = &tree->root[5], was;

	(void)state;
	assert_int_equal(rcu_radix_reserve(tree, key, key), 0);
	rcu_radix_update(tree, key, key, word_const, &value);
	was = *root;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*root = words[i];
		assert_int_equal(rcu_radix_reserve(tree, key, key), -ENOTRECOVERABLE);
		rcu_radix_update(tree, key, key, word_const, &value);
		assert_int_equal(*root, words[i]);
		assert_int_equal(rcu_radix_lookup(tree, key), 0);
		assert_int_equal(rcu_radix_find(tree, key).word, 0);
	}
	*root = was;
	assert_int_equal(rcu_radix_lookup(tree, key), value);
	/* Nothing is below the last level: not even what would be a node elsewhere. */
	rcu_radix_child(rcu_radix_child(was)->words[0])->words[0] = was;
	assert_int_equal(rcu_radix_reserve(tree, key, key), -ENOTRECOVERABLE);
	assert_int_equal(rcu_radix_find(tree, key).word, 0);
	rcu_radix_update(tree, key, key, word_const, &value);
	tree->node_cnt = UINT32_MAX;
	assert_int_equal(rcu_radix_reserve(tree, 2 * key, 2 * key), -ENOSPC);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(inv_radix_2_a_node_serves_one_prefix_for_the_life_of_the_tree),
		cmocka_unit_test(inv_radix_3_a_word_that_is_a_node_never_becomes_anything_else),
		cmocka_unit_test(inv_radix_4_splitting_a_word_changes_no_answer),
		cmocka_unit_test(a_word_that_leads_to_no_node_is_not_followed),
	};

	random_begin();
	return cmocka_run_group_tests(cases, NULL, NULL);
}
