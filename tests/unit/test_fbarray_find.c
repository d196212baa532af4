/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sixteen searches of rte_fbarray.h: arguments, errors, and the test
 * vectors of contract Appendix A.  What is found in which mask is the matter of
 * test_fbarray_mask.c; here the two must agree.
 */

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_errno.h>
#include <rte_fbarray.h>

#include "fbarray.h"
#include "support_fbarray.h"
#include "fbarray_mask.h"

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* A value that no function sets. */
#define ERRNO_UNTOUCHED 7777

struct search {
	const char *name;
	int (*one)(struct rte_fbarray *, unsigned int);
	int (*many)(struct rte_fbarray *, unsigned int, unsigned int);
	uint32_t (*mask_one)(const struct fbmask *, uint32_t);
	uint32_t (*mask_many)(const struct fbmask *, uint32_t, uint32_t);
	uint64_t want;
};

#define ONE(search, mask, want)  #search, rte_fbarray_find_##search, NULL, mask, NULL, want
#define MANY(search, mask, want) #search, NULL, rte_fbarray_find_##search, NULL, mask, want

static const struct search searches[] = {
	{ONE(next_free, fbmask_next, FBMASK_FREE)},
	{ONE(next_used, fbmask_next, FBMASK_USED)},
	{ONE(prev_free, fbmask_prev, FBMASK_FREE)},
	{ONE(prev_used, fbmask_prev, FBMASK_USED)},
	{MANY(next_n_free, fbmask_next_n, FBMASK_FREE)},
	{MANY(next_n_used, fbmask_next_n, FBMASK_USED)},
	{MANY(prev_n_free, fbmask_prev_n, FBMASK_FREE)},
	{MANY(prev_n_used, fbmask_prev_n, FBMASK_USED)},
	{ONE(contig_free, fbmask_run, FBMASK_FREE)},
	{ONE(contig_used, fbmask_run, FBMASK_USED)},
	{ONE(rev_contig_free, fbmask_rev_run, FBMASK_FREE)},
	{ONE(rev_contig_used, fbmask_rev_run, FBMASK_USED)},
	{ONE(biggest_free, fbmask_biggest, FBMASK_FREE)},
	{ONE(biggest_used, fbmask_biggest, FBMASK_USED)},
	{ONE(rev_biggest_free, fbmask_rev_biggest, FBMASK_FREE)},
	{ONE(rev_biggest_used, fbmask_rev_biggest, FBMASK_USED)},
};

static const struct search *search_named(const char *name)
{
	for (unsigned int i = 0; i < ARRAY_LEN(searches); i++)
		if (strcmp(searches[i].name, name) == 0)
			return &searches[i];
	fail_msg("no search %s", name);
	return NULL;
}

/* The answer, or -errno; success must leave rte_errno alone. */
static int run(
	const struct search *search, struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	int found;

	rte_errno = ERRNO_UNTOUCHED;
	found = search->one ? search->one(arr, start) : search->many(arr, start, n);
	if (found == -1)
		return -rte_errno;
	assert_true(found >= 0);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	return found;
}

/* No index is used. */
static struct rte_fbarray array_new(unsigned int len)
{
	struct rte_fbarray arr;

	assert_int_equal(rte_fbarray_init(&arr, "array", len, 8), 0);
	return arr;
}

static void array_free(struct rte_fbarray *arr)
{
	assert_int_equal(rte_fbarray_destroy(arr), 0);
}

static void mark(struct rte_fbarray *arr, unsigned int first, unsigned int last, bool used)
{
	for (unsigned int i = first; i <= last; i++)
		used ? fbarray_mark_used(arr, i) : fbarray_mark_free(arr, i);
}

/* ---- The vectors of Appendix A, 100 elements ---- */

struct vector {
	const char *search;
	unsigned int start;
	unsigned int n;
	int want; /* Or -errno. */
};

static void check_vectors(struct rte_fbarray *arr, const struct vector *vectors, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct vector *vector = &vectors[i];
		int got = run(search_named(vector->search), arr, vector->start, vector->n);

		if (got != vector->want)
			fail_msg("%s(%u, %u): %d, not %d", vector->search, vector->start, vector->n,
				got, vector->want);
	}
	array_free(arr);
}

