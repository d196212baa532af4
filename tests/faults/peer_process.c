/* SPDX-License-Identifier: BSD-3-Clause */
/* The other process of an operation: it has the runtime, or joins it when it is told to. */

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "peer_process.h"

static struct {
	pid_t pid;
	int fd;
} peer = {.fd = -1};

static int processes(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	return rcumem_stats_get(&stats) ? -1 : (int)stats.processes;
}

static int look(void)
{
	struct rcumem_observer *observer = rcumem_observe("faults");
	int err = observer ? 0 : rte_errno;

	if (observer && rcumem_observer_check(observer, NULL, NULL))
		err = rte_errno ? rte_errno : EBADMSG;
	rcumem_observer_close(observer);
	return err;
}

static int join_and_leave(const struct rcumem_options *opts)
{
	return rcumem_init(opts) || rcumem_fini() ? rte_errno : 0;
}

static int obey(char word, const struct rcumem_options *opts)
{
	switch (word) {
	case PEER_JOIN:
		return join_and_leave(opts);
	case PEER_LOOK:
		return look();
	default:
		return processes();
	}
}

static _Noreturn void peer_main(int fd, const struct rcumem_options *opts, bool begin)
{
	int answer;
	char word;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	answer = begin && rcumem_init(opts) ? rte_errno : 0;
	do {
		if (write(fd, &answer, sizeof(answer)) != sizeof(answer))
			break;
		if (read(fd, &word, 1) != 1)
			break;
		answer = obey(word, opts);
	} while (true);
	rcumem_fini();
	_exit(0);
}

static int answer_of(void)
{
	int answer;

	return read(peer.fd, &answer, sizeof(answer)) == sizeof(answer) ? answer : EIO;
}

int peer_process_start(const struct rcumem_options *opts, bool begin)
{
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds))
		return errno;
	peer.pid = fork();
	if (peer.pid == 0) {
		close(fds[0]);
		peer_main(fds[1], opts, begin);
	}
	close(fds[1]);
	peer.fd = fds[0];
	return peer.pid < 0 ? errno : answer_of();
}

int peer_process_ask(enum peer_word word)
{
	char byte = (char)word;

	if (peer.fd < 0)
		return 0;
	return write(peer.fd, &byte, 1) == 1 ? answer_of() : EIO;
}

void peer_process_stop(void)
{
	if (peer.fd < 0)
		return;
	close(peer.fd);
	peer.fd = -1;
	waitpid(peer.pid, NULL, 0);
}
