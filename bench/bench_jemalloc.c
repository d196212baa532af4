/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does another index of memory cost, from a pointer to what is known of it:
 * jemalloc's radix tree, asked for an allocation's size through sallocx()?
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

static void allocations_drop(void)
{
	for (unsigned int i = 0; i < held_cnt; i++)
		free(held[i]);
	free(held);
	free(addresses);
	held = NULL;
	addresses = NULL;
	held_cnt = 0;
}

/* `cnt` allocations, and the addresses to ask for: 0 or -1. */
static int allocations_make(unsigned int cnt)
{
	uint64_t random = cnt;

	mask = (cnt > ADDRESS_MIN ? cnt : ADDRESS_MIN) - 1;
	held = calloc(cnt, sizeof(*held));
	addresses = calloc((size_t)mask + 1, sizeof(*addresses));
	if (!held || !addresses)
		return -1;
	for (held_cnt = 0; held_cnt < cnt; held_cnt++) {
		held[held_cnt] = malloc(LARGE_SZ);
		if (!held[held_cnt])
			return -1;
	}
	for (uint32_t i = 0; i <= mask; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		addresses[i] = held[(random >> 32) % cnt];
	}
	return 0;
}

/* They are kept until another number is wanted: a million of them take their time. */
static const char *jemalloc_setup(const void *arg)
{
	const struct allocations *allocations = arg;

	if (held_cnt == allocations->cnt)
		return NULL;
	allocations_drop();
	if (!allocations_make(allocations->cnt))
		return NULL;
	allocations_drop();
	return "no memory";
}

static void jemalloc_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	void *const *const at = addresses;
	const uint64_t last = mask;
	uint64_t bytes = 0;

	(void)arg;
	for (uint64_t i = 0; i < iterations; i++)
		bytes += sallocx(at[i & last], 0);
	if (bytes != iterations * LARGE_SZ)
		bench_wrong(state, "sallocx() gave another size");
}

void bench_jemalloc_add(unsigned int segments)
{
	static const struct bench bench = {.setup = jemalloc_setup, .run = jemalloc_run};
	struct allocations allocations = {segments};

	bench_add(&bench, &allocations, sizeof(allocations), BENCH_EACH,
		"virt2memseg/jemalloc/16KiB/random/segments:%u", segments);
}

void bench_jemalloc_end(void)
{
	allocations_drop();
}
