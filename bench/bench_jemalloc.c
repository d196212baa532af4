/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does another index of memory cost: jemalloc's radix tree, asked for an
 * allocation's size through sallocx()?
 *
 * Each allocation is of jemalloc's first large class, so that it is one entry
 * of the tree, as a page is one entry of ours.
 */
#include "all.h"

#include <stdlib.h>

#include <jemalloc/jemalloc.h>

#include "shim.h"

#define LARGE_SZ    16384u
#define ADDRESS_MIN 4096u

struct allocations {
	unsigned int cnt; /* A power of two. */
};

static void **addresses;
static uint32_t mask;
static void **held;
static unsigned int held_cnt;

static const char *jemalloc_setup(const void *arg)
{
	const struct allocations *allocations = arg;
	uint64_t random = allocations->cnt;

	held_cnt = allocations->cnt;
	mask = (held_cnt > ADDRESS_MIN ? held_cnt : ADDRESS_MIN) - 1;
	held = calloc(held_cnt, sizeof(*held));
	addresses = calloc((size_t)mask + 1, sizeof(*addresses));
	if (!held || !addresses)
		return "no memory";
	for (unsigned int i = 0; i < held_cnt; i++) {
		held[i] = malloc(LARGE_SZ);
		if (!held[i])
			return "no memory";
	}
	for (uint32_t i = 0; i <= mask; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		addresses[i] = held[(random >> 32) % held_cnt];
	}
	return NULL;
}

static void jemalloc_teardown(const void *arg)
{
	(void)arg;
	for (unsigned int i = 0; i < held_cnt; i++)
		free(held[i]);
	free(held);
	free(addresses);
}

static void jemalloc_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	uint64_t bytes = 0;

	(void)arg;
	for (uint64_t i = 0; i < iterations; i++)
		bytes += sallocx(addresses[i & mask], 0);
	if (bytes != iterations * LARGE_SZ)
		bench_wrong(state, "sallocx() gave another size");
}

void bench_jemalloc_add(void)
{
	static const struct bench bench = {
		.setup = jemalloc_setup, .run = jemalloc_run, .teardown = jemalloc_teardown};
	static const struct allocations points[] = {{32}, {256}, {2048}, {16384}, {65536}};

	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		for (unsigned int threads = 1; threads <= 2; threads++)
			bench_add(&bench, &points[i], sizeof(points[i]), threads,
				"sallocx/jemalloc/random/segments:%u", points[i].cnt);
}
