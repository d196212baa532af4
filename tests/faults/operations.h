/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPERATIONS_H
#define OPERATIONS_H

/*
 * The operations whose system calls fail: what is there before, the call
 * itself, and what takes it back.
 */

#include <stdint.h>

#include <rcumem.h>

/* Another process beside this one. */
enum operation_other {
	OTHER_NONE,
	OTHER_OWNS,  /* It has the runtime. */
	OTHER_JOINS, /* It joins the one of this process: only the library's threads are tried. */
};

struct operation {
	const char *name;
	int (*before)(void); /* NULL: nothing.  0, or an errno: the operation cannot be tried. */
	int (*run)(void);    /* 0, or the errno that it failed with. */
	int (*undo)(void);   /* Back to where `run` began: 0, or an errno. */
	void (*after)(void); /* NULL: nothing.  Of `before`. */
	enum operation_other other;
};

extern const struct operation operations[];
extern const unsigned int n_operations;

/* The runtime directory of this trial, and the size of its pages. */
extern char operations_dir[64];
extern uint64_t operations_page_sz;

/* Options of a runtime that processes share. */
struct rcumem_options operations_shared(void);

#endif /* OPERATIONS_H */
