/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Elements and their marks (contract Appendix A: get, find_idx, set_used,
 * set_free, is_used, dump), and what threads may do to them at the same time.
 * The arrays stand in memory of the test: no runtime is needed.
 */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <rte_errno.h>
#include <rte_fbarray.h>

#include "atomic.h"
#include "fbarray.h"
#include "support_fbarray.h"

#define N 100

/* A call that must fail with this errno. */
#define assert_fails(call, err)                                                                    \
	do {                                                                                       \
		rte_errno = 0;                                                                     \
		assert_int_equal((call), -1);                                                      \
		assert_int_equal(rte_errno, (err));                                                \
	} while (0)

static struct rte_fbarray array_new(unsigned int len, unsigned int elt_sz)
{
	struct rte_fbarray arr;

	assert_int_equal(rte_fbarray_init(&arr, "array", len, elt_sz), 0);
	return arr;
}

static void array_free(struct rte_fbarray *arr)
{
	assert_int_equal(rte_fbarray_destroy(arr), 0);
}

/* ---- get, find_idx, set_used, set_free, is_used ---- */

static void elements_are_found_by_index_and_by_address(void **state)
{
	struct rte_fbarray arr = array_new(N, 24);
	char *data = arr.data;

	for (unsigned int i = 0; i < N; i++) {
		assert_ptr_equal(rte_fbarray_get(&arr, i), data + i * 24);
		assert_int_equal(rte_fbarray_find_idx(&arr, data + i * 24), i);
		assert_int_equal(rte_fbarray_find_idx(&arr, data + i * 24 + 23), i);
	}
	rte_errno = 0;
	assert_null(rte_fbarray_get(&arr, N));
	assert_int_equal(rte_errno, EINVAL);
	assert_null(rte_fbarray_get(&arr, UINT_MAX));
	rte_errno = 0;
	assert_null(rte_fbarray_get(NULL, 0));
	assert_int_equal(rte_errno, EINVAL);
	assert_fails(rte_fbarray_find_idx(&arr, data + N * 24), EINVAL);
	assert_fails(rte_fbarray_find_idx(&arr, data - 1), EINVAL);
	assert_fails(rte_fbarray_find_idx(&arr, NULL), EINVAL);
	assert_fails(rte_fbarray_find_idx(NULL, data), EINVAL);
	array_free(&arr);
}

static void marking_is_idempotent_and_leaves_the_element_alone(void **state)
{
	struct rte_fbarray arr = array_new(N, 8);
	uint64_t *elt = rte_fbarray_get(&arr, 64);

	*elt = 42;
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rte_fbarray_set_used(&arr, 64), 0);
		assert_int_equal(arr.count, 1);
		assert_int_equal(rte_fbarray_is_used(&arr, 64), 1);
	}
	assert_int_equal(rte_fbarray_is_used(&arr, 63), 0);
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(rte_fbarray_set_free(&arr, 64), 0);
		assert_int_equal(arr.count, 0);
		assert_int_equal(rte_fbarray_is_used(&arr, 64), 0);
	}
	assert_int_equal(*elt, 42);
	array_free(&arr);
}

static void marks_are_refused_out_of_range_and_on_damaged_arrays(void **state)
{
	struct rte_fbarray arr = array_new(N, 8), bad = arr;

	assert_fails(rte_fbarray_set_used(NULL, 0), EINVAL);
	assert_fails(rte_fbarray_set_free(NULL, 0), EINVAL);
	assert_fails(rte_fbarray_is_used(NULL, 0), EINVAL);
	for (unsigned int idx = N; idx; idx = idx == N ? UINT_MAX : 0) {
		assert_fails(rte_fbarray_set_used(&arr, idx), EINVAL);
		assert_fails(rte_fbarray_set_free(&arr, idx), EINVAL);
		assert_fails(rte_fbarray_is_used(&arr, idx), EINVAL);
	}
	bad.len = N - 1; /* The storage says otherwise. */
	assert_fails(rte_fbarray_set_used(&bad, 0), EINVAL);
	assert_fails(rte_fbarray_is_used(&bad, 0), EINVAL);
	bad = arr;
	bad.data = NULL;
	assert_fails(rte_fbarray_set_free(&bad, 0), EINVAL);
	assert_fails(rte_fbarray_find_idx(&bad, &bad), EINVAL);
	assert_null(rte_fbarray_get(&bad, 0));
	assert_int_equal(arr.count, 0);
	array_free(&arr);
}

/* ---- dump ---- */

static void a_dump_shows_the_name_and_a_line_for_each_word(void **state)
{
	struct rte_fbarray arr = array_new(N, 8);
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	unsigned int lines = 0;

	assert_non_null(f);
	rte_errno = 0;
	rte_fbarray_dump_metadata(NULL, f);
	assert_int_equal(rte_errno, EINVAL);
	rte_errno = 0;
	rte_fbarray_dump_metadata(&arr, NULL);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(ftell(f), 0);
	assert_int_equal(rte_fbarray_set_used(&arr, 65), 0);
	rte_fbarray_dump_metadata(&arr, f);
	fclose(f);
	for (size_t i = 0; i < len; i++)
		lines += text[i] == '\n';
	assert_int_equal(lines, 1 + 2);
	assert_non_null(strstr(text, "\"array\": 1 of 100 elements of 8 bytes"));
	assert_non_null(strstr(text, "0x0000000000000002"));
	free(text);
	array_free(&arr);
}

