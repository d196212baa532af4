// SPDX-License-Identifier: BSD-3-Clause
/* What a front end says of its rings, and when they run. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

#define HDR_LEN_LEGACY 10u /* Without num_buffers. */

static void swap_fd(int *slot, int fd)
{
	if (*slot >= 0)
		close(*slot);
	*slot = fd;
}

/* Ring `index`, or NULL with the reason. */
static struct vring *ring_by_index(struct guest *guest, uint64_t index)
{
	if (index < RINGS)
		return &guest->rings[index];
	guest_refuse(guest, 0, "ring %llu of a guest that has two", (unsigned long long)index);
	return NULL;
}

/* Rings do not change their shape while the data thread uses them. */
static struct vring *stopped_ring(struct guest *guest, uint64_t index)
{
	if (!guest->pair)
		return ring_by_index(guest, index);
	guest_refuse(guest, 0, "ring %llu changed while it runs", (unsigned long long)index);
	return NULL;
}

int vring_set_num(struct guest *guest)
{
	uint32_t num = guest->wire.payload.state.num;
	struct vring *ring = stopped_ring(guest, guest->wire.payload.state.index);

	if (!ring)
		return -EPROTO;
	if (num == 0 || num > VRING_NUM_MAX || num & (num - 1))
		return guest_refuse(guest, -EPROTO, "a ring of %u descriptors", num);
	ring->num = num;
	return 0;
}

int vring_set_base(struct guest *guest)
{
	uint32_t base = guest->wire.payload.state.num;
	struct ring_progress *progress;
	struct vring *ring = stopped_ring(guest, guest->wire.payload.state.index);

	if (!ring)
		return -EPROTO;
	if (base > UINT16_MAX)
		return guest_refuse(guest, -EPROTO, "a ring that begins at %u", base);
	progress = &guest->port->progress[ring - guest->rings];
	progress->next_avail = (uint16_t)base;
	progress->next_used = (uint16_t)base;
	return 0;
}

int vring_set_addr(struct guest *guest)
{
	const struct vhost_vring_addr *addr = &guest->wire.payload.addr;
	struct vring *ring = ring_by_index(guest, addr->index);

	if (!ring)
		return -EPROTO;
	if (addr->flags)
		return guest_refuse(guest, -EPROTO, "logging, which was not offered");
	if (addr->desc & 15 || addr->avail & 1 || addr->used & 3)
		return guest_refuse(guest, -EPROTO, "a ring that is not aligned");
	ring->desc = addr->desc;
	ring->avail = addr->avail;
	ring->used = addr->used;
	ring->placed = true;
	return memory_publish(guest);
}

int vring_get_base(struct guest *guest)
{
	struct vhost_vring_state *state = &guest->wire.payload.state;
	struct vring *ring = ring_by_index(guest, state->index);
	int err;

	if (!ring)
		return -EPROTO;
	ring->kicked = false;
	swap_fd(&ring->kick_fd, -1);
	err = memory_publish(guest); /* Without this ring nothing is served (INV-PORT-2). */
	state->num = guest->port->progress[state->index].next_avail;
	return err;
}

/* The ring of a KICK, CALL or ERR and its descriptor, -1 where the message says that there is none.
 * NULL with the reason. */
static struct vring *message_ring(struct guest *guest, int *fd)
{
	uint64_t word = guest->wire.payload.u64;
	struct vring *ring = ring_by_index(guest, word & VHOST_VRING_INDEX_MASK);
	unsigned int fds = word & VHOST_VRING_NO_FD ? 0 : 1;

	*fd = -1;
	if (ring && fds != guest->wire.fd_cnt) {
		guest_refuse(guest, 0, "a ring's descriptor is missing or one too many");
		return NULL;
	}
	if (ring)
		*fd = wire_take_fd(&guest->wire, 0);
	return ring;
}

int vring_set_kick(struct guest *guest)
{
	int fd;
	struct vring *ring = message_ring(guest, &fd);

	if (!ring)
		return -EPROTO;
	swap_fd(&ring->kick_fd, fd);
	ring->kicked = true;
	return memory_publish(guest);
}

