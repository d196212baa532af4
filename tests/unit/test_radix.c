/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The radix tree against a naive model: a list of what was painted, of which
 * the last that covers a key is right.  RCUMEM_SEED repeats a run.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "radix.h"
#include "support_radix_model.h"

static void check_random_paints(unsigned int bits, unsigned int shift)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);

	n_paints = 0;
	for (unsigned int i = 0; i < PAINTS_MAX; i++) {
		paint_random(tree, bits, shift);
		for (unsigned int k = 0; k < 100; k++)
			check_key(tree, random_u64() >> random_below(64));
		if (i % 40 == 39)
			check_edges(tree);
	}
	tree_free(tree);
}

static void random_ranges_below_2_to_the_48_match_the_model(void **state)
{
	(void)state;
	check_random_paints(48, 46);
	check_random_paints(48, 34);
}

static void random_ranges_of_all_64_bits_match_the_model(void **state)
{
	(void)state;
	check_random_paints(64, 63);
	check_random_paints(64, 50);
}

static void dense_ranges_of_a_few_pages_match_the_model(void **state)
{
	(void)state;
	check_random_paints(32, 24);
	check_random_paints(24, 16);
}

/* ---- Single answers ---- */

static void an_empty_tree_knows_no_key(void **state)
{
	struct rcu_radix *tree = tree_new(1);

	(void)state;
	for (unsigned int shift = 0; shift < 64; shift++) {
		assert_int_equal(rcu_radix_lookup(tree, 1ull << shift), 0);
		assert_int_equal(rcu_radix_lookup(tree, (1ull << shift) - 1), 0);
	}
	assert_int_equal(rcu_radix_lookup(tree, UINT64_MAX), 0);
	tree_free(tree);
}

static void the_two_halves_meet_at_2_to_the_48(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);
	const uint64_t middle = 1ull << 48;

	(void)state;
	n_paints = 0;
	paint(tree, middle - 4096, middle + 4095, tree_value(1));
	check_edges(tree);
	paint(tree, middle, middle, tree_value(2));
	check_edges(tree);
	paint(tree, 0, UINT64_MAX, tree_value(3));
	check_edges(tree);
	tree_free(tree);
}

static void the_last_page_of_all_keys_has_a_word(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);

	(void)state;
	n_paints = 0;
	paint(tree, UINT64_MAX - 4095, UINT64_MAX, tree_value(1));
	paint(tree, UINT64_MAX - (1ull << 57), UINT64_MAX - 8192, tree_value(2));
	check_edges(tree);
	assert_int_equal(rcu_radix_lookup(tree, UINT64_MAX), tree_value(1));
	tree_free(tree);
}

static void a_4k_word_covered_in_part_is_updated_too(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);

	(void)state;
	n_paints = 0;
	paint(tree, 0x12345, 0x12345, tree_value(1));
	assert_int_equal(rcu_radix_lookup(tree, 0x12000), tree_value(1));
	assert_int_equal(rcu_radix_lookup(tree, 0x12fff), tree_value(1));
	assert_int_equal(rcu_radix_lookup(tree, 0x13000), 0);
	assert_int_equal(rcu_radix_lookup(tree, 0x11fff), 0);
	tree_free(tree);
}

static void whole_words_of_1_gib_need_no_node(void **state)
{
	struct rcu_radix *tree = tree_new(1);

	(void)state;
	n_paints = 0;
	paint(tree, 3ull << 30, (9ull << 30) - 1, tree_value(1));
	paint(tree, 1ull << 57, (3ull << 57) - 1, tree_value(2));
	assert_int_equal(tree->node_cnt, 0);
	check_edges(tree);
	tree_free(tree);
}

/* ---- What update shows to its callback ---- */

struct shown {
	uint64_t next; /* Where the next word must begin. */
	uint64_t old;
	unsigned int words[64];
};

static uint64_t show(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	struct shown *shown = ctx;

	if (base == shown->next && old == shown->old)
		shown->words[shift]++;
	shown->next = base + (1ull << shift);
	return tree_value(5);
}

