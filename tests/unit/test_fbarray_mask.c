/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The searches of src/fbarray_mask.c: the places where words meet or end, and
 * every search against a model that looks at one bit at a time.
 *
 * RCUMEM_SEED repeats a run of the model.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "fbarray_mask.h"

#define MAX_LEN   330
#define MAX_WORDS ((MAX_LEN + 63) / 64)
#define N_MASKS   250000

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* ---- The model; `n` is for the searches that take it ---- */

static bool matches(const struct fbmask *mask, uint32_t idx)
{
	bool used = (mask->words[idx / 64] >> (idx % 64)) & 1;

	return used == (mask->invert == FBMASK_USED);
}

static uint32_t model_next_n(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t row = 0;

	for (uint32_t i = start; i < mask->len; i++) {
		row = matches(mask, i) ? row + 1 : 0;
		if (row == n)
			return i - n + 1;
	}
	return FBMASK_NONE;
}

static uint32_t model_prev_n(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t row = 0;

	for (uint32_t i = start + 1; i-- > 0;) {
		row = matches(mask, i) ? row + 1 : 0;
		if (row == n)
			return i;
	}
	return FBMASK_NONE;
}

static uint32_t model_run(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t i = start;

	while (i < mask->len && matches(mask, i))
		i++;
	return i - start;
}

static uint32_t model_rev_run(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t i = start + 1;

	while (i > 0 && matches(mask, i - 1))
		i--;
	return start + 1 - i;
}

static uint32_t model_biggest(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t row = 0, best = 0, at = FBMASK_NONE;

	for (uint32_t i = start; i < mask->len; i++) {
		row = matches(mask, i) ? row + 1 : 0;
		if (row > best) {
			best = row;
			at = i - row + 1;
		}
	}
	return at;
}

static uint32_t model_rev_biggest(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	uint32_t row = 0, best = 0, at = FBMASK_NONE;

	for (uint32_t i = start + 1; i-- > 0;) {
		row = matches(mask, i) ? row + 1 : 0;
		if (row > best) {
			best = row;
			at = i;
		}
	}
	return at;
}

/* ---- Each search beside its model ---- */

static const struct search {
	const char *name;
	uint32_t (*find)(const struct fbmask *, uint32_t);
	uint32_t (*find_n)(const struct fbmask *, uint32_t, uint32_t);
	uint32_t (*model)(const struct fbmask *, uint32_t, uint32_t);
} searches[] = {
	{"next", fbmask_next, NULL, model_next_n},
	{"prev", fbmask_prev, NULL, model_prev_n},
	{"next_n", NULL, fbmask_next_n, model_next_n},
	{"prev_n", NULL, fbmask_prev_n, model_prev_n},
	{"run", fbmask_run, NULL, model_run},
	{"rev_run", fbmask_rev_run, NULL, model_rev_run},
	{"biggest", fbmask_biggest, NULL, model_biggest},
	{"rev_biggest", fbmask_rev_biggest, NULL, model_rev_biggest},
};

/* Every search for used and for free indexes; the number compared. */
static unsigned int compare_all(const uint64_t *words, uint32_t len, uint32_t start, uint32_t n)
{
	for (unsigned int i = 0; i < 2 * ARRAY_LEN(searches); i++) {
		const struct search *search = &searches[i / 2];
		struct fbmask mask = {words, len, i % 2 ? FBMASK_USED : FBMASK_FREE};
		uint32_t want = search->model(&mask, start, search->find ? 1 : n);
		uint32_t got =
			search->find ? search->find(&mask, start) : search->find_n(&mask, start, n);

		if (got != want)
			fail_msg("%s %s, len %u start %u n %u: %d, not %d; word 0 is 0x%016llx",
				search->name, i % 2 ? "used" : "free", len, start, n, (int)got,
				(int)want, (unsigned long long)words[0]);
	}
	return 2 * ARRAY_LEN(searches);
}

/* ---- Random masks ---- */

static uint64_t seed;

static uint64_t random_bits(void)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static uint32_t random_below(uint32_t n)
{
	return (uint32_t)(random_bits() % n);
}

static void mask_range(uint64_t *words, uint32_t first, uint32_t n, bool used)
{
	for (uint32_t i = first; i < first + n; i++) {
		uint64_t bit = 1ull << (i % 64);

		words[i / 64] = used ? words[i / 64] | bit : words[i / 64] & ~bit;
	}
}

/* A mask of one of several kinds; the bits above its length are part of it, as garbage. */
static void random_mask(uint64_t *words)
{
	uint32_t kind = random_below(8);
	uint32_t max_run = 1 + random_below(150);

	for (uint32_t i = 0; i < MAX_WORDS; i++)
		words[i] = kind == 0   ? 0
			   : kind == 1 ? ~0ull
			   : kind == 2 ? random_bits() & random_bits() & random_bits()
			   : kind == 3 ? random_bits() | random_bits() | random_bits()
				       : random_bits();
	for (uint32_t i = 0; kind >= 5 && i < MAX_WORDS * 64;) {
		uint32_t n = 1 + random_below(max_run);

		n = n < MAX_WORDS * 64 - i ? n : MAX_WORDS * 64 - i;
		mask_range(words, i, n, random_bits() & 1);
		i += n;
	}
	for (uint32_t i = random_below(4); kind < 2 && i > 0; i--)
		words[random_below(MAX_WORDS)] ^= 1ull << random_below(64);
}

