/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_SERVER_H
#define PEER_SERVER_H

/* The case itself as the process in slot 0, which answers newcomers what it is told to. */

#include <sys/un.h>

#include "join.h"
#include "peer_case.h"
#include "runtime.h"

static inline int server_listen(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/" PEER_PREFIX, peer_case.dir);
	assert_int_equal(mkdir(addr.sun_path, 0700), 0);
	strcat(addr.sun_path, "/0");
	assert_int_equal(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static inline void server_close(int server)
{
	char path[160];

	close(server);
	snprintf(path, sizeof(path), "%s/" PEER_PREFIX "/0", peer_case.dir);
	unlink(path);
	*strrchr(path, '/') = 0;
	rmdir(path);
}

/* Take one question, and answer so many bytes with so many descriptors. */
static inline void server_give(int server, const void *bytes, size_t len, const int *fds, int n_fds)
{
	struct join_question question;
	struct pollfd ready = {.fd = server, .events = POLLIN};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(8 * sizeof(int))] = {0};
	struct iovec iov = {(void *)(uintptr_t)bytes, len};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	int fd;

	assert_int_equal(poll(&ready, 1, 5000), 1);
	fd = accept(server, NULL, NULL);
	assert_int_equal(recv(fd, &question, sizeof(question), 0), sizeof(question));
	assert_true(question.magic == REGION_MAGIC && question.want == JOIN_ATTACH);
	if (n_fds) {
		struct cmsghdr *header = (struct cmsghdr *)control;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE((size_t)n_fds * sizeof(int));
		header->cmsg_level = SOL_SOCKET;
		header->cmsg_type = SCM_RIGHTS;
		header->cmsg_len = CMSG_LEN((size_t)n_fds * sizeof(int));
		memcpy(CMSG_DATA(header), fds, (size_t)n_fds * sizeof(int));
	}
	if (len || n_fds)
		assert_int_equal(sendmsg(fd, &msg, 0), len);
	close(fd);
}

/* The same with descriptors of nothing. */
static inline void server_answer(int server, const void *bytes, size_t len, int n_fds)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	const int fds[] = {null, null, null, null};

	assert_true(n_fds <= (int)ARRAY_LEN(fds));
	server_give(server, bytes, len, fds, n_fds);
	close(null);
}

/* What a process of this build would say. */
static inline struct join_answer good_answer(void)
{
	return (struct join_answer){
		.magic = REGION_MAGIC,
		.version = REGION_VERSION,
		.fingerprint = region_fingerprint(),
		.n_fds = 4,
		.base = 1ull << 40,
		.len = GIB,
	};
}

#endif /* PEER_SERVER_H */
