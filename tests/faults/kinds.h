/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef KINDS_H
#define KINDS_H

/*
 * What each system call can answer, and what becomes of it: the tables that
 * the trials are made from and judged by.
 */

#include <stdbool.h>

#define KIND_ERRORS 4

struct kind {
	int nr;
	const char *name;
	bool done;            /* Made although it fails. */
	int err[KIND_ERRORS]; /* Up to the first 0. */
	const char *never;    /* Why it cannot fail; then it is left alone. */
};

/* NULL: a system call that nobody has thought of. */
const struct kind *kind_of(int nr);

/*
 * An outcome other than the usual one, which is that the operation fails with
 * the errno of the system call and changes nothing.
 */
#define OUTCOME_DIES (-1)

struct outcome {
	const char *operation; /* Begin of its name; "": of all. */
	int nr;
	int err; /* 0: any. */
	int result;
	const char *but; /* What may differ afterwards: state_same(); "*": it is not looked at. */
	const char *why;
};

/* The row that admits this, marked as used, or NULL. */
const struct outcome *outcome_of(const char *operation, int nr, int err, int result);

/* The next row from `*at` on that admitted nothing, or NULL. */
const struct outcome *outcome_unused(unsigned int *at);

#endif /* KINDS_H */
