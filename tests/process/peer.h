/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_H
#define PEER_H

/*
 * Other processes for a case: start, ask, stop, continue, kill, end.
 *
 * A peer is a process of this same program, made by exec(), so that nothing is
 * inherited.  It calls functions for the case, whose own process never starts
 * a runtime: peer_call(peer, fn, args...).
 *
 * 1. Every answer is waited for PEER_TIMEOUT_MS at most; then the case fails.
 * 2. Peers end with the case, and with the program if that is killed.
 * 3. What a peer writes to stderr can be read: peer_log().
 */

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "peer_side.h"

#define PEER_TIMEOUT_MS 30000
#define PEERS_MAX       80

struct peer {
	const char *name;
	pid_t pid;  /* 0: it has ended. */
	int fd;     /* Questions and answers. */
	int log_fd; /* What it wrote to stderr. */
	int status; /* As waitpid() says, when it has ended. */
	struct peer_reply reply;
};

/* How a peer is started; zero is as usual. */
struct peer_how {
	int namespaces; /* CLONE_NEW* */
	uid_t uid;
	unsigned int max_files;
	int (*before)(void); /* Called before exec(). */
};

static struct peer *peers[PEERS_MAX]; /* All that have been started in this case. */
static unsigned int n_peers;

/* ---- Starting ---- */

static inline int peer_write_map(const char *path, unsigned int inside, unsigned int outside)
{
	FILE *map = fopen(path, "we");
	int err;

	if (!map)
		return -1;
	fprintf(map, "%u %u 1", inside, outside);
	err = ferror(map);
	return fclose(map) || err ? -1 : 0;
}

/* In the child: what comes before exec().  0, or -1. */
static inline int peer_prepare(const struct peer_how *how, int fd, int log_fd, uid_t uid)
{
	struct rlimit files = {how->max_files, how->max_files};

	if ((how->namespaces & CLONE_NEWUSER) && peer_write_map("/proc/self/uid_map", uid, uid))
		return -1;
	if (how->uid && (setgid(how->uid) || setuid(how->uid)))
		return -1;
	if (how->before && how->before())
		return -1;
	if (dup2(log_fd, STDERR_FILENO) < 0)
		return -1;
	if (fd == PEER_FD ? fcntl(fd, F_SETFD, 0) : dup2(fd, PEER_FD) < 0)
		return -1;
	setenv("RCUMEM_LOG", "warn", 1);
	return how->max_files ? setrlimit(RLIMIT_NOFILE, &files) : 0;
}

/* A place in the list, or the place of one that has ended. */
static inline void peer_enlist(struct peer *peer)
{
	for (unsigned int i = 0; i < n_peers; i++) {
		if (peers[i] != peer)
			continue;
		assert_int_equal(peer->pid, 0);
		close(peer->log_fd);
		peers[i] = peers[--n_peers];
	}
	assert_true(n_peers < PEERS_MAX);
	peers[n_peers++] = peer;
}

/* Not started after all, or its log has been read. */
static inline void peer_delist(void)
{
	close(peers[--n_peers]->log_fd);
}

/* 0, or -1: the kernel does not make such a process. */
static inline int peer_try(struct peer *peer, const char *name, const struct peer_how *how)
{
	uid_t uid = geteuid();
	char size[24];
	int fds[2];

	peer_enlist(peer);
	peer->name = name;
	peer->status = 0;
	snprintf(size, sizeof(size), "%llu", (unsigned long long)page_sz);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 0);
	peer->fd = fds[0];
	peer->log_fd = memfd_create("peer-log", MFD_CLOEXEC);
	fflush(NULL);
	peer->pid = (pid_t)syscall(SYS_clone, how->namespaces | SIGCHLD, NULL, NULL, NULL, NULL);
	if (peer->pid == 0) {
		if (peer_prepare(how, fds[1], peer->log_fd, uid) == 0)
			execl("/proc/self/exe", "peer", "--peer", size, NULL);
		_exit(120);
	}
	close(fds[1]);
	if (peer->pid > 0)
		return 0;
	close(peer->fd);
	peer_delist();
	peer->pid = 0;
	return -1;
}

static inline void peer_start(struct peer *peer, const char *name)
{
	if (peer_try(peer, name, &(struct peer_how){0}) != 0)
		fail_msg("%s does not start: %s", name, strerror(errno));
}

/* ---- Its end ---- */

/* Remember how it ended, and release what it had but its log. */
static inline void peer_reap(struct peer *peer)
{
	if (peer->pid > 0) {
		while (waitpid(peer->pid, &peer->status, 0) < 0 && errno == EINTR)
			;
		close(peer->fd);
	}
	peer->pid = 0;
}

static inline void peer_kill(struct peer *peer)
{
	assert_true(peer->pid > 0);
	kill(peer->pid, SIGKILL);
	peer_reap(peer);
}

