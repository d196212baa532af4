/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INJECT_H
#define INJECT_H

/*
 * Failing system calls, without a seam in the library: a seccomp filter hands
 * every system call of this thread, and of those that it starts, to a thread
 * that lets it pass or answers with an error.  The C library's own calls are
 * among them.  Allocations, which seldom end in a system call, are wrapped by
 * the linker and take part as one more kind.
 */

#include <stdbool.h>

#define INJECT_MALLOC 600 /* The number of malloc(), calloc() and realloc(). */
#define INJECT_KINDS  601

/* Whose calls are meant: the caller's of the operation, or those of the library's threads. */
enum inject_who { INJECT_CALLER, INJECT_LIBRARY, INJECT_WHO };

struct inject_plan {
	enum inject_who who;
	int kind;
	unsigned int nth; /* From 1; 0: none fails, all are counted. */
	int err;
	bool done; /* The call is made, and the error told nevertheless: what close() does. */
};

/* Begin: once in a process, which ends with it.  0, or -errno where the kernel lacks it. */
int inject_start(void);

/* Count and fail calls from here on, or leave them alone again. */
void inject_arm(const struct inject_plan *plan);
void inject_disarm(void);

/* Of the last plan: calls of a kind, and whether one was made to fail. */
unsigned int inject_seen(enum inject_who who, int kind);
bool inject_hit(void);

#endif /* INJECT_H */
