// SPDX-License-Identifier: BSD-3-Clause
/* The driver's side of a split ring. */

#include <string.h>

#include "peer.h"
#include "shared.h"

void peer_ring_init(struct peer_ring *ring, char *memory)
{
	memset(ring, 0, sizeof(*ring));
	ring->desc = (struct vring_desc *)memory;
	ring->avail = (struct vring_avail *)(memory + 8192);
	ring->used = (struct vring_used *)(memory + 12288);
	for (uint16_t i = 0; i < PEER_RING_NUM; i++)
		ring->desc[i].next = (uint16_t)(i + 1);
	ring->free_cnt = PEER_RING_NUM;
	ring->avail->flags = VRING_AVAIL_NO_INTERRUPT;
}

static uint16_t take_desc(struct peer_ring *ring, uint64_t gpa, uint32_t len, uint16_t flags)
{
	uint16_t id = ring->free_head;

	ring->free_head = ring->desc[id].next;
	ring->free_cnt--;
	ring->desc[id].addr = gpa;
	ring->desc[id].len = len;
	ring->desc[id].flags = flags;
	return id;
}

void peer_ring_add(
	struct peer_ring *ring, uint32_t buffer, uint32_t len, uint32_t split, bool write)
{
	uint16_t flags = write ? VRING_DESC_WRITE : 0, head;
	uint64_t gpa = peer_buffer_gpa(buffer);

	if (split) {
		head = take_desc(ring, gpa, split, (uint16_t)(flags | VRING_DESC_NEXT));
		ring->desc[head].next = take_desc(ring, gpa + split, len - split, flags);
	} else {
		head = take_desc(ring, gpa, len, flags);
	}
	ring->buffer[head] = buffer;
	ring->avail->ring[ring->next_avail++ % PEER_RING_NUM] = head;
	/* Release pairs with ring_offered() of the back end: descriptors and packet are written. */
	shared_store_release(&ring->avail->idx, ring->next_avail);
}

bool peer_ring_next(struct peer_ring *ring, uint32_t *buffer, uint32_t *len)
{
	const struct vring_used_elem *elem;
	uint16_t head, tail;

	/* Acquire pairs with ring_publish() of the back end: element and packet are written. */
	if (shared_load_acquire(&ring->used->idx) == ring->last_used)
		return false;
	elem = &ring->used->ring[ring->last_used++ % PEER_RING_NUM];
	head = (uint16_t)elem->id % PEER_RING_NUM;
	*buffer = ring->buffer[head];
	*len = elem->len;
	tail = head;
	ring->free_cnt++;
	if (ring->desc[head].flags & VRING_DESC_NEXT) {
		tail = ring->desc[head].next;
		ring->free_cnt++;
	}
	ring->desc[tail].next = ring->free_head;
	ring->free_head = head;
	return true;
}