/* ---- Threads ---- */

/* By each thread, about; an even number of times each index. */
#define CHANGES 3000000

/* A thread that uses and frees the indexes first, first + step, ... of an array. */
struct changer {
	struct rte_fbarray *arr;
	unsigned int first;
	unsigned int step;
	unsigned int failures;
	unsigned int lost;    /* Marks that were not as this thread had left them. */
	unsigned int highest; /* Of the counts seen. */
	pthread_barrier_t *begin;
	pthread_t thread;
};

/* At the end every third of its indexes is used. */
static void *change(void *arg)
{
	struct changer *c = arg;

	pthread_barrier_wait(c->begin);
	for (unsigned int round = 0; round < CHANGES / c->arr->len * 2; round++) {
		for (unsigned int idx = c->first; idx < c->arr->len; idx += c->step) {
			int used = round % 2;
			unsigned int count;

			c->lost += rte_fbarray_is_used(c->arr, idx) != used;
			c->failures += (used ? rte_fbarray_set_free(c->arr, idx)
					     : rte_fbarray_set_used(c->arr, idx)) != 0;
			count = rcu_load_relaxed(&c->arr->count); /* Relaxed: a sample. */
			c->highest = count > c->highest ? count : c->highest;
		}
	}
	for (unsigned int idx = c->first; idx < c->arr->len; idx += c->step)
		if (idx % 3 == 0)
			c->failures += rte_fbarray_set_used(c->arr, idx) != 0;
	return NULL;
}

static void run_two(struct changer changers[2])
{
	pthread_barrier_t begin;

	assert_int_equal(pthread_barrier_init(&begin, NULL, 2), 0);
	for (unsigned int i = 0; i < 2; i++) {
		changers[i].begin = &begin;
		assert_int_equal(
			pthread_create(&changers[i].thread, NULL, change, &changers[i]), 0);
	}
	for (unsigned int i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(changers[i].thread, NULL), 0);
		assert_int_equal(changers[i].failures, 0);
	}
	pthread_barrier_destroy(&begin);
}

static void neighbours_changed_by_two_threads_lose_no_mark_and_no_count(void **state)
{
	struct rte_fbarray arr = array_new(75, 1);
	struct changer c[2] = {{.arr = &arr, .step = 2}, {.arr = &arr, .first = 1, .step = 2}};

	run_two(c);
	assert_int_equal(c[0].lost + c[1].lost, 0);
	assert_true(c[0].highest <= arr.len && c[1].highest <= arr.len);
	for (unsigned int i = 0; i < arr.len; i++)
		assert_int_equal(rte_fbarray_is_used(&arr, i), i % 3 == 0);
	assert_int_equal(arr.count, 25);
	array_free(&arr);
}

/* INV-FBARRAY-3: at worst both count a mark that only one of them sets. */
static void the_count_of_fought_over_marks_never_falls_below_zero(void **state)
{
	struct rte_fbarray arr = array_new(3, 1);
	struct changer c[2] = {{.arr = &arr, .step = 1}, {.arr = &arr, .step = 1}};
	unsigned int used = 0;

	run_two(c);
	assert_true(c[0].highest <= arr.len + 1 && c[1].highest <= arr.len + 1);
	for (unsigned int i = 0; i < arr.len; i++)
		used += rte_fbarray_is_used(&arr, i) == 1;
	assert_int_equal(arr.count, used);
	array_free(&arr);
}

#define FILLED 65536

static uint64_t content_of(uint32_t idx)
{
	return idx * 0x9e3779b97f4a7c15ull + 1;
}

static void *fill(void *arg)
{
	struct rte_fbarray *arr = arg;

	for (unsigned int i = 0; i < FILLED; i++) {
		*(uint64_t *)rte_fbarray_get(arr, i) = content_of(i);
		rte_fbarray_set_used(arr, i);
	}
	return NULL;
}

/* Under ThreadSanitizer a mark set or found without its ordering is a data race here. */
static void an_element_that_is_found_used_is_complete(void **state)
{
	struct rte_fbarray arr = array_new(FILLED, sizeof(uint64_t));
	const uint64_t *elements = arr.data;
	unsigned int incomplete = 0, checked = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, fill, &arr), 0);
	while (checked < FILLED) {
		int end = rte_fbarray_find_next_free(&arr, checked);

		for (end = end < 0 ? FILLED : end; checked < (unsigned int)end; checked++)
			incomplete += elements[checked] != content_of(checked);
	}
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(incomplete, 0);
	assert_int_equal(arr.count, FILLED);
	array_free(&arr);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(elements_are_found_by_index_and_by_address),
		cmocka_unit_test(marking_is_idempotent_and_leaves_the_element_alone),
		cmocka_unit_test(marks_are_refused_out_of_range_and_on_damaged_arrays),
		cmocka_unit_test(a_dump_shows_the_name_and_a_line_for_each_word),
		cmocka_unit_test(neighbours_changed_by_two_threads_lose_no_mark_and_no_count),
		cmocka_unit_test(the_count_of_fought_over_marks_never_falls_below_zero),
		cmocka_unit_test(an_element_that_is_found_used_is_complete),
	};

	return cmocka_run_group_tests(cases, env_start, env_stop);
}
