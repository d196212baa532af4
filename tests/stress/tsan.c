/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ThreadSanitizer of gcc 12 and clang 14 does not know pthread_mutex_clocklock(),
 * and would not see that the writer mutex orders anything: under it, the
 * function is made of ones that it knows.
 */

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "atomic.h"

#ifdef RCU_TSAN

int pthread_mutex_clocklock(pthread_mutex_t *mutex, clockid_t clock, const struct timespec *until)
{
	const struct timespec nap = {.tv_nsec = 20000};
	struct timespec now;
	int err;

	while ((err = pthread_mutex_trylock(mutex)) == EBUSY) {
		clock_gettime(clock, &now);
		if (now.tv_sec > until->tv_sec ||
			(now.tv_sec == until->tv_sec && now.tv_nsec >= until->tv_nsec))
			return ETIMEDOUT;
		nanosleep(&nap, NULL);
	}
	return err;
}

#endif
