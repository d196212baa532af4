/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ALL_H
#define ALL_H

#include <stddef.h>

/* Each registers the benchmarks of its file for one world: `segments` pages in use. */
void bench_lookup_add(size_t page_sz, unsigned int segments);
void bench_range_add(size_t page_sz, unsigned int segments);
void bench_batch_add(size_t page_sz, unsigned int segments);
void bench_index_add(size_t page_sz, unsigned int segments);
void bench_walk_add(size_t page_sz, unsigned int segments);

/* Built only with BENCH_JEMALLOC. */
void bench_jemalloc_add(unsigned int segments);
void bench_jemalloc_end(void);

/* Each registers the benchmarks of its file. */
void bench_pages_add(void);
void bench_beside_add(void);
void bench_start_add(void);
void bench_section_add(void);
void bench_grace_add(void);

#endif /* ALL_H */
