/* SPDX-License-Identifier: BSD-3-Clause */
/* Threads, time, and waiting for a word to change. */

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "os.h"

#define STACK_LEN (256u << 10)
#define SLEEP_NS  5000000u /* For a mutex, before looking again. */

int os_thread_start(pthread_t *thread, void *(*main)(void *), void *arg)
{
	pthread_attr_t attr;
	sigset_t all, old;
	int err = pthread_attr_init(&attr);

	if (err)
		return -err;
	pthread_attr_setstacksize(&attr, STACK_LEN);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	err = pthread_create(thread, &attr, main, arg);
	/* The program's thread-local memory, which stands on the stack too, is larger than that. */
	if (err == EINVAL)
		err = pthread_create(thread, NULL, main, arg);
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	pthread_attr_destroy(&attr);
	return -err;
}

uint64_t os_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int os_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns)
{
	struct timespec timeout = {.tv_sec = (time_t)(timeout_ns / 1000000000u),
		.tv_nsec = (long)(timeout_ns % 1000000000u)};
	struct timespec *limit = timeout_ns == UINT64_MAX ? NULL : &timeout;

	/* Not the private kind: others sleep on it in other processes. */
	if (syscall(__NR_futex, word, FUTEX_WAIT, value, limit, NULL, 0) && errno == ETIMEDOUT)
		return -ETIMEDOUT;
	return 0;
}

void os_futex_wake(uint32_t *word)
{
	syscall(__NR_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

/*
 * Whoever is killed as it is woken takes the wake-up with it: the C library wakes one, and the next
 * owner, who came without sleeping, does not know that others sleep.  So nobody sleeps for long.
 */
int os_mutex_lock(pthread_mutex_t *mutex, uint64_t timeout_ns)
{
	uint64_t now = os_now_ns();
	uint64_t end = now + timeout_ns;
	int err = pthread_mutex_trylock(mutex);

	for (; err == EBUSY || (err == ETIMEDOUT && now < end); now = os_now_ns()) {
		uint64_t until = end - now < SLEEP_NS ? end : now + SLEEP_NS;
		struct timespec ts = {.tv_sec = (time_t)(until / 1000000000u),
			.tv_nsec = (long)(until % 1000000000u)};

		err = pthread_mutex_clocklock(mutex, CLOCK_MONOTONIC, &ts);
	}
	return err;
}
