/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The life of an array: init, attach, detach, destroy (contract Appendix A).
 * Elements and marks: test_fbarray_element.c; searches: test_fbarray_find.c.
 *
 * With FAKE_ARENA defined the cases need no runtime.
 */

#include <errno.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <rte_errno.h>
#include <rte_fbarray.h>

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

	if (rte_fbarray_init(&arr, "array", len, elt_sz) != 0)
		fail_msg("rte_fbarray_init: %s", strerror(rte_errno));
	return arr;
}

static unsigned int used_cnt(struct rte_fbarray *arr)
{
	unsigned int cnt = 0;

	for (unsigned int i = 0; i < arr->len; i++)
		cnt += rte_fbarray_is_used(arr, i) == 1;
	return cnt;
}

/* ---- init ---- */

static void init_refuses_what_cannot_be_an_array(void **state)
{
	struct rte_fbarray arr, before;

	memset(&arr, 0x5a, sizeof(arr));
	before = arr;
	assert_fails(rte_fbarray_init(NULL, "a", N, 8), EINVAL);
	assert_fails(rte_fbarray_init(&arr, NULL, N, 8), EINVAL);
	assert_fails(rte_fbarray_init(&arr, "a", 0, 8), EINVAL);
	assert_fails(rte_fbarray_init(&arr, "a", N, 0), EINVAL);
	assert_fails(rte_fbarray_init(&arr, "a", (unsigned int)INT_MAX + 1, 8), EINVAL);
	assert_fails(rte_fbarray_init(&arr, "a", UINT_MAX, 8), EINVAL);
	assert_memory_equal(&arr, &before, sizeof(arr));
}

