/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FUZZ_JOIN_END_H
#define FUZZ_JOIN_END_H

/* The other end of a newcomer: a thread that answers what the script says, and what it can give. */

#include <fcntl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "fuzz.h"
#include "join.h"
#include "support.h"

#include "runtime.h"

#define PREFIX       "fuzz"
#define MESSAGES_MAX 3u
#define FDS_MAX      12u

/* What a message of the input is. */
struct message {
	uint8_t bytes[sizeof(struct join_answer) + 16];
	size_t len;
	int fds[FDS_MAX];
	unsigned int n_fds;
};

static struct join_gift gift; /* What a server of the region would give. */
static struct region header;  /* Of the region. */
static int listener;
static int others[3]; /* What is no file, a file of no length, and one that is no region. */

/* What the server thread sends to the next newcomer: written before that one connects. */
static struct message script[MESSAGES_MAX];
static unsigned int n_script;

static inline void send_message(int fd, const struct message *message)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(FDS_MAX * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)message->bytes, message->len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (message->n_fds) {
		struct cmsghdr *c = (struct cmsghdr *)control;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(message->n_fds * sizeof(int));
		*c = (struct cmsghdr){.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(message->n_fds * sizeof(int))};
		memcpy(CMSG_DATA(c), message->fds, message->n_fds * sizeof(int));
	}
	sendmsg(fd, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline void *serve(void *arg)
{
	char question[64];

	(void)arg;
	for (;;) {
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		FUZZ_ASSERT(fd >= 0, "accept: %d", errno);
		FUZZ_ASSERT(recv(fd, question, sizeof(question), 0) == sizeof(struct join_question),
			"a question of another length");
		for (unsigned int i = 0; i < n_script; i++)
			send_message(fd, &script[i]);
		close(fd);
	}
	return NULL;
}

static inline void listen_there(const char *dir)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	pthread_t thread;

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" PREFIX, dir);
	FUZZ_ASSERT(mkdir(addr.sun_path, 0700) == 0, "no directory");
	strcat(addr.sun_path, "/99"); /* No process of the runtime takes it away. */
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	FUZZ_ASSERT(bind(listener, (struct sockaddr *)&addr, sizeof(addr)) == 0 &&
			    listen(listener, 8) == 0 &&
			    pthread_create(&thread, NULL, serve, NULL) == 0,
		"no server");
}

/* Descriptors of a runtime that nobody is attached to any more. */
static inline void make_gift(void)
{
	struct rcumem_options opts = test_options();

	opts.page_sizes = RTE_PGSIZE_4K;
	opts.lock_timeout_ms = 100;
	runtime_start(&opts);
	header = *runtime_region();
	gift = (struct join_gift){.base = header.base, .len = header.len};
	gift.fds[0] = fcntl(runtime.region_fd, F_DUPFD_CLOEXEC, 3);
	gift.fds[1] = fcntl(runtime.lock_fd, F_DUPFD_CLOEXEC, 3);
	for (uint32_t i = 0; i < header.n_internal; i++)
		gift.fds[JOIN_LISTS + i] = fcntl(runtime.list_fds[i], F_DUPFD_CLOEXEC, 3);
	gift.n_fds = JOIN_LISTS + header.n_internal;
	runtime_stop();
}

#endif /* FUZZ_JOIN_END_H */
