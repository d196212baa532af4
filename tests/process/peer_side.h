/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_SIDE_H
#define PEER_SIDE_H

/*
 * The side of a peer: a process of the same program that calls the functions
 * it is asked to, one after the other, and answers with what they return.
 *
 * A question names its function by the distance from a function that both
 * sides have, for a program stands at another address in each process.
 */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support.h"

#define PEER_ARGS 5
#define PEER_DATA 49152
#define PEER_FD   3 /* Questions come here. */

struct peer_question {
	int64_t fn;
	int64_t arg[PEER_ARGS];
	char text[200];
};

struct peer_reply {
	int64_t value;
	int64_t ns; /* How long the call took. */
	int32_t err;
	uint32_t len; /* Of the data. */
	char data[PEER_DATA];
};

/* What a function of a peer may use: the text of the question, and room for more than a number. */
static struct peer_question peer_asked;
static struct peer_reply peer_answer;

static inline int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

static inline void peer_anchor(void)
{
}

static inline intptr_t peer_distance(int64_t (*fn)(const int64_t *arg))
{
	return (intptr_t)fn - (intptr_t)peer_anchor;
}

static inline void peer_serve(void)
{
	int64_t (*fn)(const int64_t *arg) =
		(int64_t(*)(const int64_t *))((intptr_t)peer_anchor + (intptr_t)peer_asked.fn);
	int64_t begin = now_ns();

	peer_answer.len = 0;
	rte_errno = 0;
	peer_answer.value = fn(peer_asked.arg);
	peer_answer.err = rte_errno;
	peer_answer.ns = now_ns() - begin;
}

/* In main(), first: never returns in a peer. */
static inline void peer_main(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "--peer") != 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	page_sz = strtoull(argv[2], NULL, 10);
	while (recv(PEER_FD, &peer_asked, sizeof(peer_asked), 0) == sizeof(peer_asked)) {
		peer_serve();
		if (send(PEER_FD, &peer_answer, offsetof(struct peer_reply, data) + peer_answer.len,
			    MSG_NOSIGNAL) < 0)
			break;
	}
	exit(0);
}

/* Hand more than a number back: truncated to what fits. */
static inline void peer_give(const void *data, size_t len)
{
	peer_answer.len = (uint32_t)(len < PEER_DATA ? len : PEER_DATA);
	memcpy(peer_answer.data, data, peer_answer.len);
}

#endif /* PEER_SIDE_H */