static uint32_t random_len(void)
{
	static const uint32_t special[] = {
		1, 2, 59, 60, 63, 64, 65, 100, 127, 128, 129, 191, 192, 193, 256, MAX_LEN};

	if (random_bits() & 1)
		return special[random_below(ARRAY_LEN(special))];
	return 1 + random_below(MAX_LEN);
}

static void every_search_agrees_with_a_model_that_looks_at_one_bit_at_a_time(void **state)
{
	const char *given = getenv("RCUMEM_SEED");
	unsigned long long compared = 0;

	seed = given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	print_message("RCUMEM_SEED=0x%llx\n", (unsigned long long)seed);
	for (uint32_t i = 0; i < N_MASKS; i++) {
		uint64_t words[MAX_WORDS];
		uint32_t len = random_len();
		uint32_t n = 1 + random_below(random_bits() & 1 ? len : len < 8 ? len : 8);

		random_mask(words);
		compared += compare_all(words, len, random_below(len), n);
	}
	print_message("%u masks, %llu answers compared\n", N_MASKS, compared);
}

/* ---- Chosen masks ---- */

static void every_start_and_number_agrees_on_lengths_around_a_word(void **state)
{
	static const uint32_t lens[] = {1, 60, 63, 64, 65, 100, 128};
	uint64_t words[MAX_WORDS];

	for (unsigned int i = 0; i < ARRAY_LEN(lens); i++) {
		for (unsigned int kind = 0; kind < 4; kind++) {
			memset(words, kind & 1 ? 0xff : 0, sizeof(words));
			/* Kinds 2 and 3: a run of the other sort across the first two words. */
			mask_range(words, 50, kind & 2 ? 33 : 0, !(kind & 1));
			for (uint32_t start = 0; start < lens[i]; start++)
				for (uint32_t n = 1; n <= lens[i]; n++)
					compare_all(words, lens[i], start, n);
		}
	}
}

static void bits_above_the_length_are_never_an_answer(void **state)
{
	uint64_t words[2] = {0, ~0ull << 36}; /* Length 100: nothing is used below, all above. */
	struct fbmask used = {words, 100, FBMASK_USED};
	struct fbmask unused = {words, 100, FBMASK_FREE};

	assert_int_equal(fbmask_next(&used, 0), FBMASK_NONE);
	assert_int_equal(fbmask_biggest(&used, 99), FBMASK_NONE);
	assert_int_equal(fbmask_run(&unused, 0), 100);
	words[1] = 0; /* Free above as well, where 22.11 goes on searching. */
	assert_int_equal(fbmask_run(&unused, 99), 1);
	mask_range(words, 11, 80, true);
	assert_int_equal(fbmask_next_n(&unused, 0, 12), FBMASK_NONE);
	assert_int_equal(fbmask_next_n(&unused, 0, 11), 0);
	assert_int_equal(fbmask_biggest(&unused, 1), 1);
	assert_int_equal(fbmask_biggest(&unused, 3), 91);
}

static void of_equal_runs_the_first_in_the_direction_of_the_scan_is_biggest(void **state)
{
	uint64_t words[3] = {0, 0, 0};
	struct fbmask used = {words, 190, FBMASK_USED};

	mask_range(words, 3, 7, true);
	mask_range(words, 60, 7, true); /* Across words 0 and 1. */
	mask_range(words, 125, 7, true);
	mask_range(words, 183, 7, true); /* Up to the end. */
	assert_int_equal(fbmask_biggest(&used, 0), 3);
	assert_int_equal(fbmask_biggest(&used, 4), 60);
	assert_int_equal(fbmask_biggest(&used, 61), 125);
	assert_int_equal(fbmask_rev_biggest(&used, 189), 183);
	assert_int_equal(fbmask_rev_biggest(&used, 188), 125);
	assert_int_equal(fbmask_rev_biggest(&used, 130), 60);
}

static void changing_a_bit_tells_whether_it_was_changed(void **state)
{
	uint64_t words[2] = {0, 0};

	assert_true(fbmask_set(words, 65));
	assert_false(fbmask_set(words, 65));
	assert_true(fbmask_is_used(words, 65));
	assert_int_equal(words[0], 0);
	assert_int_equal(words[1], 2);
	assert_true(fbmask_clear(words, 65));
	assert_false(fbmask_clear(words, 65));
	assert_false(fbmask_is_used(words, 65));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(every_search_agrees_with_a_model_that_looks_at_one_bit_at_a_time),
		cmocka_unit_test(every_start_and_number_agrees_on_lengths_around_a_word),
		cmocka_unit_test(bits_above_the_length_are_never_an_answer),
		cmocka_unit_test(of_equal_runs_the_first_in_the_direction_of_the_scan_is_biggest),
		cmocka_unit_test(changing_a_bit_tells_whether_it_was_changed),
	};

	return cmocka_run_group_tests(cases, NULL, NULL);
}
