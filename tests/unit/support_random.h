/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

/* Random numbers that can be had again: RCUMEM_SEED repeats a run. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

static uint64_t random_state;

/* Take the seed from the environment, or a new one, and print it. */
static inline void random_begin(void)
{
	const char *given = getenv("RCUMEM_SEED");

	random_state =
		given ? strtoull(given, NULL, 0) : (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	printf("RCUMEM_SEED=0x%llx\n", (unsigned long long)random_state);
}

/* A generator of one's own, for threads. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

static inline uint64_t random_u64(void)
{
	return random_next(&random_state);
}

/* Below `bound`, which is not 0. */
static inline uint64_t random_below(uint64_t bound)
{
	return random_u64() % bound;
}

/* Any size with the same chance for each order of magnitude, from 1 to 2^bits - 1. */
static inline uint64_t random_size(unsigned int bits)
{
	uint64_t size = random_u64() >> (64 - 1 - random_below(bits));

	return size ? size : 1;
}

#endif /* SUPPORT_RANDOM_H */