static void vectors_of_an_array_with_only_index_0_used(void **state)
{
	static const struct vector vectors[] = {
		{"next_used", 0, 0, 0},
		{"next_used", 1, 0, -ENOENT},
		{"next_free", 0, 0, 1},
		{"prev_free", 0, 0, -ENOSPC},
		{"prev_used", 99, 0, 0},
		{"contig_free", 0, 0, 0},
		{"contig_free", 1, 0, 99},
		{"rev_contig_free", 99, 0, 99},
		{"rev_contig_free", 0, 0, 0},
		{"next_n_free", 0, 99, 1},
		{"next_n_free", 0, 100, -ENOSPC},
		{"next_n_free", 0, 101, -EINVAL},
		{"next_n_free", 50, 51, -ENOSPC},
		{"next_n_used", 50, 51, -ENOENT},
		{"prev_n_free", 99, 2, 98},
		{"prev_n_free", 99, 99, 1},
		{"prev_n_free", 0, 2, -ENOSPC},
		{"prev_n_used", 0, 2, -ENOENT},
		{"biggest_free", 0, 0, 1},
		{"biggest_used", 1, 0, -ENOENT},
		{"rev_biggest_free", 0, 0, -ENOSPC},
	};
	struct rte_fbarray arr = array_new(100);

	mark(&arr, 0, 0, true);
	check_vectors(&arr, vectors, ARRAY_LEN(vectors));
}

static void vectors_of_an_array_with_two_equal_free_runs(void **state)
{
	static const struct vector vectors[] = {
		{"biggest_free", 0, 0, 0},
		{"biggest_free", 1, 0, 10},
		{"rev_biggest_free", 99, 0, 10},
		{"rev_biggest_free", 13, 0, 0},
		{"next_n_free", 1, 5, 10},
		{"prev_n_free", 99, 5, 10},
		{"prev_n_free", 13, 5, 0},
		{"next_n_free", 0, 6, -ENOSPC},
	};
	struct rte_fbarray arr = array_new(100);

	mark(&arr, 5, 9, true);
	mark(&arr, 15, 99, true);
	check_vectors(&arr, vectors, ARRAY_LEN(vectors));
}

static void vectors_of_a_full_array(void **state)
{
	static const struct vector vectors[] = {
		{"contig_used", 3, 0, 97},
		{"rev_contig_used", 3, 0, 4},
		{"prev_n_used", 50, 10, 41},
		{"next_n_used", 0, 100, 0},
		{"next_free", 0, 0, -ENOSPC},
		{"prev_free", 99, 0, -ENOSPC},
		{"biggest_free", 0, 0, -ENOSPC},
		{"contig_free", 50, 0, 0},
	};
	struct rte_fbarray arr = array_new(100);

	mark(&arr, 0, 99, true);
	assert_int_equal(arr.count, 100);
	check_vectors(&arr, vectors, ARRAY_LEN(vectors));
}

/* 22.11 answers 91 to the first: it runs past the end. */
static void a_free_run_ends_with_the_array(void **state)
{
	static const struct vector vectors[] = {
		{"next_n_free", 0, 12, -ENOSPC},
		{"next_n_free", 0, 11, 0},
		{"next_n_free", 11, 9, 91},
		{"next_n_free", 11, 10, -ENOSPC},
		{"contig_free", 91, 0, 9},
	};
	struct rte_fbarray arr = array_new(100);

	mark(&arr, 11, 90, true);
	check_vectors(&arr, vectors, ARRAY_LEN(vectors));
}

/* ---- Arguments ---- */

