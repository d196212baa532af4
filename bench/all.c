/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of all benchmarks of `bench`, and of the subjects that they ask. */
#include "all.h"
#include "shim.h"
#include "subject.h"
#include "world.h"

const struct subject *const subjects[] = {
	&subject_rte,
	&subject_raw,
	&subject_inline,
	&subject_scan,
	&subject_spin,
	&subject_spdk,
	&subject_sorted,
	&subject_flat,
	&subject_empty,
	NULL,
};

/* World by world: it takes seconds to make a large one. */
static void worlds_add(size_t page_sz, const unsigned int *segments, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++) {
		bench_lookup_add(page_sz, segments[i]);
		bench_range_add(page_sz, segments[i]);
		bench_batch_add(page_sz, segments[i]);
		bench_walk_add(page_sz, segments[i]);
		bench_index_add(page_sz, segments[i]);
	}
}

void bench_all_add(void)
{
	static const unsigned int small[] = {32, 256, 2048, 16384, 65536, 262144, 1048576};
	static const unsigned int huge[] = {32, 256, 2048};
	static const unsigned int giant[] = {1, 4};

	worlds_add(4096, small, sizeof(small) / sizeof(small[0]));
	worlds_add(2u << 20, huge, sizeof(huge) / sizeof(huge[0]));
	worlds_add(1u << 30, giant, sizeof(giant) / sizeof(giant[0]));
#ifdef BENCH_JEMALLOC
	for (unsigned int i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		bench_jemalloc_add(small[i]);
#endif
	bench_pages_add();
	bench_beside_add();
	bench_section_add();
	bench_grace_add();
	bench_start_add();
}

void bench_all_end(void)
{
	world_end();
#ifdef BENCH_JEMALLOC
	bench_jemalloc_end();
#endif
}
