/* SPDX-License-Identifier: BSD-3-Clause */
/* Answering a newcomer: join.h. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "join.h"
#include "point.h"
#include "runtime.h"

/* The same file, opened for reading only. */
static int reopen(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void collect(const struct region *region, enum join_want want, struct join_gift *gift)
{
	bool look = want == JOIN_OBSERVE;

	gift->fds[0] = look ? reopen(runtime.region_fd) : runtime.region_fd;
	/* One who only looks would drop its own locks by closing it. */
	gift->fds[1] = look ? reopen(runtime.region_fd) : runtime.lock_fd;
	for (uint32_t i = 0; i < region->n_internal; i++)
		gift->fds[JOIN_LISTS + i] =
			look ? reopen(runtime.list_fds[i]) : runtime.list_fds[i];
	gift->n_fds = JOIN_LISTS + region->n_internal;
}

static int question_of(int fd, struct join_question *question)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	/* First: an answer that overtakes the question is lost. */
	ssize_t got = recv(fd, question, sizeof(*question), 0);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.uid != geteuid())
		return -EACCES;
	if (got < 0)
		return -ETIMEDOUT;
	if (got != sizeof(*question) || question->magic != REGION_MAGIC ||
		(question->want != JOIN_ATTACH && question->want != JOIN_OBSERVE))
		return -EPROTO;
	return 0;
}

static void answer_with(int fd, struct join_answer *answer, const struct join_gift *gift)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(JOIN_FDS_MAX * sizeof(int))] = {0};
	struct iovec iov = {answer, sizeof(*answer)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *header;

	if (answer->err == 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(gift->n_fds * sizeof(int));
		header = (struct cmsghdr *)control;
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN(gift->n_fds * sizeof(int));
		memcpy(CMSG_DATA(header), gift->fds, gift->n_fds * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT); /* A newcomer that is gone is no error. */
}

void join_serve(int fd, const struct region *region)
{
	struct timeval patience = {.tv_usec = 100000};
	struct join_question question;
	struct join_gift gift = {.n_fds = 0};
	struct join_answer answer = {
		.magic = REGION_MAGIC,
		.version = region->version,
		.fingerprint = region->fingerprint,
		.base = region->base,
		.len = region->len,
	};

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	answer.err = question_of(fd, &question);
	if (answer.err == 0 && question.want == JOIN_ATTACH)
		answer.err = rcu_share() ? -EAGAIN : 0;
	if (answer.err == 0) {
		collect(region, question.want, &gift);
		for (uint32_t i = 0; i < gift.n_fds; i++)
			if (gift.fds[i] < 0)
				answer.err = -EMFILE;
		answer.n_fds = gift.n_fds;
	}
	TEST_POINT("serve.asked");
	/* Who does not ask in time is not answered: it may still, and must not take it for ours.
	 * Who cannot be let in yet is not either, and asks again. */
	if (answer.err != -ETIMEDOUT && answer.err != -EAGAIN)
		answer_with(fd, &answer, &gift);
	if (gift.n_fds && question.want == JOIN_OBSERVE)
		join_gift_close(&gift);
	TEST_POINT("serve.answered");
	close(fd);
}
