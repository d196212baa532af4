/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FLAVOURS_H
#define FLAVOURS_H

/*
 * The ways to be a reader that a grace period waits for, and to wait: rcumem's,
 * and liburcu's with its functions inlined, their best case.
 */

#include <stdint.h>

struct flavour {
	const char *name;
	int (*enlist)(void); /* The calling thread becomes a reader: 0, or not. */
	void (*leave)(void);
	/* One section; of a quiescent kind end() announces a quiescent state. */
	void (*begin)(void);
	void (*end)(void);
	/* Around a long sleep. */
	void (*offline)(void);
	void (*online)(void);
	int (*synchronize)(void); /* 0 when all readers have passed. */
	/* `n` sections, or quiescent states, without a call around each. */
	void (*loop)(uint64_t n);
};

/* Ends with an entry without a name. */
extern const struct flavour flavours[];

#endif /* FLAVOURS_H */
