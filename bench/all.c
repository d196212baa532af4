/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of all benchmarks. */
#include "all.h"
#include "shim.h"
#include "world.h"

void bench_all_add(void)
{
	bench_lookup_add();
#ifdef BENCH_JEMALLOC
	bench_jemalloc_add();
#endif
	bench_batch_add();
	bench_walk_add();
	bench_pages_add();
	bench_beside_add();
	bench_section_add();
	bench_grace_add();
	bench_start_add();
}

void bench_all_end(void)
{
	world_end();
}