static void a_name_has_up_to_63_bytes_and_no_slash(void **state)
{
	char name[RTE_FBARRAY_NAME_LEN + 1];
	struct rte_fbarray arr;

	memset(name, 'n', sizeof(name));
	name[64] = '\0';
	assert_fails(rte_fbarray_init(&arr, name, N, 8), ENAMETOOLONG);
	name[63] = '\0';
	assert_int_equal(rte_fbarray_init(&arr, name, N, 8), 0);
	assert_string_equal(arr.name, name);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	assert_fails(rte_fbarray_init(&arr, "a/b", N, 8), ENOENT);
	assert_int_equal(rte_fbarray_init(&arr, "", N, 8), 0);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

static void a_name_is_taken_until_its_array_is_destroyed(void **state)
{
	struct rte_fbarray arr = array_new(N, 8);
	struct rte_fbarray other;

	assert_fails(rte_fbarray_init(&other, "array", N, 8), EBUSY);
	assert_fails(rte_fbarray_init(&other, "array", 7, 16), EBUSY);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	assert_int_equal(rte_fbarray_init(&other, "array", 7, 16), 0);
	assert_int_equal(rte_fbarray_destroy(&other), 0);
}

static void a_new_array_is_cleared_whatever_was_there_before(void **state)
{
	for (unsigned int round = 0; round < 3; round++) {
		struct rte_fbarray arr = array_new(N, 24);
		const unsigned char *bytes = arr.data;

		assert_int_equal(arr.count, 0);
		assert_int_equal(arr.len, N);
		assert_int_equal(arr.elt_sz, 24);
		assert_int_equal(arr.rwlock, 0);
		assert_int_equal(used_cnt(&arr), 0);
		for (unsigned int i = 0; i < N * 24; i++)
			assert_int_equal(bytes[i], 0);
		memset(arr.data, 0xff, N * 24);
		assert_int_equal(used_cnt(&arr), 0); /* Elements and marks are apart. */
		for (unsigned int i = 0; i < N; i++)
			assert_int_equal(rte_fbarray_set_used(&arr, i), 0);
		assert_int_equal(rte_fbarray_destroy(&arr), 0);
	}
}

static void sizes_are_computed_in_64_bits(void **state)
{
	struct rte_fbarray arr;

	assert_true(fbarray_storage_size(INT_MAX, UINT_MAX) > (uint64_t)INT_MAX * UINT_MAX);
	assert_true(fbarray_storage_size(2, 1u << 31) > 1ull << 32);
	assert_fails(rte_fbarray_init(&arr, "a", INT_MAX, UINT_MAX), ENOMEM);
	assert_fails(rte_fbarray_init(&arr, "a", 1u << 20, 1u << 31), ENOMEM);
}

/* ---- attach, detach, destroy ---- */

static void an_array_is_attached_once_and_keeps_its_contents(void **state)
{
	struct rte_fbarray arr = array_new(N, 8);
	struct rte_fbarray copy;
	uint64_t *elt = rte_fbarray_get(&arr, 7);

	*elt = 7777;
	assert_int_equal(rte_fbarray_set_used(&arr, 7), 0);
	copy = arr;
	assert_fails(rte_fbarray_attach(&arr), EEXIST);
	assert_int_equal(rte_fbarray_detach(&arr), 0);
	assert_memory_equal(&arr, &copy, sizeof(arr));
	assert_fails(rte_fbarray_detach(&arr), ENOENT);
	assert_fails(rte_fbarray_destroy(&arr), ENOENT);
	assert_int_equal(rte_fbarray_attach(&arr), 0);
	assert_memory_equal(&arr, &copy, sizeof(arr));
	assert_int_equal(*elt, 7777);
	assert_int_equal(used_cnt(&arr), 1);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

static void attach_refuses_a_handle_that_init_would_refuse(void **state)
{
	struct rte_fbarray arr = array_new(N, 8), bad = arr;

	assert_int_equal(rte_fbarray_detach(&arr), 0);
	assert_fails(rte_fbarray_attach(NULL), EINVAL);
	bad.len = 0;
	assert_fails(rte_fbarray_attach(&bad), EINVAL);
	bad.len = (unsigned int)INT_MAX + 1;
	assert_fails(rte_fbarray_attach(&bad), EINVAL);
	bad.len = N;
	bad.elt_sz = 0;
	assert_fails(rte_fbarray_attach(&bad), EINVAL);
	bad = arr;
	memset(bad.name, 'n', sizeof(bad.name));
	assert_fails(rte_fbarray_attach(&bad), ENAMETOOLONG);
	assert_int_equal(rte_fbarray_attach(&arr), 0);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

static void attach_finds_no_array_that_is_gone_or_another_one(void **state)
{
	struct rte_fbarray arr = array_new(64, 8), gone = arr;

	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	assert_fails(rte_fbarray_attach(&gone), ENOENT);
	arr = array_new(8, 64); /* As many bytes, under the same name. */
	assert_int_equal(rte_fbarray_detach(&arr), 0);
	assert_fails(rte_fbarray_attach(&gone), ENOENT);
	gone = arr;
	gone.len = 4; /* ... and at the same address. */
	gone.elt_sz = 128;
	assert_fails(rte_fbarray_attach(&gone), ENOENT);
	gone.len = 63;
	assert_fails(rte_fbarray_attach(&gone), ENOENT);
	assert_int_equal(rte_fbarray_attach(&arr), 0);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

static void destroy_clears_the_handle(void **state)
{
	struct rte_fbarray arr = array_new(N, 8);
	static const struct rte_fbarray zero;

	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	assert_memory_equal(&arr, &zero, sizeof(arr));
	assert_fails(rte_fbarray_destroy(&arr), ENOENT);
	assert_fails(rte_fbarray_detach(&arr), ENOENT);
	assert_fails(rte_fbarray_destroy(NULL), EINVAL);
	assert_fails(rte_fbarray_detach(NULL), EINVAL);
}

static void an_array_that_another_process_holds_is_busy(void **state)
{
	struct rte_fbarray arr = array_new(N, 8), copy = arr;

	env_hold(&arr, true);
	assert_fails(rte_fbarray_destroy(&arr), EBUSY);
	assert_memory_equal(&arr, &copy, sizeof(arr));
	env_hold(&arr, false);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

/* Appendix E: the library's own arrays are for reading. */
static void an_array_of_the_library_itself_cannot_be_changed(void **state)
{
	struct rte_fbarray *view = env_view(), copy;

	assert_non_null(view);
	copy = *view;
	assert_fails(rte_fbarray_set_used(view, 0), EPERM);
	assert_fails(rte_fbarray_set_free(view, 0), EPERM);
	assert_fails(rte_fbarray_detach(view), EPERM);
	assert_fails(rte_fbarray_destroy(view), EPERM);
	assert_fails(rte_fbarray_attach(view), EEXIST);
	assert_fails(rte_fbarray_set_used(view, view->len), EINVAL);
	assert_memory_equal(view, &copy, sizeof(copy));
	assert_ptr_equal(rte_fbarray_get(view, 0), view->data);
	assert_true(rte_fbarray_is_used(view, 0) >= 0);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(init_refuses_what_cannot_be_an_array),
		cmocka_unit_test(a_name_has_up_to_63_bytes_and_no_slash),
		cmocka_unit_test(a_name_is_taken_until_its_array_is_destroyed),
		cmocka_unit_test(a_new_array_is_cleared_whatever_was_there_before),
		cmocka_unit_test(sizes_are_computed_in_64_bits),
		cmocka_unit_test(an_array_is_attached_once_and_keeps_its_contents),
		cmocka_unit_test(attach_refuses_a_handle_that_init_would_refuse),
		cmocka_unit_test(attach_finds_no_array_that_is_gone_or_another_one),
		cmocka_unit_test(destroy_clears_the_handle),
		cmocka_unit_test(an_array_that_another_process_holds_is_busy),
		cmocka_unit_test(an_array_of_the_library_itself_cannot_be_changed),
	};

	return cmocka_run_group_tests(cases, env_start, env_stop);
}