static void update_shows_each_word_once_in_order(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);
	const uint64_t first = (1ull << 30) - 4096, last = (3ull << 30) + (1ull << 21) + 4095;
	struct shown shown = {.next = first, .old = tree_value(4)};
	uint64_t value = tree_value(4);

	(void)state;
	rcu_radix_update(tree, 0, (8ull << 30) - 1, word_const, &value);
	assert_int_equal(rcu_radix_reserve(tree, first, last), 0);
	rcu_radix_update(tree, first, last, show, &shown);
	assert_int_equal(
		shown.words[12], 2); /* One before the first GiB, one after the last 2 MiB. */
	assert_int_equal(shown.words[21], 1);
	assert_int_equal(shown.words[30], 2);
	assert_int_equal(shown.next, last + 1);
	assert_int_equal(rcu_radix_lookup(tree, first - 1), tree_value(4));
	assert_int_equal(rcu_radix_lookup(tree, first), tree_value(5));
	assert_int_equal(rcu_radix_lookup(tree, last), tree_value(5));
	assert_int_equal(rcu_radix_lookup(tree, last + 1), tree_value(4));
	tree_free(tree);
}

/* ---- Too few nodes ---- */

static void reserve_without_enough_nodes_is_enospc_and_changes_no_answer(void **state)
{
	(void)state;
	for (uint32_t nodes = 0; nodes < 24; nodes++) {
		struct rcu_radix *tree = tree_new(nodes);
		int err = 0;

		n_paints = 0;
		while (!err && n_paints < 64) {
			uint64_t first, last;

			random_range(random_below(2) ? 40 : 64, &first, &last);
			err = rcu_radix_reserve(tree, first, last);
			if (!err)
				paint(tree, first, last, tree_value(n_paints + 1));
		}
		assert_int_equal(err, -ENOSPC);
		assert_int_equal(tree->node_cnt, nodes);
		check_edges(tree);
		for (unsigned int k = 0; k < 200; k++)
			check_key(tree, random_u64() >> random_below(64));
		tree_free(tree);
	}
}

/* Ascending ranges with holes between them, some of which share nodes with what is there. */
static void nodes_that_are_missing_are_those_that_are_made(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		struct rcu_radix *tree = tree_new(TREE_NODES);

		for (int pass = 0; pass < 3; pass++) {
			unsigned int bits = 14 + (unsigned int)random_below(51);
			uint64_t firsts[8], lasts[8], at = random_size(bits);
			uint32_t want = tree->node_cnt, n = 0;

			for (; n < 8; n++) {
				firsts[n] = at;
				lasts[n] = at + random_size(bits);
				at = lasts[n] + 1 + random_size(bits);
				if (lasts[n] < firsts[n] || at <= lasts[n])
					break;
				want += rcu_radix_missing(
					tree, firsts[n], lasts[n], n ? &lasts[n - 1] : NULL);
			}
			for (uint32_t r = 0; r < n; r++)
				assert_int_equal(rcu_radix_reserve(tree, firsts[r], lasts[r]), 0);
			assert_int_equal(tree->node_cnt, want);
			assert_int_equal(rcu_radix_room(tree), TREE_NODES - want);
		}
		tree_free(tree);
	}
}

static void nodes_made_before_the_pool_ran_out_serve_the_next_try(void **state)
{
	struct rcu_radix *tree = tree_new(1);
	const uint64_t key = 5ull << 30;

	(void)state;
	assert_int_equal(rcu_radix_reserve(tree, key, key), -ENOSPC); /* Needs two. */
	assert_int_equal(tree->node_cnt, 1);
	assert_int_equal(rcu_radix_reserve(tree, key, key + (1ull << 21) - 1), 0);
	assert_int_equal(tree->node_cnt, 1);
	tree_free(tree);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(an_empty_tree_knows_no_key),
		cmocka_unit_test(the_two_halves_meet_at_2_to_the_48),
		cmocka_unit_test(the_last_page_of_all_keys_has_a_word),
		cmocka_unit_test(a_4k_word_covered_in_part_is_updated_too),
		cmocka_unit_test(whole_words_of_1_gib_need_no_node),
		cmocka_unit_test(update_shows_each_word_once_in_order),
		cmocka_unit_test(random_ranges_below_2_to_the_48_match_the_model),
		cmocka_unit_test(random_ranges_of_all_64_bits_match_the_model),
		cmocka_unit_test(dense_ranges_of_a_few_pages_match_the_model),
		cmocka_unit_test(reserve_without_enough_nodes_is_enospc_and_changes_no_answer),
		cmocka_unit_test(nodes_that_are_missing_are_those_that_are_made),
		cmocka_unit_test(nodes_made_before_the_pool_ran_out_serve_the_next_try),
	};

	random_begin();
	return cmocka_run_group_tests(cases, NULL, NULL);
}
