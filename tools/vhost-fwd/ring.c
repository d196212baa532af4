// SPDX-License-Identifier: BSD-3-Clause
/* What both directions of a split ring share: opening it, its heads, publishing. */

#include "ring.h"

static void *map_whole(const struct view *view, uint64_t gpa, uint64_t want)
{
	uint64_t len = want;
	void *va = view_translate(view, gpa, &len);

	return len == want ? va : NULL;
}

bool ring_open(struct ring *ring, struct port *port, const struct view *view, unsigned int which)
{
	const struct ring_pair *pair = view->user;
	const struct ring_place *place = &pair->ring[which];

	ring->desc = map_whole(view, place->desc, vring_desc_len(place->num));
	ring->avail = map_whole(view, place->avail, vring_avail_len(place->num));
	ring->used = map_whole(view, place->used, vring_used_len(place->num));
	ring->view = view;
	ring->port = port;
	ring->progress = &port->progress[which];
	ring->mask = (uint16_t)(place->num - 1);
	/* A region may begin anywhere, so that aligned guest addresses need not stay aligned. */
	return ring->desc && ring->avail && ring->used && !((uintptr_t)ring->desc & 15) &&
	       !((uintptr_t)ring->avail & 1) && !((uintptr_t)ring->used & 3);
}

enum port_fault ring_offered(const struct ring *ring, unsigned int *cnt)
{
	/* Acquire pairs with the guest's store of the index: the heads and descriptors that it
	 * counts are written. */
	uint16_t idx = shared_load_acquire(&ring->avail->idx);

	*cnt = (uint16_t)(idx - ring->progress->next_avail);
	if (*cnt > ring->mask + 1u)
		return ring_fault(ring, FAULT_AVAIL_INDEX, idx);
	return FAULT_NONE;
}

enum port_fault ring_heads(const struct ring *ring, struct head *heads, unsigned int cnt)
{
	/* Three passes, so that the cache misses of a burst overlap. */
	for (unsigned int i = 0; i < cnt; i++) {
		heads[i].id = ring_head_id(ring, i);
		if (heads[i].id > ring->mask)
			return ring_fault(ring, FAULT_HEAD, heads[i].id);
		__builtin_prefetch(&ring->desc[heads[i].id]);
	}
	for (unsigned int i = 0; i < cnt; i++) {
		struct head *head = &heads[i];

		head->desc = ring_desc(ring, head->id);
		head->len = head->desc.len;
		head->va = NULL;
		if (head->desc.len == 0)
			continue;
		head->va = view_translate(ring->view, head->desc.addr, &head->len);
		if (!head->va)
			return ring_fault(ring, FAULT_ADDRESS, head->desc.addr);
		__builtin_prefetch(head->va);
	}
	if (cnt)
		port_note_use(ring->port, heads[0].desc.addr);
	return FAULT_NONE;
}

void ring_publish(struct ring *ring, int call_fd)
{
	if (shared_load_relaxed(&ring->used->flags) != VRING_USED_NO_NOTIFY)
		shared_store_relaxed(&ring->used->flags, VRING_USED_NO_NOTIFY);
	/* Release pairs with the guest's load of the index: packets and elements are written, and
	 * what we read of its buffers has been read. */
	shared_store_release(&ring->used->idx, ring->progress->next_used);
	if (call_fd < 0)
		return;
	/* Full: either we see the guest's flag, or it sees our index when it looks again. */
	shared_fence_full();
	if (!(shared_load_relaxed(&ring->avail->flags) & VRING_AVAIL_NO_INTERRUPT))
		call_guest(ring->port->call, call_fd);
}
