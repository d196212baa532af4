// SPDX-License-Identifier: BSD-3-Clause
/* To the guest: packets of local memory into the buffers of the receive ring. */

#include <string.h>

#include "ring.h"

/* A header and a packet, read as one. */
struct stream {
	const char *part[2];
	uint32_t len[2];
};

static uint32_t stream_left(const struct stream *stream)
{
	return stream->len[0] + stream->len[1];
}

static void stream_read(struct stream *stream, char *to, uint32_t cnt)
{
	for (unsigned int i = 0; i < 2; i++) {
		uint32_t n = cnt < stream->len[i] ? cnt : stream->len[i];

		if (n == 0)
			continue; /* An empty part has no address. */
		memcpy(to, stream->part[i], n);
		stream->part[i] += n;
		stream->len[i] -= n;
		to += n;
		cnt -= n;
	}
}

/* Write the stream into one chain as far as that reaches. */
static enum port_fault write_chain(
	const struct ring *ring, uint16_t id, struct stream *stream, uint32_t *written)
{
	*written = 0;
	for (unsigned int left = ring->mask + 1u; left && stream_left(stream); left--) {
		struct vring_desc desc = ring_desc(ring, id);

		if (desc.flags & VRING_DESC_INDIRECT)
			return ring_fault(ring, FAULT_INDIRECT, desc.addr);
		if (!(desc.flags & VRING_DESC_WRITE))
			return ring_fault(ring, FAULT_DIRECTION, desc.addr);
		if (desc.addr + desc.len < desc.addr)
			return ring_fault(ring, FAULT_ADDRESS, desc.addr);
		while (desc.len && stream_left(stream)) {
			uint64_t piece =
				desc.len < stream_left(stream) ? desc.len : stream_left(stream);
			char *va = view_translate(ring->view, desc.addr, &piece);

			if (!va)
				return ring_fault(ring, FAULT_ADDRESS, desc.addr);
			stream_read(stream, va, (uint32_t)piece);
			*written += (uint32_t)piece;
			desc.addr += piece;
			desc.len -= (uint32_t)piece;
		}
		if (!(desc.flags & VRING_DESC_NEXT))
			return FAULT_NONE;
		id = desc.next;
		if (id > ring->mask)
			return ring_fault(ring, FAULT_HEAD, id);
	}
	return stream_left(stream) ? ring_fault(ring, FAULT_CHAIN, id) : FAULT_NONE;
}

/*
 * The general case: chains, buffers that lie in several regions, packets that
 * fill several buffers.  `heads` counts the buffers used; 0 when those offered
 * do not suffice, and then nothing of it is visible to the guest.
 */
static enum port_fault give_spread(struct ring *ring, const struct ring_pair *pair,
	const struct packet *packet, unsigned int room, unsigned int *heads)
{
	struct virtio_net_hdr hdr = {.num_buffers = 1};
	struct stream stream = {{(char *)&hdr, packet->data}, {pair->hdr_len, packet->len}};
	uint16_t first = ring_head_id(ring, 0), mark = ring->progress->next_used;
	unsigned int most = pair->mergeable ? room : 1, cnt = 0;

	while (stream_left(&stream) && cnt < most) {
		uint16_t id = ring_head_id(ring, cnt++);
		uint32_t written;
		enum port_fault fault;

		if (id > ring->mask)
			return ring_fault(ring, FAULT_HEAD, id);
		fault = write_chain(ring, id, &stream, &written);
		if (fault)
			return fault;
		ring_use(ring, id, written);
	}
	*heads = cnt;
	if (stream_left(&stream)) {
		ring->progress->next_used = mark;
		*heads = 0;
	} else if (cnt > 1) {
		struct stream again = {{(char *)&hdr, NULL}, {pair->hdr_len, 0}};
		uint32_t written;

		hdr.num_buffers = (uint16_t)cnt;
		return write_chain(ring, first, &again, &written);
	}
	return FAULT_NONE;
}

/* The buffer's first descriptor takes header and packet in one piece. */
static inline bool fits_plain(const struct head *head, uint32_t len)
{
	return head->len >= len && head->len >= sizeof(struct virtio_net_hdr) &&
	       (head->desc.flags & (VRING_DESC_WRITE | VRING_DESC_INDIRECT)) == VRING_DESC_WRITE;
}

static inline void give_plain(struct ring *ring, const struct ring_pair *pair,
	const struct head *head, const struct packet *packet)
{
	const struct virtio_net_hdr hdr = {.num_buffers = 1};

	memcpy(head->va, &hdr, sizeof(hdr));
	memcpy(head->va + pair->hdr_len, packet->data, packet->len);
	ring_use(ring, head->id, pair->hdr_len + packet->len);
	ring->progress->next_avail++;
}

/* A packet that cannot be given yet waits, unless no buffers of this guest could ever take it. */
static bool hopeless(const struct ring *ring, const struct ring_pair *pair, unsigned int room)
{
	return room && (!pair->mergeable || room == ring->mask + 1u);
}

enum port_fault ring_give(struct ring *ring, const struct ring_pair *pair, unsigned int room)
{
	struct burst *burst = &ring->port->burst;
	unsigned int cnt = burst->cnt - burst->next;
	struct head heads[BURST_MAX];
	enum port_fault fault;

	if (cnt > room)
		cnt = room;
	fault = ring_heads(ring, heads, cnt);
	for (unsigned int i = 0; i < cnt && !fault; i++) {
		const struct packet *packet = &burst->packets[burst->next];
		unsigned int used = 1;

		if (fits_plain(&heads[i], pair->hdr_len + packet->len)) {
			give_plain(ring, pair, &heads[i], packet);
		} else {
			fault = give_spread(ring, pair, packet, room, &used);
			if (fault || (used == 0 && !hopeless(ring, pair, room)))
				break;
			if (used == 0)
				counter_add(&ring->port->count.dropped, 1);
			ring->progress->next_avail = (uint16_t)(ring->progress->next_avail + used);
		}
		burst->next++;
		room -= used;
		if (used != 1)
			break; /* The heads read ahead are no longer the next ones. */
	}
	return fault;
}
