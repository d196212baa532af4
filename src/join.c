/* SPDX-License-Identifier: BSD-3-Clause */
/* The newcomer's side; the other is join_serve.c. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "join.h"
#include "log.h"
#include "os.h"
#include "point.h"

#define FIRST_PATIENCE_NS 50000000ull

/* One round over all sockets. */
struct round {
	const struct rundir *dir;
	enum join_want want;
	uint64_t patience_ns; /* For each process. */
	uint64_t until_ns;    /* For all rounds. */
	struct join_gift *gift;
	bool anybody; /* Somebody lives. */
};

void join_gift_close(struct join_gift *gift)
{
	for (uint32_t i = 0; i < gift->n_fds; i++)
		if (gift->fds[i] >= 0)
			close(gift->fds[i]);
	gift->n_fds = 0;
}

static bool wait_for_answer(const struct round *round, int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};
	uint64_t now = os_now_ns();
	uint64_t until = now + round->patience_ns;
	int n = -1;

	if (until > round->until_ns)
		until = round->until_ns;
	while (n < 0 && (now = os_now_ns()) < until)
		n = poll(&poll_fd, 1, (int)((until - now) / 1000000) + 1);
	return n > 0;
}

/* The descriptors that came with a message, without those that cannot be kept. */
static void take_fds(struct msghdr *msg, struct join_gift *gift)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		memcpy(gift->fds, CMSG_DATA(c), n * sizeof(int));
		for (size_t i = 0; i < n; i++) {
			int fd = os_fd_keep(gift->fds[i]);

			if (fd >= 0)
				gift->fds[gift->n_fds++] = fd;
		}
	}
}

static int check_answer(const struct join_answer *answer, ssize_t len, const struct msghdr *msg,
	const struct join_gift *gift)
{
	if (len < (ssize_t)sizeof(*answer) || answer->magic != REGION_MAGIC)
		return -EPROTO;
	if (answer->err) /* Of what it may be, no build says anything else. */
		return answer->err == -EACCES || answer->err == -EMFILE ? answer->err : -EPROTO;
	if (answer->version != REGION_VERSION || answer->fingerprint != region_fingerprint())
		return -EPROTO;
	if (msg->msg_flags & MSG_CTRUNC || gift->n_fds != answer->n_fds)
		return -EMFILE;
	return gift->n_fds > JOIN_LISTS ? 0 : -EPROTO;
}

static int receive(int fd, struct join_gift *gift)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(JOIN_FDS_MAX * sizeof(int))];
	struct join_answer answer = {0};
	struct iovec iov = {&answer, sizeof(answer)};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
	int err;

	gift->n_fds = 0;
	TEST_POINT("join.answered");
	if (len >= 0) /* An empty message may bring descriptors, too. */
		take_fds(&msg, gift);
	/* Empty, or none: it died with the question in its hands, or has no memory. */
	err = len > 0 ? check_answer(&answer, len, &msg, gift) : -ECONNRESET;
	if (err) {
		if (!PLANTED(KEPT_GIFT))
			join_gift_close(gift);
		return err;
	}
	gift->base = answer.base;
	gift->len = answer.len;
	return 0;
}

static int ask_fd(struct round *round, int fd)
{
	struct join_question question = {.magic = REGION_MAGIC, .want = round->want};
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) || peer.uid != geteuid())
		return -EACCES;
	if (send(fd, &question, sizeof(question), MSG_NOSIGNAL) != sizeof(question))
		return -ECONNRESET;
	TEST_POINT("join.asked");
	if (!wait_for_answer(round, fd))
		return -ETIMEDOUT;
	return receive(fd, round->gift);
}

/* 0: go on with the next; 1: served; else -errno, which another process would answer as well. */
static int ask_one(void *ctx, uint32_t slot)
{
	struct round *round = ctx;
	int fd = rundir_connect(round->dir, slot);
	int err;

	if (fd == -ECONNREFUSED) {
		rundir_unlink(round->dir, slot);
		return 0;
	}
	if (fd < 0) {
		round->anybody |= fd == -EAGAIN;
		return fd == -EAGAIN || fd == -ENOENT ? 0 : fd;
	}
	err = ask_fd(round, fd);
	close(fd);
	/* Also one that hung up: it has died, which the next round finds, or could not answer. */
	round->anybody = true;
	if (err == -ETIMEDOUT || err == -ECONNRESET)
		return 0;
	return err ? err : 1;
}

int join_ask(
	const struct rundir *dir, enum join_want want, uint64_t timeout_ns, struct join_gift *gift)
{
	struct round round = {
		.dir = dir, .want = want, .patience_ns = FIRST_PATIENCE_NS, .gift = gift};
	int ret;

	round.until_ns = os_now_ns() + timeout_ns;

	do {
		round.anybody = false;
		ret = rundir_each(dir, ask_one, &round);
		round.patience_ns *= 4;
		if (ret == 0 && !round.anybody)
			return -ENOENT;
		if (ret == 0) /* Whoever hangs up at once is not asked in a busy loop. */
			nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
	} while (ret == 0 && os_now_ns() < round.until_ns);
	if (ret == 0)
		log_message(LOG_ERROR, "%s: no process answers", dir->path);
	else if (ret == -EPROTO)
		log_message(LOG_ERROR, "%s: its processes are of another build", dir->path);
	else if (ret == -EACCES)
		log_message(LOG_ERROR, "%s: its processes are another user's", dir->path);
	return ret > 0 ? 0 : ret ? ret : -ETIMEDOUT;
}

int join_fetch(const char *prefix, enum join_want want, struct join_gift *gift)
{
	const uint64_t patience_ns = 2000000000ull;
	struct rundir dir;
	int err = rundir_open(&dir, prefix, patience_ns);

	if (err)
		return err;
	err = join_ask(&dir, want, patience_ns, gift);
	rundir_close(&dir, true);
	return err;
}
