/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SHIM_H
#define SHIM_H

/*
 * Benchmarks in C on google-benchmark, which is C++: the names, threads,
 * statistics, command line and JSON are google-benchmark's.
 *
 * A benchmark is a struct bench and an argument.  Each of its threads is
 * pinned to a CPU of its own (as long as there are any) and calls run() once
 * for each measurement, with the number of iterations to make: nothing of the
 * shim is inside the timed loop.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One thread of one measurement; opaque. */
struct bench_state;

struct bench {
	/* Prepare what `arg` names: called by one thread while the others wait, untimed.
	 * Returns NULL, or why this benchmark cannot run here: it is reported as skipped. */
	const char *(*setup)(const void *arg);
	/* Do it `iterations` times. */
	void (*run)(struct bench_state *state, const void *arg, uint64_t iterations);
	/* Called by one thread after all have finished, untimed; may be NULL. */
	void (*teardown)(const void *arg);
	/* run() times each iteration by itself and reports it with bench_sample(). */
	bool sampled;
};

/* For `threads`: once for each of 1, 2, and as many as there are CPUs. */
#define BENCH_EACH 0u

/* Register a benchmark for `threads` threads.  `arg_len` bytes at `arg` and the name are copied. */
__attribute__((format(printf, 5, 6))) void bench_add(const struct bench *bench, const void *arg,
	size_t arg_len, unsigned int threads, const char *name, ...);

/* One iteration took `ns`; for benchmarks that are `sampled`. Median, p99 and maximum are shown. */
void bench_sample(struct bench_state *state, uint64_t ns);

/* Iterations took `ns` beside their samples: it counts only for the end of the measurement. */
void bench_spent(struct bench_state *state, uint64_t ns);

/* What is sampled in the same iterations beside them, with `prefix` before the figures' names. */
void bench_sample_beside(struct bench_state *state, const char *prefix, uint64_t ns);

/* Show a figure of one's own. */
void bench_counter(struct bench_state *state, const char *name, double value);

/* An iteration handled `count` items: nanoseconds an item are shown, and samples are divided. */
void bench_items(struct bench_state *state, uint64_t count);

/* An answer was wrong: the benchmark fails, and so does the program. */
void bench_wrong(struct bench_state *state, const char *what);

/* Pin the calling thread to the `index`-th of the CPUs that the program may use, round robin. */
void bench_pin(unsigned int index);

/* How many CPUs the program may use. */
unsigned int bench_cpus(void);

/* Let the calling thread run on all of them. */
void bench_unpin(void);

/* Nanoseconds of a monotonic clock. */
uint64_t bench_now(void);

/* The whole program. */
__attribute__((visibility("default"))) int bench_main(int argc, char **argv);

/* In all.c: register every benchmark; end what they started. */
void bench_all_add(void);
void bench_all_end(void);

#ifdef __cplusplus
}
#endif

#endif /* SHIM_H */