/* Let it end by itself: its exit status. */
static inline int peer_exit(struct peer *peer)
{
	struct pollfd end = {.fd = peer->fd, .events = POLLIN};

	assert_true(peer->pid > 0);
	shutdown(peer->fd, SHUT_RDWR);
	for (int ms = 0; ms < PEER_TIMEOUT_MS; ms++) {
		if (waitpid(peer->pid, &peer->status, WNOHANG) == peer->pid) {
			peer->pid = 0;
			close(peer->fd);
			return WIFEXITED(peer->status) ? WEXITSTATUS(peer->status)
						       : -WTERMSIG(peer->status);
		}
		poll(&end, 0, 1);
	}
	fail_msg("%s does not end", peer->name);
	return -1;
}

static inline void peer_stop(struct peer *peer)
{
	int status = 0;

	assert_true(peer->pid > 0);
	kill(peer->pid, SIGSTOP);
	assert_int_equal(waitpid(peer->pid, &status, WUNTRACED), peer->pid);
	assert_true(WIFSTOPPED(status));
}

static inline void peer_continue(struct peer *peer)
{
	assert_true(peer->pid > 0);
	kill(peer->pid, SIGCONT);
}

/* ---- Asking ---- */

enum peer_state {
	PEER_ANSWERED,
	PEER_SILENT,
	PEER_DIED,
};

/* Ask, and go on at once. */
static inline void peer_begin_text(struct peer *peer, int64_t (*fn)(const int64_t *arg),
	const char *text, const int64_t arg[PEER_ARGS])
{
	struct peer_question question = {.fn = peer_distance(fn)};

	memcpy(question.arg, arg, sizeof(question.arg));
	snprintf(question.text, sizeof(question.text), "%s", text);
	if (send(peer->fd, &question, sizeof(question), MSG_NOSIGNAL) != sizeof(question))
		fail_msg("%s cannot be asked: %s", peer->name, strerror(errno));
}

/* Wait for the answer to what was asked. */
static inline enum peer_state peer_wait(struct peer *peer, int64_t timeout_ms)
{
	struct pollfd answer = {.fd = peer->fd, .events = POLLIN};
	int64_t until = now_ns() + timeout_ms * 1000000;
	int64_t left;
	int n;

	do {
		left = until - now_ns();
		n = poll(&answer, 1, left > 0 ? (int)(left / 1000000) + 1 : 0);
	} while (n < 0 && errno == EINTR);
	if (n <= 0)
		return PEER_SILENT;
	return recv(peer->fd, &peer->reply, sizeof(peer->reply), 0) > 0 ? PEER_ANSWERED : PEER_DIED;
}

/* Everything that it wrote to stderr, ended by a zero; good until the next call. */
static inline const char *peer_log(const struct peer *peer)
{
	static char log[65536];
	ssize_t len = pread(peer->log_fd, log, sizeof(log) - 1, 0);

	log[len > 0 ? len : 0] = 0;
	return log;
}

/* Wait for the answer, which must come: what the function returned.  Its errno is in reply.err. */
static inline int64_t peer_end(struct peer *peer)
{
	switch (peer_wait(peer, PEER_TIMEOUT_MS)) {
	case PEER_ANSWERED:
		break;
	case PEER_SILENT:
		fail_msg("%s does not answer; it wrote:\n%s", peer->name, peer_log(peer));
		break;
	case PEER_DIED:
		peer_reap(peer);
		fail_msg("%s has died (status 0x%x); it wrote:\n%s", peer->name, peer->status,
			peer_log(peer));
	}
	return peer->reply.value;
}

static inline int64_t peer_ask_text(struct peer *peer, int64_t (*fn)(const int64_t *arg),
	const char *text, const int64_t arg[PEER_ARGS])
{
	peer_begin_text(peer, fn, text, arg);
	return peer_end(peer);
}

#define PEER_ARGS_OF(...) ((const int64_t[PEER_ARGS]){__VA_ARGS__})

#define peer_begin(peer, fn, ...)           peer_begin_text(peer, fn, "", PEER_ARGS_OF(__VA_ARGS__))
#define peer_call(peer, fn, ...)            peer_ask_text(peer, fn, "", PEER_ARGS_OF(__VA_ARGS__))
#define peer_call_text(peer, fn, text, ...) peer_ask_text(peer, fn, text, PEER_ARGS_OF(__VA_ARGS__))

/* A call that must answer something else than -1. */
#define peer_must(peer, fn, ...)                                                                   \
	do {                                                                                       \
		if (peer_call(peer, fn, __VA_ARGS__) == -1)                                        \
			fail_msg("%s of %s: %s\n%s", #fn, (peer)->name,                            \
				strerror((peer)->reply.err), peer_log(peer));                      \
	} while (0)

/* A call that must answer -1 with this errno. */
#define peer_fails(peer, number, fn, ...)                                                          \
	do {                                                                                       \
		int64_t value_ = peer_call(peer, fn, __VA_ARGS__);                                 \
		if (value_ != -1 || (peer)->reply.err != (number))                                 \
			fail_msg("%s of %s: %lld, errno %d, not %d\n%s", #fn, (peer)->name,        \
				(long long)value_, (peer)->reply.err, number, peer_log(peer));     \
	} while (0)

/* How long the last call took. */
static inline int64_t peer_ms(const struct peer *peer)
{
	return peer->reply.ns / 1000000;
}

#endif /* PEER_H */
