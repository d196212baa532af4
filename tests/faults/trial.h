/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TRIAL_H
#define TRIAL_H

/* One operation with one call failing, in a process of its own. */

#include "inject.h"
#include "operations.h"

struct trial {
	/* Filled in by the process of the trial. */
	int unable; /* An errno: what comes before the operation failed, nothing was tried. */
	bool hit;   /* A call was made to fail. */
	int result; /* Of the operation. */
	unsigned int seen[INJECT_WHO][INJECT_KINDS];
	char wrong[512]; /* What is not as it must be; empty: nothing. */
	/* What differs after the operation, if anything does: judged by the parent. */
	char differs[512];
	char found[512]; /* ... and what the checker finds. */
};

/*
 * Run it and wait for its end.  `trial` is shared memory.
 */
void trial_run(
	struct trial *trial, const struct operation *operation, const struct inject_plan *plan);

#endif /* TRIAL_H */