/* Only an eventfd can be told of an interrupt. */
static bool is_eventfd(int fd)
{
	char path[64], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, name, sizeof(name) - 1);
	if (n < 0)
		return false;
	name[n] = '\0';
	return strcmp(name, "anon_inode:[eventfd]") == 0;
}

int vring_set_call(struct guest *guest)
{
	int fd, old, err;
	struct vring *ring = message_ring(guest, &fd);

	if (!ring)
		return -EPROTO;
	if (fd >= 0 && !is_eventfd(fd)) {
		close(fd);
		return guest_refuse(guest, -EPROTO, "an interrupt that is no eventfd");
	}
	old = ring->call_fd;
	ring->call_fd = fd;
	err = memory_publish(guest);
	if (old >= 0)
		close(old); /* INV-GUEST-2 */
	return err;
}

int vring_set_err(struct guest *guest)
{
	int fd;
	struct vring *ring = message_ring(guest, &fd);

	if (!ring)
		return -EPROTO;
	swap_fd(&ring->err_fd, fd);
	return 0;
}

int vring_set_enable(struct guest *guest)
{
	uint32_t on = guest->wire.payload.state.num;
	struct vring *ring = ring_by_index(guest, guest->wire.payload.state.index);

	if (!ring)
		return -EPROTO;
	if (on > 1)
		return guest_refuse(guest, -EPROTO, "a ring enabled %u times", on);
	ring->enabled = on;
	return memory_publish(guest);
}

void vring_reset(struct guest *guest)
{
	for (unsigned int i = 0; i < RINGS; i++) {
		struct vring *ring = &guest->rings[i];

		swap_fd(&ring->kick_fd, -1);
		swap_fd(&ring->call_fd, -1);
		swap_fd(&ring->err_fd, -1);
		*ring = (struct vring){.kick_fd = -1, .call_fd = -1, .err_fd = -1};
	}
}

/* The guest address of [uaddr, uaddr + len), when one region has all of it. */
static bool to_gpa(const struct guest_region *regions, unsigned int cnt, uint64_t uaddr,
	uint64_t len, uint64_t *gpa)
{
	for (unsigned int i = 0; i < cnt; i++) {
		uint64_t off = uaddr - regions[i].wire.uaddr;

		if (off >= regions[i].wire.len || regions[i].wire.len - off < len)
			continue;
		*gpa = regions[i].wire.gpa + off;
		return true;
	}
	return false;
}

static bool ready(const struct guest *guest, const struct vring *ring)
{
	/* Without the protocol features there is no SET_VRING_ENABLE. */
	return ring->num && ring->placed && ring->kicked &&
	       (ring->enabled || !(guest->features & VHOST_F_PROTOCOL_FEATURES));
}

struct ring_pair *vring_pair(
	struct guest *guest, const struct guest_region *regions, unsigned int cnt, bool *unmapped)
{
	const bool modern = guest->features & (VIRTIO_F_VERSION_1 | VIRTIO_NET_F_MRG_RXBUF);
	struct ring_pair *pair;

	*unmapped = false;
	for (unsigned int i = 0; i < RINGS; i++)
		if (!ready(guest, &guest->rings[i]))
			return NULL;
	pair = calloc(1, sizeof(*pair)); /* Padding cleared: pairs are compared as bytes. */
	if (!pair)
		return NULL;
	pair->hdr_len = modern ? sizeof(struct virtio_net_hdr) : HDR_LEN_LEGACY;
	pair->mergeable = guest->features & VIRTIO_NET_F_MRG_RXBUF;
	for (unsigned int i = 0; i < RINGS; i++) {
		const struct vring *ring = &guest->rings[i];
		struct ring_place *place = &pair->ring[i];

		place->num = (uint16_t)ring->num;
		place->call_fd = ring->call_fd;
		if (to_gpa(regions, cnt, ring->desc, vring_desc_len(ring->num), &place->desc) &&
			to_gpa(regions, cnt, ring->avail, vring_avail_len(ring->num),
				&place->avail) &&
			to_gpa(regions, cnt, ring->used, vring_used_len(ring->num), &place->used))
			continue;
		*unmapped = true;
		free(pair);
		return NULL;
	}
	return pair;
}
