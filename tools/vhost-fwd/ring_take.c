// SPDX-License-Identifier: BSD-3-Clause
/* From the guest: packets of the transmit ring into local memory. */

#include <string.h>

#include "ring.h"

/* Bytes of `len` at `gpa`, wherever they are mapped, to the end of the packet. */
static enum port_fault append(
	const struct ring *ring, struct packet *packet, uint64_t gpa, uint32_t len, uint32_t *skip)
{
	while (len) {
		uint64_t piece = len;
		char *va = view_translate(ring->view, gpa, &piece);
		uint32_t cut;

		if (!va)
			return ring_fault(ring, FAULT_ADDRESS, gpa);
		cut = *skip < piece ? *skip : (uint32_t)piece;
		if (packet->len + (piece - cut) > PACKET_MAX)
			return ring_fault(ring, FAULT_LENGTH, packet->len + piece);
		memcpy(packet->data + packet->len, va + cut, piece - cut);
		packet->len += (uint32_t)piece - cut;
		*skip -= cut;
		gpa += piece;
		len -= (uint32_t)piece;
	}
	return FAULT_NONE;
}

/* Any chain at all: bounded by the ring's size, so that a loop ends. */
static enum port_fault take_chain(
	const struct ring *ring, uint16_t id, uint32_t hdr_len, struct packet *packet)
{
	uint32_t skip = hdr_len;

	packet->len = 0;
	for (unsigned int left = ring->mask + 1u; left; left--) {
		struct vring_desc desc = ring_desc(ring, id);
		enum port_fault fault;

		if (desc.flags & VRING_DESC_INDIRECT)
			return ring_fault(ring, FAULT_INDIRECT, desc.addr);
		if (desc.flags & VRING_DESC_WRITE)
			return ring_fault(ring, FAULT_DIRECTION, desc.addr);
		if (desc.addr + desc.len < desc.addr)
			return ring_fault(ring, FAULT_ADDRESS, desc.addr);
		fault = append(ring, packet, desc.addr, desc.len, &skip);
		if (fault)
			return fault;
		if (!(desc.flags & VRING_DESC_NEXT))
			return skip ? ring_fault(ring, FAULT_LENGTH, hdr_len - skip) : FAULT_NONE;
		id = desc.next;
		if (id > ring->mask)
			return ring_fault(ring, FAULT_HEAD, id);
	}
	return ring_fault(ring, FAULT_CHAIN, id);
}

/* One buffer that holds header and packet in one piece: what DPDK and Linux send. */
static inline bool is_plain(const struct head *head, uint32_t hdr_len)
{
	return !(head->desc.flags & (VRING_DESC_NEXT | VRING_DESC_WRITE | VRING_DESC_INDIRECT)) &&
	       head->len == head->desc.len && head->len > hdr_len &&
	       head->len - hdr_len <= PACKET_MAX;
}

static inline uint32_t align_line(uint32_t len)
{
	return (len + 63) & ~63u;
}

enum port_fault ring_take(struct ring *ring, const struct ring_pair *pair, unsigned int want)
{
	struct burst *burst = &ring->port->burst;
	struct head heads[BURST_MAX];
	enum port_fault fault = ring_heads(ring, heads, want);
	char *to = burst->memory;

	if (fault)
		return fault;
	for (unsigned int i = 0; i < want; i++) {
		struct packet *packet = &burst->packets[i];

		packet->data = to;
		if (is_plain(&heads[i], pair->hdr_len)) {
			packet->len = (uint32_t)heads[i].len - pair->hdr_len;
			memcpy(to, heads[i].va + pair->hdr_len, packet->len);
		} else {
			fault = take_chain(ring, heads[i].id, pair->hdr_len, packet);
			if (fault)
				return fault;
		}
		/* One after the other, and not at a power of two: a burst of small packets stays
		 * in the first-level cache. */
		to += align_line(packet->len);
		ring_use(ring, heads[i].id, 0);
	}
	ring->progress->next_avail = (uint16_t)(ring->progress->next_avail + want);
	burst->cnt = want;
	burst->next = 0;
	return FAULT_NONE;
}
