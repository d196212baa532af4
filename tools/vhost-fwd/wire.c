// SPDX-License-Identifier: BSD-3-Clause
/* Framing of vhost-user messages and their descriptors over a stream socket. */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

void wire_open(struct wire *wire, int sock)
{
	memset(wire, 0, sizeof(*wire));
	wire->sock = sock;
}

void wire_next(struct wire *wire)
{
	for (unsigned int i = 0; i < wire->fd_cnt; i++)
		if (wire->fds[i] >= 0)
			close(wire->fds[i]);
	wire->fd_cnt = 0;
	wire->have = 0;
}

void wire_close(struct wire *wire)
{
	wire_next(wire);
	if (wire->sock >= 0)
		close(wire->sock);
	wire->sock = -1;
}

int wire_take_fd(struct wire *wire, unsigned int i)
{
	int fd = i < wire->fd_cnt ? wire->fds[i] : -1;

	if (fd >= 0)
		wire->fds[i] = -1;
	return fd;
}

/* Move the descriptors of one recvmsg() into the message; -EPROTO when there are too many. */
static int collect_fds(struct wire *wire, struct msghdr *msg)
{
	int err = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		size_t cnt = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		for (size_t i = 0; i < cnt; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof(fd));
			if (wire->fd_cnt < VHOST_MAX_FDS) {
				wire->fds[wire->fd_cnt++] = fd;
			} else {
				close(fd); /* INV-WIRE-1 */
				err = -EPROTO;
			}
		}
	}
	/* What did not fit the buffer has been closed by the kernel. */
	return msg->msg_flags & MSG_CTRUNC ? -EPROTO : err;
}

static int check_header(const struct wire *wire, const char **why)
{
	if ((wire->hdr.flags & VHOST_FLAG_VERSION_MASK) != VHOST_FLAG_VERSION)
		*why = "a message of another protocol version";
	else if (wire->hdr.size > sizeof(wire->payload))
		*why = "a message longer than any request";
	else
		return 0;
	return -EPROTO;
}

/* One recvmsg(): bytes read, 0 for "would block", or -errno. */
static ssize_t receive_some(struct wire *wire, void *to, size_t len, const char **why)
{
	char control[CMSG_SPACE(VHOST_MAX_FDS * sizeof(int))];
	struct iovec iov = {.iov_base = to, .iov_len = len};
	struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(wire->sock, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (n <= 0) {
		*why = "the peer closed the connection";
		return -ECONNRESET;
	}
	if (collect_fds(wire, &msg)) {
		*why = "more descriptors than a message may carry";
		return -EPROTO;
	}
	return n;
}

int wire_receive(struct wire *wire, const char **why)
{
	const size_t head = sizeof(wire->hdr);

	for (;;) {
		size_t want = wire->have < head ? head : head + wire->hdr.size;
		char *to = wire->have < head ? (char *)&wire->hdr + wire->have
					     : (char *)&wire->payload + (wire->have - head);
		ssize_t n;

		if (wire->have == want)
			return 1;
		n = receive_some(wire, to, want - wire->have, why);
		if (n <= 0)
			return (int)n;
		wire->have += (size_t)n;
		if (wire->have == head && check_header(wire, why))
			return -EPROTO;
	}
}

int wire_receive_wait(struct wire *wire, int timeout_ms, const char **why)
{
	struct pollfd pfd = {.fd = wire->sock, .events = POLLIN};

	for (;;) {
		int n = wire_receive(wire, why);

		if (n)
			return n;
		if (poll(&pfd, 1, timeout_ms) == 0) {
			*why = "no answer";
			return -ETIMEDOUT;
		}
	}
}

int wire_send(int sock, const struct vhost_header *hdr, const void *payload, const int *fds,
	unsigned int fd_cnt)
{
	char control[CMSG_SPACE(VHOST_MAX_FDS * sizeof(int))] = {0};
	struct iovec iov[2] = {
		{.iov_base = (void *)hdr, .iov_len = sizeof(*hdr)},
		{.iov_base = (void *)payload, .iov_len = hdr->size},
	};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = hdr->size ? 2 : 1};
	ssize_t n;

	if (fd_cnt > VHOST_MAX_FDS)
		return -EINVAL;
	if (fd_cnt) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fd_cnt * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_cnt * sizeof(int));
		memcpy(CMSG_DATA(c), fds, fd_cnt * sizeof(int));
	}
	n = sendmsg(sock, &msg, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n < 0)
		return -errno;
	/* A message is far smaller than a socket buffer: a short write means a peer that does
	 * not read. */
	return (size_t)n == sizeof(*hdr) + hdr->size ? 0 : -EAGAIN;
}
