/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_errno.h: contract section 0 (error model). */

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <rte_errno.h>

/* What another thread saw and did. */
struct other {
	int at_start;
	int at_end;
	int *location;
	const char *words;
};

static void *other_run(void *arg)
{
	struct other *other = arg;

	other->at_start = rte_errno;
	rte_errno = ENOSPC;
	other->words = rte_strerror(-2);
	other->location = rcumem_errno_location();
	other->at_end = rte_errno;
	return NULL;
}

static void other_thread(struct other *other)
{
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, other_run, other), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

static void every_thread_has_its_own_error_number(void **state)
{
	struct other other = {.at_start = -1};

	(void)state;
	rte_errno = EEXIST;
	other_thread(&other);
	assert_int_equal(other.at_start, 0);
	assert_int_equal(other.at_end, ENOSPC);
	assert_ptr_not_equal(other.location, rcumem_errno_location());
	assert_int_equal(rte_errno, EEXIST);
}

static void error_number_is_a_variable_at_one_place(void **state)
{
	int *first = rcumem_errno_location();

	(void)state;
	rte_errno = 41;
	rte_errno++;
	assert_int_equal(*first, 42);
	assert_ptr_equal(&rte_errno, first);
	assert_ptr_not_equal((void *)first, (void *)&errno);
}

static void words_are_those_of_the_system(void **state)
{
	static const int known[] = {0, EPERM, ENOENT, EAGAIN, ENOMEM, EBUSY, EEXIST, ENODEV, EINVAL,
		ENOSPC, EDEADLK, ENAMETOOLONG, ENOTSUP, ETIMEDOUT, EALREADY, EINPROGRESS};

	(void)state;
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		assert_string_equal(rte_strerror(known[i]), strerror(known[i]));
}

static void unknown_number_is_described_by_itself(void **state)
{
	static const int unknown[] = {-1, 7777, INT_MAX, INT_MIN};

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		char digits[16];

		snprintf(digits, sizeof(digits), "%d", unknown[i]);
		assert_non_null(strstr(rte_strerror(unknown[i]), digits));
	}
}

static void words_leave_both_error_numbers_alone(void **state)
{
	(void)state;
	rte_errno = 17;
	errno = 18;
	(void)rte_strerror(ENOENT);
	(void)rte_strerror(7777);
	assert_int_equal(errno, 18);
	assert_int_equal(rte_errno, 17);
}

static void words_of_one_thread_survive_those_of_another(void **state)
{
	struct other other = {.words = NULL};
	const char *mine = rte_strerror(-1);
	char before[128];

	(void)state;
	snprintf(before, sizeof(before), "%s", mine);
	other_thread(&other);
	assert_ptr_not_equal(other.words, mine);
	assert_string_equal(mine, before);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(every_thread_has_its_own_error_number),
		cmocka_unit_test(error_number_is_a_variable_at_one_place),
		cmocka_unit_test(words_are_those_of_the_system),
		cmocka_unit_test(unknown_number_is_described_by_itself),
		cmocka_unit_test(words_leave_both_error_numbers_alone),
		cmocka_unit_test(words_of_one_thread_survive_those_of_another),
	};

	return cmocka_run_group_tests_name("rte_errno.h", cases, NULL, NULL);
}
