/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_CLIENT_H
#define VHOST_CLIENT_H

/*
 * A front end that may misbehave.  For test_vhost*.c: every step asserts, so
 * that a test is the list of its messages.
 */

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "../../tools/vhost-fwd/protocol.h"
#include "vhost_backend.h"

#define REGION_LEN (64u << 10)
#define RING_NUM   8u
#define AT_TX_RING 0u /* Offsets in the first region. */
#define AT_RX_RING 0x2000u
#define AT_AVAIL   0x800u /* Of a ring. */
#define AT_USED    0x1000u
#define AT_PACKETS 0x8000u

/* ---- The front end ---- */

struct client {
	int sock;
	int file; /* Behind the first region. */
	char *memory;
};

static inline struct client client_connect(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct client client = {.sock = socket(AF_UNIX, SOCK_STREAM, 0)};
	struct timeval limit = {.tv_sec = 10};

	strcpy(addr.sun_path, backend.path);
	/* Its socket is there before it listens. */
	for (int i = 0; connect(client.sock, (struct sockaddr *)&addr, sizeof(addr)); i++) {
		assert_true(errno == ECONNREFUSED && i < 500);
		usleep(10000);
	}
	setsockopt(client.sock, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	client.file = memfd_create("client", 0);
	assert_int_equal(ftruncate(client.file, REGION_LEN), 0);
	client.memory = mmap(NULL, REGION_LEN, PROT_READ | PROT_WRITE, MAP_SHARED, client.file, 0);
	assert_ptr_not_equal(client.memory, MAP_FAILED);
	return client;
}

static inline void client_free(struct client *client)
{
	munmap(client->memory, REGION_LEN);
	close(client->file);
	close(client->sock);
}

/* The back end says so after it has let go of everything. */
static inline void await_ends(unsigned int cnt)
{
	for (unsigned int i = 0; i < 1000 && ENDS() < cnt; i++)
		usleep(5000);
	assert_int_equal(ENDS(), cnt);
}

static inline void client_close(struct client *client)
{
	unsigned int ends = ENDS();

	client_free(client);
	await_ends(ends + 1);
}

/* Header and payload as given, with `fd_cnt` copies of `fd`. */
static inline void client_send_raw(struct client *client, const struct vhost_header *hdr,
	const void *payload, size_t len, int fd, unsigned int fd_cnt)
{
	char control[CMSG_SPACE(32 * sizeof(int))] = {0};
	struct iovec iov[2] = {{(void *)hdr, sizeof(*hdr)}, {(void *)payload, len}};
	struct msghdr msg = {.msg_iov = iov, .msg_iovlen = 2};

	if (fd_cnt) {
		struct cmsghdr *c;

		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(fd_cnt * sizeof(int));
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(fd_cnt * sizeof(int));
		for (unsigned int i = 0; i < fd_cnt; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &fd, sizeof(fd));
	}
	/* It may have hung up already: then the test looks at that. */
	(void)!sendmsg(client->sock, &msg, MSG_NOSIGNAL);
}

static inline void client_send(struct client *client, uint32_t request, uint32_t flags,
	const void *payload, uint32_t len, int fd)
{
	struct vhost_header hdr = {request, VHOST_FLAG_VERSION | flags, len};

	client_send_raw(client, &hdr, payload, len, fd, fd >= 0);
}

static inline uint64_t client_answer(struct client *client)
{
	struct vhost_header hdr;
	uint64_t word;

	assert_int_equal(recv(client->sock, &hdr, sizeof(hdr), MSG_WAITALL), sizeof(hdr));
	assert_int_equal(hdr.flags, VHOST_FLAG_VERSION | VHOST_FLAG_REPLY);
	assert_int_equal(hdr.size, sizeof(word));
	assert_int_equal(recv(client->sock, &word, sizeof(word), MSG_WAITALL), sizeof(word));
	return word;
}

/* A request with an acknowledgement: 0 done. */
static inline uint64_t client_tell(
	struct client *client, uint32_t request, const void *payload, uint32_t len, int fd)
{
	client_send(client, request, VHOST_FLAG_NEED_REPLY, payload, len, fd);
	return client_answer(client);
}

static inline uint64_t client_ask(struct client *client, uint32_t request)
{
	client_send(client, request, 0, NULL, 0, -1);
	return client_answer(client);
}

/* Wait for the other end to hang up. */
static inline void client_await_end(struct client *client)
{
	char byte;

	while (recv(client->sock, &byte, 1, 0) > 0)
		;
	/* Zero bytes or a reset; a timeout would be EAGAIN. */
	assert_int_not_equal(errno, EAGAIN);
}

static inline struct vhost_slot client_slot(const struct client *client, uint64_t gpa, uint64_t len)
{
	return (struct vhost_slot){
		.region = {gpa, len, (uint64_t)(uintptr_t)client->memory + gpa, 0}};
}

static inline void client_agree(struct client *client)
{
	uint64_t features = VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF | VHOST_F_PROTOCOL_FEATURES;
	uint64_t protocol = VHOST_PROTOCOL_F_REPLY_ACK | VHOST_PROTOCOL_F_MEM_SLOTS;

	client_send(client, VHOST_SET_PROTOCOL_FEATURES, 0, &protocol, 8, -1);
	assert_int_equal(client_tell(client, VHOST_SET_OWNER, NULL, 0, -1), 0);
	assert_int_equal(client_tell(client, VHOST_SET_FEATURES, &features, 8, -1), 0);
}

/* The connection ended with one message, which says `why`, and a good peer is served again. */
static inline void assert_dropped(struct client *client, const char *why, unsigned int ends_before)
{
	client_await_end(client);
	client_free(client);
	await_ends(ends_before + 1);
	assert_true(backend_said(why) > 0);
	assert_int_equal(count_mappings(), 0);
}

#endif /* VHOST_CLIENT_H */
