// SPDX-License-Identifier: BSD-3-Clause
/* The front end's side of the vhost-user protocol. */

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "peer.h"

#define ANSWER_MS 10000
#define FEATURES  (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF | VHOST_F_PROTOCOL_FEATURES)
#define PROTOCOL  (VHOST_PROTOCOL_F_REPLY_ACK | VHOST_PROTOCOL_F_MEM_SLOTS)

static int fail(const char *what, int err)
{
	fprintf(stderr, "vhost-peer: %s: %s\n", what, strerror(-err));
	return err;
}

static int send_request(struct peer_link *link, enum vhost_request request, const void *payload,
	uint32_t size, int fd, bool answered)
{
	struct vhost_header hdr = {.request = request,
		.flags = VHOST_FLAG_VERSION | (answered ? VHOST_FLAG_NEED_REPLY : 0),
		.size = size};

	return wire_send(link->wire.sock, &hdr, payload, &fd, fd >= 0);
}

static int await(struct peer_link *link, uint64_t *word)
{
	const char *why = NULL;
	int got = wire_receive_wait(&link->wire, ANSWER_MS, &why);

	if (got < 0) {
		fprintf(stderr, "vhost-peer: %s\n", why);
		return got;
	}
	*word = link->wire.payload.u64;
	wire_next(&link->wire);
	return 0;
}

static int ask(struct peer_link *link, enum vhost_request request, uint64_t *word)
{
	int err = send_request(link, request, NULL, 0, -1, false);

	return err ? err : await(link, word);
}

/* A request with an acknowledgement. */
static int tell(struct peer_link *link, enum vhost_request request, const void *payload,
	uint32_t size, int fd)
{
	uint64_t refused = 0;
	int err = send_request(link, request, payload, size, fd, true);

	if (!err)
		err = await(link, &refused);
	return err ? err : refused ? -EREMOTEIO : 0;
}

static int negotiate(struct peer_link *link, const struct peer_memory *memory)
{
	uint64_t features = 0, protocol = 0, slots = 0, wanted = FEATURES;
	int err = ask(link, VHOST_GET_FEATURES, &features);

	if (!err && (features & FEATURES) != FEATURES)
		err = -EPROTONOSUPPORT;
	if (!err)
		err = ask(link, VHOST_GET_PROTOCOL_FEATURES, &protocol);
	protocol &= PROTOCOL;
	if (!err && protocol != PROTOCOL)
		err = -EPROTONOSUPPORT;
	if (!err)
		err = send_request(link, VHOST_SET_PROTOCOL_FEATURES, &protocol, 8, -1, false);
	if (!err)
		err = ask(link, VHOST_GET_MAX_MEM_SLOTS, &slots);
	if (!err && slots < memory->cnt + 1)
		err = -ENOSPC;
	if (!err)
		err = tell(link, VHOST_SET_OWNER, NULL, 0, -1);
	if (!err)
		err = tell(link, VHOST_SET_FEATURES, &wanted, 8, -1);
	return err;
}

static int add_region(struct peer_link *link, struct vhost_region region, int fd)
{
	struct vhost_slot slot = {.region = region};

	return tell(link, VHOST_ADD_MEM_REG, &slot, sizeof(slot), fd);
}

static int add_memory(struct peer_link *link, const struct peer_memory *memory)
{
	int err = add_region(link, peer_rings_wire(memory), memory->rings_fd);

	for (unsigned int i = 0; i < memory->cnt && !err; i++)
		err = add_region(link, peer_region_wire(memory, i), memory->regions[i].fd);
	return err;
}

static int set_event(struct peer_link *link, enum vhost_request request, uint32_t index)
{
	uint64_t word = index;
	int fd = eventfd(0, EFD_CLOEXEC), err;

	if (fd < 0)
		return -errno;
	err = tell(link, request, &word, sizeof(word), fd);
	close(fd);
	return err;
}

static int start_ring(struct peer_link *link, const struct peer_memory *memory, uint32_t index)
{
	uint64_t at = (uint64_t)(uintptr_t)memory->rings + index * PEER_RING_SPAN;
	struct vhost_vring_state num = {index, PEER_RING_NUM}, base = {index, 0}, on = {index, 1};
	struct vhost_vring_addr addr = {
		.index = index, .desc = at, .avail = at + 8192, .used = at + 12288};
	int err = tell(link, VHOST_SET_VRING_NUM, &num, sizeof(num), -1);

	if (!err)
		err = tell(link, VHOST_SET_VRING_BASE, &base, sizeof(base), -1);
	if (!err)
		err = tell(link, VHOST_SET_VRING_ADDR, &addr, sizeof(addr), -1);
	if (!err)
		err = set_event(link, VHOST_SET_VRING_CALL, index);
	if (!err)
		err = set_event(link, VHOST_SET_VRING_KICK, index);
	if (!err)
		err = tell(link, VHOST_SET_VRING_ENABLE, &on, sizeof(on), -1);
	return err;
}

/* The back end may still be starting. */
static int connect_to(const char *path)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int sock, err = 0;

	strncpy(addr.sun_path, path, sizeof(addr.sun_path) - 1);
	for (unsigned int tries = 0; tries < 50; tries++) {
		sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (sock < 0)
			return -errno;
		if (connect(sock, (struct sockaddr *)&addr, sizeof(addr)) == 0)
			return sock;
		err = -errno;
		close(sock);
		usleep(100000);
	}
	return err;
}

int peer_link_open(struct peer_link *link, const struct peer_options *options,
	const struct peer_memory *memory)
{
	int sock = connect_to(options->path), err;

	if (sock < 0)
		return fail(options->path, sock);
	wire_open(&link->wire, sock);
	link->awaiting = false;
	err = negotiate(link, memory);
	if (err)
		return fail("agreeing on features", err);
	err = add_memory(link, memory);
	if (err)
		return fail("announcing the memory", err);
	for (uint32_t i = 0; i < PEER_RINGS && !err; i++)
		err = start_ring(link, memory, i);
	return err ? fail("starting the rings", err) : 0;
}

int peer_link_change(struct peer_link *link, enum vhost_request request,
	const struct vhost_region *region, int fd)
{
	struct vhost_slot slot = {.region = *region};
	int err = send_request(link, request, &slot, sizeof(slot), fd, true);

	if (err)
		return fail("changing the memory", err);
	link->awaiting = true;
	return 0;
}

int peer_link_answer(struct peer_link *link)
{
	const char *why = NULL;
	int got = wire_receive(&link->wire, &why);

	if (got < 0) {
		fprintf(stderr, "vhost-peer: %s\n", why);
		return got;
	}
	if (got == 0)
		return 0;
	link->awaiting = false;
	if (link->wire.payload.u64)
		return fail("changing the memory", -EREMOTEIO);
	wire_next(&link->wire);
	return 1;
}

void peer_link_close(struct peer_link *link)
{
	for (uint32_t i = 0; i < PEER_RINGS && link->wire.sock >= 0; i++) {
		struct vhost_vring_state state = {.index = i};
		uint64_t base;

		if (send_request(link, VHOST_GET_VRING_BASE, &state, sizeof(state), -1, false) ||
			await(link, &base))
			break;
	}
	wire_close(&link->wire);
}
