/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RUNDIR_H
#define RUNDIR_H

/*
 * The directory of a runtime that has a name: one socket for each process,
 * called by the number of its slot, and nothing else.
 *
 *   RCUMEM_RUNTIME_DIR, else XDG_RUNTIME_DIR/rcumem, else /run/rcumem (root),
 *   else /tmp/rcumem-<uid>, and in it a directory called by the prefix.
 *
 * Its lock keeps apart those who join and those who leave; a process that dies
 * drops it.  All are the user's own, mode 0700.
 */

#include <stdbool.h>
#include <stdint.h>

#define RUNDIR_PATH_LEN 96 /* With "/63" behind it, a path must fit a socket's address. */

struct rundir {
	int fd; /* -1: closed, and the members below mean nothing. */
	char root[RUNDIR_PATH_LEN];
	char path[RUNDIR_PATH_LEN];
};

#define RUNDIR_CLOSED                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

/*
 * Make the directory where there is none, and lock it: 0, -EACCES (another
 * user's, or open to others), -ENAMETOOLONG, -ETIMEDOUT (locked by another for
 * so long), or what mkdir() says.
 */
int rundir_open(struct rundir *dir, const char *prefix, uint64_t timeout_ns);

void rundir_unlock(struct rundir *dir);
int rundir_lock(struct rundir *dir, uint64_t timeout_ns);

/*
 * Forget it, and drop the lock; when it is locked, remove before what is empty,
 * up to the root of all runtimes.
 */
void rundir_close(struct rundir *dir, bool locked);

/* Call `fn` for each socket until it returns non-zero, which is returned. */
int rundir_each(const struct rundir *dir, int (*fn)(void *ctx, uint32_t slot), void *ctx);

/* A socket that listens in the directory as `slot`, replacing a dead one: its fd, or -errno. */
int rundir_listen(const struct rundir *dir, uint32_t slot);

/* Connected to `slot`: its fd, -ECONNREFUSED (dead), -EAGAIN (alive, but its queue is full), ... */
int rundir_connect(const struct rundir *dir, uint32_t slot);

void rundir_unlink(const struct rundir *dir, uint32_t slot);

#endif /* RUNDIR_H */
