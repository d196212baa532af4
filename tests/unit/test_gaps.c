/* SPDX-License-Identifier: BSD-3-Clause */
/* Which gaps of the data loop count as caused by a memory change. */

#include "../../tools/vhost-fwd/gaps.c"
#include "support.h"

#define US 1000ull /* In time stamps: one a nanosecond here. */

static struct change_window window;
static struct gaps gaps;

static void start(void)
{
	gaps_start(&gaps, &window, 1.0);
	gaps_stop(&gaps); /* Whoever runs this test has no run delay. */
	gaps.account.run_delay_ns = 0;
	gaps.last = 1000 * US;
}

/* A gap of 300 us that overlaps changes, the newest of which began so long after it did. */
static void gap_with(uint64_t word_before, uint64_t word_after, uint64_t began_after)
{
	start();
	gaps.last_word = word_before;
	window.word = word_after;
	window.begin = gaps.last + began_after;
	gaps_look(&gaps, 300 * US, true);
}

static void a_gap_is_of_the_change_that_began_in_it(void **state)
{
	(void)state;
	gap_with(4, 6, 0);
	assert_int_equal(gaps.count.change_over, 1);
	assert_int_equal(gaps.count.over_before, 1);
	gap_with(4, 5, 19 * US);
	assert_int_equal(gaps.count.change_over, 1);
	assert_int_equal(gaps.count.standing, 0);
}

static void a_gap_that_began_in_a_change_is_of_it(void **state)
{
	(void)state;
	gap_with(5, 6, 0);
	assert_int_equal(gaps.count.change_over, 1);
	assert_int_equal(gaps.count.over_before, 0);
	/* The next change, which began late, does not excuse the first. */
	gap_with(5, 7, 200 * US);
	assert_int_equal(gaps.count.change_over, 1);
	assert_int_equal(gaps.count.standing, 0);
}

static void a_loop_that_stood_before_the_change_was_not_stopped_by_it(void **state)
{
	(void)state;
	gap_with(4, 6, 21 * US);
	assert_int_equal(gaps.count.change_over, 0);
	assert_int_equal(gaps.count.standing, 1);
	/* When the first of two began is not known; nor when a change began after the gap. */
	gap_with(4, 8, 200 * US);
	assert_int_equal(gaps.count.change_over, 1);
	gap_with(4, 6, 301 * US);
	assert_int_equal(gaps.count.change_over, 1);
}

static void a_short_gap_is_none(void **state)
{
	(void)state;
	start();
	gaps_look(&gaps, 100 * US, true);
	assert_int_equal(gaps.count.change_over, 0);
	assert_int_equal(gaps.kept_cnt, 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_gap_is_of_the_change_that_began_in_it),
		cmocka_unit_test(a_gap_that_began_in_a_change_is_of_it),
		cmocka_unit_test(a_loop_that_stood_before_the_change_was_not_stopped_by_it),
		cmocka_unit_test(a_short_gap_is_none),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