static void every_search_refuses_arguments_out_of_range(void **state)
{
	struct rte_fbarray arr = array_new(100);

	mark(&arr, 40, 60, true);
	for (unsigned int i = 0; i < ARRAY_LEN(searches); i++) {
		assert_int_equal(run(&searches[i], NULL, 0, 1), -EINVAL);
		assert_int_equal(run(&searches[i], &arr, 100, 1), -EINVAL);
		assert_int_equal(run(&searches[i], &arr, UINT_MAX, 1), -EINVAL);
		assert_true(run(&searches[i], &arr, 50, 1) >= 0);
		assert_true(run(&searches[i], &arr, 99, 1) != -EINVAL);
		if (searches[i].many) {
			assert_int_equal(run(&searches[i], &arr, 0, 0), -EINVAL);
			assert_int_equal(run(&searches[i], &arr, 0, 101), -EINVAL);
			assert_int_equal(run(&searches[i], &arr, 0, UINT_MAX), -EINVAL);
			assert_true(run(&searches[i], &arr, 0, 100) != -EINVAL);
		}
	}
	array_free(&arr);
}

static void a_damaged_array_is_invalid_for_every_search(void **state)
{
	struct rte_fbarray arr = array_new(100);
	struct rte_fbarray damaged[6];

	for (unsigned int i = 0; i < ARRAY_LEN(damaged); i++)
		damaged[i] = arr;
	damaged[0].len = 0;
	damaged[1].len = 99; /* The mask would have as many words. */
	damaged[2].len = UINT_MAX;
	damaged[3].elt_sz = 0;
	damaged[4].data = NULL;
	damaged[5].data = (char *)arr.data + 1;
	for (unsigned int i = 0; i < ARRAY_LEN(damaged) * ARRAY_LEN(searches); i++)
		assert_int_equal(run(&searches[i % ARRAY_LEN(searches)],
					 &damaged[i / ARRAY_LEN(searches)], 0, 1),
			-EINVAL);
	/* The number of words, with which the header before them begins. */
	((uint32_t *)fbarray_mask_words(&arr))[-4]++;
	for (unsigned int i = 0; i < ARRAY_LEN(searches); i++)
		assert_int_equal(run(&searches[i], &arr, 0, 1), -EINVAL);
	array_free(&arr);
}

/* ---- Every search finds what its mask search finds ---- */

static void check_against_mask(struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	for (unsigned int i = 0; i < ARRAY_LEN(searches); i++) {
		const struct search *search = &searches[i];
		struct fbmask mask = {fbarray_mask_words(arr), arr->len, search->want};
		uint32_t found = search->mask_one ? search->mask_one(&mask, start)
						  : search->mask_many(&mask, start, n);

		assert_int_equal(run(search, arr, start, n), found != FBMASK_NONE ? (int)found
							     : search->want == FBMASK_USED
								     ? -ENOENT
								     : -ENOSPC);
	}
}

static void searches_agree_with_the_mask_on_any_length(void **state)
{
	static const unsigned int lens[] = {1, 60, 63, 64, 65, 100, 128, 300};

	for (unsigned int i = 0; i < ARRAY_LEN(lens); i++) {
		struct rte_fbarray arr = array_new(lens[i]);

		/* Empty, with runs that grow and cross words, full. */
		for (unsigned int step = 0; step < 3; step++) {
			for (unsigned int start = 0; start < lens[i]; start++)
				check_against_mask(&arr, start, 1 + start * 7 % lens[i]);
			for (unsigned int at = 1; step == 0 && at < lens[i]; at += at / 2 + 2)
				mark(&arr, at, at + at / 4 < lens[i] ? at + at / 4 : lens[i] - 1,
					true);
			if (step == 1)
				mark(&arr, 0, lens[i] - 1, true);
		}
		array_free(&arr);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(vectors_of_an_array_with_only_index_0_used),
		cmocka_unit_test(vectors_of_an_array_with_two_equal_free_runs),
		cmocka_unit_test(vectors_of_a_full_array),
		cmocka_unit_test(a_free_run_ends_with_the_array),
		cmocka_unit_test(every_search_refuses_arguments_out_of_range),
		cmocka_unit_test(a_damaged_array_is_invalid_for_every_search),
		cmocka_unit_test(searches_agree_with_the_mask_on_any_length),
	};

	return cmocka_run_group_tests(cases, env_start, env_stop);
}
