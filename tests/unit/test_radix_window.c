/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The window of a radix tree: readers find there what they would find from the
 * root, or nothing.  RCUMEM_SEED repeats a run.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support_radix_model.h"

#define GIB (1ull << 30)

static struct rcu_radix *tree_with_window(uint32_t nodes, uint64_t first, uint32_t cnt)
{
	struct rcu_radix *tree = tree_new(nodes);

	rcu_radix_set_window(tree, tree_memory(cnt * sizeof(struct rcu_radix_node)), first, cnt);
	return tree;
}

static void window_free(struct rcu_radix *tree)
{
	munmap(tree->window, tree->window_cnt * sizeof(struct rcu_radix_node));
	tree_free(tree);
}

/* Ranges of up to 2^shift bytes below 2^bits, with the window somewhere among them. */
static void check_paints(unsigned int bits, unsigned int shift, uint64_t first, uint32_t cnt)
{
	struct rcu_radix *tree = tree_with_window(TREE_NODES, first, cnt);

	n_paints = 0;
	while (n_paints < PAINTS_MAX) {
		paint_random(tree, bits, shift);
		for (unsigned int k = 0; k < 100; k++)
			check_key(tree, random_u64() >> random_below(64));
		for (unsigned int k = 0; k < 100; k++)
			check_key(tree, first + random_below(cnt * GIB));
		if (n_paints % 40 == 0)
			check_edges(tree);
	}
	window_free(tree);
}

static void ranges_in_and_around_a_window_match_the_model(void **state)
{
	(void)state;
	check_paints(36, 32, 20 * GIB, 16);
	check_paints(33, 24, 3 * GIB, 2);
	check_paints(32, 31, 0, 4);
	check_paints(48, 46, (1ull << 48) - 1024 * GIB, 1024);
	check_paints(64, 63, 0, 4096);
}

/* A key one byte outside on either side, and keys that wrap around, are no keys of the window. */
static void a_window_ends_where_it_ends(void **state)
{
	struct rcu_radix *tree = tree_with_window(TREE_NODES, 5 * GIB, 3);
	const struct rcu_radix_view view = rcu_radix_view(tree);

	(void)state;
	n_paints = 0;
	paint(tree, 4 * GIB + 4096, 9 * GIB - 4097, tree_value(1)); /* The middle: values. */
	paint(tree, 5 * GIB, 5 * GIB + 4095, tree_value(2));        /* The first GiB: nodes. */
	paint(tree, 8 * GIB - 4096, 8 * GIB - 1, tree_value(3));
	check_edges(tree);
	assert_int_equal(rcu_radix_view_near(&view, 5 * GIB), tree_value(2));
	assert_int_equal(rcu_radix_view_near(&view, 8 * GIB - 1), tree_value(3));
	assert_int_equal(rcu_radix_view_near(&view, 5 * GIB - 1), 0);
	assert_int_equal(rcu_radix_view_near(&view, 8 * GIB), 0);
	assert_int_equal(rcu_radix_view_near(&view, 0), 0);
	assert_int_equal(rcu_radix_view_near(&view, UINT64_MAX), 0);
	window_free(tree);
}

/* They stand there already: none is taken from the pool. */
static void nodes_of_the_window_cost_no_others(void **state)
{
	struct rcu_radix *tree = tree_with_window(1, 5 * GIB, 3);

	(void)state;
	for (uint64_t gib = 5; gib < 8; gib++) {
		assert_int_equal(
			rcu_radix_reserve(tree, gib * GIB, gib * GIB + (1ull << 21) - 1), 0);
		assert_int_equal(rcu_radix_node_cnt(tree), gib - 4);
	}
	assert_int_equal(tree->node_cnt, 0);
	assert_int_equal(rcu_radix_reserve(tree, 5 * GIB, 5 * GIB), 0);
	assert_int_equal(rcu_radix_node_cnt(tree), 4);
	assert_int_equal(rcu_radix_reserve(tree, 9 * GIB, 9 * GIB), -ENOSPC);
	window_free(tree);
}

/* A writer died when it had filled a node, and before the root led to it; then the value changes.
 */
static void a_node_that_was_filled_in_vain_misleads_nobody(void **state)
{
	struct rcu_radix *tree = tree_with_window(TREE_NODES, 5 * GIB, 3);

	(void)state;
	n_paints = 0;
	paint(tree, 5 * GIB, 7 * GIB - 1, tree_value(1));
	for (unsigned int i = 0; i < RCU_RADIX_FANOUT / 2; i++)
		tree->window[1].words[i] = tree_value(1);
	check_edges(tree);
	paint(tree, 6 * GIB, 7 * GIB - 1, tree_value(2));
	check_edges(tree);
	paint(tree, 6 * GIB, 6 * GIB + 4095, tree_value(3));
	check_edges(tree);
	window_free(tree);
}

/* Guarantee G7: a word of 2 MiB, where readers look first. */
static void a_word_of_the_window_that_leads_to_no_node_is_not_followed(void **state)
{
	struct rcu_radix *tree = tree_with_window(TREE_NODES, 0, 4);
	struct rcu_radix_node strange = {{0}};
	uint64_t key = GIB, value = tree_value(1);
	uint64_t *word = &tree->window[1].words[0], was;
	const uint64_t words[] = {~0ull, (uint64_t)(uintptr_t)&strange | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)tree->window | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)(tree->pool + TREE_NODES) | RCU_RADIX_NODE,
		(uint64_t)(uintptr_t)&tree->pool->words[1] | RCU_RADIX_NODE};
	struct rcu_radix_view view;

	(void)state;
	for (unsigned int i = 0; i < RCU_RADIX_FANOUT; i++)
		strange.words[i] = value;
	assert_int_equal(rcu_radix_reserve(tree, key, key), 0);
	rcu_radix_update(tree, key, key, word_const, &value);
	view = rcu_radix_view(tree);
	was = *word;
	assert_true(rcu_radix_is_node(was));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*word = words[i];
		assert_int_equal(rcu_radix_view_near(&view, key), 0);
		assert_int_equal(rcu_radix_view_lookup(&view, key), 0);
		assert_int_equal(rcu_radix_view_find(&view, key).word, 0);
	}
	*word = was;
	assert_int_equal(rcu_radix_view_near(&view, key), value);
	assert_int_equal(rcu_radix_view_find(&view, key).word, value);
	window_free(tree);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(ranges_in_and_around_a_window_match_the_model),
		cmocka_unit_test(a_window_ends_where_it_ends),
		cmocka_unit_test(nodes_of_the_window_cost_no_others),
		cmocka_unit_test(a_node_that_was_filled_in_vain_misleads_nobody),
		cmocka_unit_test(a_word_of_the_window_that_leads_to_no_node_is_not_followed),
	};

	random_begin();
	return cmocka_run_group_tests(cases, NULL, NULL);
}
