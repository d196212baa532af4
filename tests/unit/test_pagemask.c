/* SPDX-License-Identifier: BSD-3-Clause */

/* The mask of taken pages against one byte for each page.  RCUMEM_SEED repeats a run. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "pagemask.h"
#include "support_random.h"

/* A mask of `n` pages, and the model. */
struct both {
	uint32_t n;
	uint64_t *mask;
	uint8_t *taken;
};

static struct both both_new(uint32_t n)
{
	struct both both = {n, calloc(1, pagemask_size(n)), calloc(n, 1)};

	assert_non_null(both.mask);
	assert_non_null(both.taken);
	pagemask_init(both.mask, n);
	return both;
}

static void both_free(struct both *both)
{
	free(both->mask);
	free(both->taken);
}

static void both_set(struct both *both, uint32_t first, uint32_t cnt, bool taken)
{
	pagemask_set(both->mask, both->n, first, cnt, taken);
	memset(both->taken + first, taken, cnt);
}

static int64_t model_find(const struct both *both, uint32_t cnt)
{
	uint32_t run = 0;

	for (uint32_t i = 0; i < both->n; i++) {
		run = both->taken[i] ? 0 : run + 1;
		if (run == cnt)
			return (int64_t)i + 1 - cnt;
	}
	return -1;
}

static void assert_same(const struct both *both)
{
	for (uint32_t i = 0; i < both->n; i++)
		assert_int_equal(pagemask_test(both->mask, i), both->taken[i]);
}

/* INV-PAGEMASK-1: a bit of an upper level says that the word below it is full. */
static void assert_levels(const struct both *both)
{
	const uint64_t *words = both->mask;
	uint64_t bits = both->n;

	for (int level = 0; level < 2; level++) {
		uint64_t cnt = (bits + 63) / 64;
		const uint64_t *above = words + cnt;

		for (uint64_t w = 0; w < cnt; w++)
			assert_int_equal((above[w / 64] >> (w % 64)) & 1, words[w] == ~0ull);
		words = above;
		bits = cnt;
	}
}

static void check_random(uint32_t n, unsigned int changes)
{
	struct both both = both_new(n);

	for (unsigned int i = 0; i < changes; i++) {
		uint32_t cnt = (uint32_t)random_size(1 + (unsigned int)random_below(20));
		uint32_t first = (uint32_t)random_below(n);
		bool taken = random_below(5) < 3;

		if (cnt > n - first)
			cnt = n - first;
		/* Mostly where the search leads, as alloc does, so that the mask fills up. */
		if (taken && random_below(4) && model_find(&both, cnt) >= 0)
			first = (uint32_t)model_find(&both, cnt);
		both_set(&both, first, cnt, taken);
		assert_int_equal(pagemask_find(both.mask, n, 1), model_find(&both, 1));
		assert_int_equal(pagemask_find(both.mask, n, cnt), model_find(&both, cnt));
	}
	assert_same(&both);
	assert_levels(&both);
	both_free(&both);
}

static void random_changes_match_the_model(void **state)
{
	static const uint32_t sizes[] = {1, 2, 63, 64, 65, 100, 512, 4095, 4096, 4097, 20000};

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int round = 0; round < 4; round++)
			check_random(sizes[i], 300);
	check_random(64 * 64 * 64 + 77, 200);
}

static void a_new_mask_has_every_page_and_none_beyond_the_last(void **state)
{
	(void)state;
	for (uint32_t n = 1; n < 200; n++) {
		struct both both = both_new(n);

		assert_int_equal(pagemask_find(both.mask, n, n), 0);
		assert_int_equal(pagemask_find(both.mask, n, n + 1), -1);
		both_set(&both, 0, n, true);
		assert_int_equal(pagemask_find(both.mask, n, 1), -1);
		assert_levels(&both);
		both_free(&both);
	}
}

static void the_only_free_page_is_found_wherever_it_is(void **state)
{
	const uint32_t n = 300000;
	struct both both = both_new(n);

	(void)state;
	both_set(&both, 0, n, true);
	for (int i = 0; i < 1000; i++) {
		uint32_t page = (uint32_t)random_below(n);

		pagemask_set(both.mask, n, page, 1, false);
		assert_int_equal(pagemask_find(both.mask, n, 1), page);
		assert_int_equal(pagemask_find(both.mask, n, 2), -1);
		pagemask_set(both.mask, n, page, 1, true);
	}
	assert_levels(&both);
	both_free(&both);
}

/* What recovery relies on. */
static void setting_twice_is_setting_once(void **state)
{
	struct both both = both_new(5000);

	(void)state;
	for (int i = 0; i < 500; i++) {
		uint32_t first = (uint32_t)random_below(4900),
			 cnt = 1 + (uint32_t)random_below(100);
		bool taken = random_below(2);

		both_set(&both, first, cnt, taken);
		both_set(&both, first, cnt, taken);
		assert_levels(&both);
	}
	assert_same(&both);
	both_free(&both);
}

/* Guarantee G7: levels that do not say what is below them, and pages beyond the last. */
static void damaged_masks_have_no_page_that_is_none(void **state)
{
	const uint32_t n = 300001;
	struct both both = both_new(n);
	uint64_t *words[] = {&both.mask[0], &both.mask[n / 64], &both.mask[n / 64 + 1]};

	(void)state;
	both_set(&both, 0, n, true);
	/* From the last page of the first level on, to the whole second and third. */
	memset(&both.mask[n / 64 + 1], 0, pagemask_size(n) - (n / 64 + 1) * sizeof(uint64_t));
	assert_int_equal(pagemask_find(both.mask, n, 1), -1);
	both.mask[n / 64] = 0;
	for (uint32_t cnt = 1; cnt < 70; cnt++) {
		int64_t at = pagemask_find(both.mask, n, cnt);

		assert_true(at == -1 || (uint64_t)at + cnt <= n);
	}
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i] = random_u64();
		for (uint32_t cnt = 1; cnt < 70; cnt++) {
			int64_t at = pagemask_find(both.mask, n, cnt);

			assert_true(at == -1 || (uint64_t)at + cnt <= n);
		}
	}
	both_free(&both);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(random_changes_match_the_model),
		cmocka_unit_test(a_new_mask_has_every_page_and_none_beyond_the_last),
		cmocka_unit_test(the_only_free_page_is_found_wherever_it_is),
		cmocka_unit_test(setting_twice_is_setting_once),
		cmocka_unit_test(damaged_masks_have_no_page_that_is_none),
	};

	random_begin();
	return cmocka_run_group_tests_name("pagemask", cases, NULL, NULL);
}
