/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef JOIN_H
#define JOIN_H

/*
 * How a newcomer gets the descriptors of a runtime: it asks the processes that
 * live, one after the other, by their sockets; each can answer.  The question
 * and the first words of the answer are the same in every build.
 */

#include "region.h"
#include "rundir.h"

/* SCM_RIGHTS carries so many at most: the control region, the lock file, and the lists. */
#define JOIN_FDS_MAX 253
#define JOIN_LISTS   2 /* The first list among them. */

enum join_want {
	JOIN_ATTACH = 1,
	JOIN_OBSERVE = 2, /* Descriptors that cannot be written through, and no lock file: -1. */
};

struct join_question {
	uint64_t magic;
	uint32_t want; /* enum join_want */
	uint32_t pad;
};

struct join_answer {
	uint64_t magic;
	uint32_t version;
	uint32_t fingerprint;
	int32_t err; /* 0, or -errno of the one who answers: then no descriptors. */
	uint32_t n_fds;
	uint64_t base;
	uint64_t len;
};

/* What was given; the fds belong to the caller. */
struct join_gift {
	uint64_t base;
	uint64_t len;
	uint32_t n_fds;
	int fds[JOIN_FDS_MAX]; /* The control region, the lock file, list after list. */
};

/*
 * Ask for the descriptors, with the directory locked.  0, -ENOENT (no process
 * lives; dead sockets are gone), -EPROTO (another build), -EACCES (another
 * user), -EMFILE, -ETIMEDOUT (processes live, but none answers).
 */
int join_ask(
	const struct rundir *dir, enum join_want want, uint64_t timeout_ns, struct join_gift *gift);

/* For one who only looks: find the directory, ask, and leave no trace. */
int join_fetch(const char *prefix, enum join_want want, struct join_gift *gift);

void join_gift_close(struct join_gift *gift);

/* The other side: answer one newcomer on a connected socket, which is closed. */
void join_serve(int fd, const struct region *region);

#endif /* JOIN_H */
