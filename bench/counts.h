/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef COUNTS_H
#define COUNTS_H

/*
 * Operations that tools/perf counts: instructions by callgrind, system calls by
 * strace.  What is counted is run() alone; it must do the same work each time.
 */

#include <stdbool.h>
#include <stdint.h>

#define COUNTS_PAGE_LEN 4096u
#define COUNTS_PAGES    256u /* In use, in one run: what lookups and walks find. */
#define COUNTS_BURST    32u
#define COUNTS_HUGE_LEN (2u << 20)

struct counts_op {
	const char *name;
	/* Before and behind each run(); may be NULL. */
	bool (*before)(void);
	/* Do it once: false when the answer is wrong. */
	bool (*run)(unsigned int i);
	bool (*after)(void);
};

/* What a call of run() costs by itself. */
bool counts_empty(unsigned int i);

/* Tables of operations, which end with an entry that has no name. */
extern const struct counts_op counts_readers[];
extern const struct counts_op counts_batches[];
extern const struct counts_op counts_writers[];
extern const struct counts_op counts_huge[];

/* What is looked up; `counts_pages` is its first page. */
bool counts_world_make(void);
bool counts_world_remove(void);
extern char *counts_pages;

/* The same for `counts_huge`: one hugepage. */
bool counts_huge_make(void);
bool counts_huge_remove(void);

#endif /* COUNTS_H */
