/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How fast is the machine just now?  Work that is always the same, and has
 * nothing of the library: a chain of multiplications, and a chain of loads that
 * the second cache holds.  Prints nanoseconds of the thread's own time, the
 * least of some laps.  Usage: calibrate
 */
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#define LAPS   8
#define STEPS  400000u
#define CHAIN  (1u << 15) /* 256 KiB of words. */
#define STRIDE 7919u      /* Odd: the chain goes through all words. */

static uint64_t chain[CHAIN];

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

int main(void)
{
	uint64_t least = UINT64_MAX, x = 1, at = 0;

	for (uint64_t i = 0; i < CHAIN; i++)
		chain[i] = (i + STRIDE) & (CHAIN - 1);
	for (unsigned int lap = 0; lap < LAPS; lap++) {
		uint64_t begin = now(), ns;

		for (unsigned int i = 0; i < STEPS; i++)
			x = x * 6364136223846793005ull + 1442695040888963407ull;
		for (unsigned int i = 0; i < STEPS / 4; i++)
			at = chain[at];
		ns = now() - begin;
		least = ns < least ? ns : least;
	}
	/* Both ends are used, or the compiler would see that there is nothing to do. */
	return printf("%llu\n", (unsigned long long)least) < 0 || (x == 0 && at == CHAIN);
}
