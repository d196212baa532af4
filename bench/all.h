/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ALL_H
#define ALL_H

/* Each registers the benchmarks of its file. */
void bench_lookup_add(void);
void bench_batch_add(void);
void bench_walk_add(void);
void bench_pages_add(void);
void bench_beside_add(void);
void bench_start_add(void);
void bench_section_add(void);
void bench_grace_add(void);
void bench_jemalloc_add(void); /* Built only with BENCH_JEMALLOC. */

#endif /* ALL_H */
