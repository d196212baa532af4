// SPDX-License-Identifier: BSD-3-Clause
/*
 * The requests of a front end: which there are, what shape they must have, and
 * what is answered.
 *
 * A request that is malformed ends the connection.  One that is well formed
 * and cannot be done is answered with an error where the front end asked for
 * an answer, and ends the connection where it did not: going on would leave
 * both ends with different tables.
 */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "guest.h"

#define FEATURES          (VIRTIO_NET_F_MRG_RXBUF | VHOST_F_PROTOCOL_FEATURES | VIRTIO_F_VERSION_1)
#define PROTOCOL_FEATURES (VHOST_PROTOCOL_F_REPLY_ACK | VHOST_PROTOCOL_F_MEM_SLOTS)

static int get_features(struct guest *guest)
{
	guest->wire.payload.u64 = FEATURES;
	return 0;
}

static int set_features(struct guest *guest)
{
	uint64_t features = guest->wire.payload.u64;

	if (features & ~FEATURES)
		return guest_refuse(guest, -EPROTO, "features that were not offered (%#llx)",
			(unsigned long long)(features & ~FEATURES));
	guest->features = features;
	return memory_publish(guest);
}

static int get_protocol_features(struct guest *guest)
{
	guest->wire.payload.u64 = PROTOCOL_FEATURES;
	return 0;
}

static int set_protocol_features(struct guest *guest)
{
	if (guest->wire.payload.u64 & ~PROTOCOL_FEATURES)
		return guest_refuse(guest, -EPROTO, "protocol features that were not offered");
	guest->protocol_features = guest->wire.payload.u64;
	return 0;
}

static int set_owner(struct guest *guest)
{
	return 0;
}

static int reset_owner(struct guest *guest)
{
	memory_clear(guest);
	vring_reset(guest);
	port_reset(guest->port);
	return 0;
}

static int get_max_mem_slots(struct guest *guest)
{
	guest->wire.payload.u64 = GUEST_SLOTS;
	return 0;
}

#define SIZE_U64   sizeof(uint64_t)
#define SIZE_STATE sizeof(struct vhost_vring_state)
#define SIZE_SLOT  sizeof(struct vhost_slot)

struct request {
	int (*handle)(struct guest *guest); /* 0, or -errno with guest->why. */
	uint32_t size_min, size_max;        /* Bytes of payload. */
	unsigned int fds_max;
	uint32_t answer; /* Bytes of payload that the answer has; 0: none but an acknowledgement. */
};

static const struct request requests[VHOST_REQUEST_END] = {
	[VHOST_GET_FEATURES] = {get_features, 0, 0, 0, SIZE_U64},
	[VHOST_SET_FEATURES] = {set_features, SIZE_U64, SIZE_U64, 0, 0},
	[VHOST_SET_OWNER] = {set_owner, 0, 0, 0, 0},
	[VHOST_RESET_OWNER] = {reset_owner, 0, 0, 0, 0},
	[VHOST_SET_MEM_TABLE] = {memory_set_table, offsetof(struct vhost_table, regions),
		sizeof(struct vhost_table), VHOST_MAX_FDS, 0},
	[VHOST_SET_VRING_NUM] = {vring_set_num, SIZE_STATE, SIZE_STATE, 0, 0},
	[VHOST_SET_VRING_ADDR] = {vring_set_addr, sizeof(struct vhost_vring_addr),
		sizeof(struct vhost_vring_addr), 0, 0},
	[VHOST_SET_VRING_BASE] = {vring_set_base, SIZE_STATE, SIZE_STATE, 0, 0},
	[VHOST_GET_VRING_BASE] = {vring_get_base, SIZE_STATE, SIZE_STATE, 0, SIZE_STATE},
	[VHOST_SET_VRING_KICK] = {vring_set_kick, SIZE_U64, SIZE_U64, 1, 0},
	[VHOST_SET_VRING_CALL] = {vring_set_call, SIZE_U64, SIZE_U64, 1, 0},
	[VHOST_SET_VRING_ERR] = {vring_set_err, SIZE_U64, SIZE_U64, 1, 0},
	[VHOST_GET_PROTOCOL_FEATURES] = {get_protocol_features, 0, 0, 0, SIZE_U64},
	[VHOST_SET_PROTOCOL_FEATURES] = {set_protocol_features, SIZE_U64, SIZE_U64, 0, 0},
	[VHOST_SET_VRING_ENABLE] = {vring_set_enable, SIZE_STATE, SIZE_STATE, 0, 0},
	[VHOST_GET_MAX_MEM_SLOTS] = {get_max_mem_slots, 0, 0, 0, SIZE_U64},
	[VHOST_ADD_MEM_REG] = {memory_add, SIZE_SLOT, SIZE_SLOT, 1, 0},
	[VHOST_REM_MEM_REG] = {memory_remove, SIZE_SLOT, SIZE_SLOT, 1, 0},
};

/* Find the request and check its shape: 0, or -EPROTO. */
static int check_shape(struct guest *guest, const struct request **request)
{
	const struct vhost_header *hdr = &guest->wire.hdr;

	if (hdr->request >= VHOST_REQUEST_END || !requests[hdr->request].handle)
		return guest_refuse(guest, -EPROTO, "unknown request %u", hdr->request);
	if (hdr->flags & VHOST_FLAG_REPLY)
		return guest_refuse(guest, -EPROTO, "an answer that nobody asked for");
	*request = &requests[hdr->request];
	if (hdr->size < (*request)->size_min || hdr->size > (*request)->size_max)
		return guest_refuse(
			guest, -EPROTO, "request %u with %u bytes", hdr->request, hdr->size);
	if (guest->wire.fd_cnt > (*request)->fds_max)
		return guest_refuse(guest, -EPROTO, "request %u with %u descriptors", hdr->request,
			guest->wire.fd_cnt);
	return 0;
}

static int answer(struct guest *guest, uint32_t size)
{
	struct vhost_header hdr = {
		.request = guest->wire.hdr.request,
		.flags = VHOST_FLAG_VERSION | VHOST_FLAG_REPLY,
		.size = size,
	};
	int err = wire_send(guest->wire.sock, &hdr, &guest->wire.payload, NULL, 0);

	return err ? guest_refuse(guest, -EPROTO, "cannot answer: %s", strerror(-err)) : 0;
}

static bool wants_ack(const struct guest *guest)
{
	return guest->protocol_features & VHOST_PROTOCOL_F_REPLY_ACK &&
	       guest->wire.hdr.flags & VHOST_FLAG_NEED_REPLY;
}

/* One whole message: 0, or -errno when the connection must end. */
static int handle(struct guest *guest)
{
	const struct request *request = NULL;
	int err = check_shape(guest, &request);

	if (err)
		return err;
	err = request->handle(guest);
	if (err == -EPROTO)
		return err;
	if (request->answer)
		return err ? err : answer(guest, request->answer);
	if (!wants_ack(guest))
		return err;
	if (err)
		guest_say(guest, "refused: %s", guest->why);
	guest->wire.payload.u64 = err ? 1 : 0;
	return answer(guest, SIZE_U64);
}

void guest_receive(struct guest *guest)
{
	/* Not for ever: other guests have messages, too. */
	for (unsigned int i = 0; i < 64; i++) {
		const char *why = NULL;
		int got = wire_receive(&guest->wire, &why);

		if (got == 0)
			return;
		if (got < 0) {
			guest_drop(guest, why);
			return;
		}
		if (handle(guest)) {
			guest_drop(guest, guest->why);
			return;
		}
		wire_next(&guest->wire);
	}
}
