/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's own threads, and waiting. */

#include <linux/futex.h>

#include "atomic.h"
#include "os.h"
#include "support.h"

/* More than the stack of such a thread; the C library puts it there. */
static __thread char large[1 << 20];

static void *fill(void *arg)
{
	memset(large, 1, sizeof(large));
	return arg;
}

static void a_thread_starts_beside_large_thread_local_memory(void **state)
{
	pthread_t thread;
	void *ret = NULL;

	(void)state;
	assert_int_equal(os_thread_start(&thread, fill, &thread), 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_ptr_equal(ret, &thread);
}

/* ---- A mutex whose waiters are killed ---- */

/* Far above what any of this takes, on a machine that now and then stops, or under valgrind. */
#define SOON_NS 10000000000ull

static pthread_mutex_t mutex;
static int locked; /* What the waiter's call returned. */

static void *wait_for_mutex(void *arg)
{
	locked = os_mutex_lock(&mutex, 3 * SOON_NS);
	if (locked == 0)
		pthread_mutex_unlock(&mutex);
	return arg;
}

static void robust_mutex_init(void)
{
	pthread_mutexattr_t attr;

	assert_int_equal(pthread_mutexattr_init(&attr), 0);
	assert_int_equal(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED), 0);
	assert_int_equal(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST), 0);
	assert_int_equal(pthread_mutex_init(&mutex, &attr), 0);
	pthread_mutexattr_destroy(&attr);
}

/*
 * What is left when a waiter is killed as it is woken, and another locks before
 * it has slept: an owner who does not know that somebody sleeps, and wakes nobody.
 */
static void a_mutex_is_had_though_its_owner_wakes_nobody(void **state)
{
	pthread_t thread;
	uint64_t begin;

	(void)state;
	robust_mutex_init();
	assert_int_equal(pthread_mutex_lock(&mutex), 0);
	assert_int_equal(pthread_create(&thread, NULL, wait_for_mutex, NULL), 0);
	begin = os_now_ns();
	/* Relaxed, both: the word only says that somebody is about to sleep, and then no more. */
	while (!(rcu_load_relaxed(&mutex.__data.__lock) & (int)FUTEX_WAITERS)) {
		assert_true(os_now_ns() - begin < SOON_NS);
		usleep(100);
	}
	usleep(2000);
	rcu_fetch_and_release(&mutex.__data.__lock, (int)~FUTEX_WAITERS);
	assert_int_equal(pthread_mutex_unlock(&mutex), 0);
	begin = os_now_ns();
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(locked, 0);
	assert_true(os_now_ns() - begin < SOON_NS);
	pthread_mutex_destroy(&mutex);
}

static void a_mutex_that_stays_locked_is_waited_for_as_long_as_asked(void **state)
{
	uint64_t begin = os_now_ns();

	(void)state;
	robust_mutex_init();
	assert_int_equal(pthread_mutex_lock(&mutex), 0);
	assert_int_equal(os_mutex_lock(&mutex, 0), ETIMEDOUT);
	assert_int_equal(os_mutex_lock(&mutex, 12000000), ETIMEDOUT);
	assert_in_range(os_now_ns() - begin, 12000000, SOON_NS);
	pthread_mutex_unlock(&mutex);
	pthread_mutex_destroy(&mutex);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(a_thread_starts_beside_large_thread_local_memory),
		CASE(a_mutex_is_had_though_its_owner_wakes_nobody),
		CASE(a_mutex_that_stays_locked_is_waited_for_as_long_as_asked),
	};

	return RUN_CASES("os_wait", cases);
}
