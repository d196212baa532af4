/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TURNS_H
#define TURNS_H

/*
 * Two processes that measure the same rows in turns of a fraction of a
 * millisecond, so that whatever slows the machine slows both: turns.c.
 */

#include "shim.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What stands behind `--turns` on the command line; the program's exit status. */
int turns_main(int argc, char **argv);

/* In shim.cc: the benchmark that was added by this name, for one thread, and its argument; or NULL.
 */
const struct bench *bench_find(const char *name, const void **arg);

/* Calls run() outside of google-benchmark: false when an answer was wrong. */
bool bench_run_alone(const struct bench *bench, const void *arg, uint64_t iterations);

#ifdef __cplusplus
}
#endif

#endif /* TURNS_H */
