/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of all benchmarks of `bench-dpdk`: the same files, asked of DPDK. */
#include "all.h"
#include "shim.h"
#include "subject.h"
#include "world.h"

const struct subject *const subjects[] = {&subject_rte, NULL};

void bench_all_add(void)
{
	static const unsigned int segments[] = {32, 256}; /* Ascending: see world_dpdk.c. */

	for (unsigned int i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
		bench_lookup_add(2u << 20, segments[i]);
		bench_walk_add(2u << 20, segments[i]);
	}
}

void bench_all_end(void)
{
	world_end();
}
