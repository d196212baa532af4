/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_RING_H
#define VHOST_RING_H

/*
 * The device's side of one split ring during one burst.  All of the peer's
 * words are read once (INV-PORT-3).
 */

#include "port.h"

/* A descriptor as two words, so that each is read exactly once. */
struct desc_words {
	uint64_t addr;
	uint64_t rest; /* len | flags << 32 | next << 48 */
};

struct ring {
	const struct desc_words *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	const struct view *view;
	struct port *port;
	struct ring_progress *progress;
	uint16_t mask;
};

/* A head of the available ring, its first descriptor, and where that is. */
struct head {
	struct vring_desc desc;
	char *va;     /* NULL: not translated (a descriptor of no bytes). */
	uint64_t len; /* Contiguous from `va` on, at most desc.len. */
	uint16_t id;
};

/* False when a part of the ring is not mapped in one piece. */
bool ring_open(struct ring *ring, struct port *port, const struct view *view, unsigned int which);

/* Heads that the guest offers now; a fault when the index is impossible. */
enum port_fault ring_offered(const struct ring *ring, unsigned int *cnt);

/* Read `cnt` heads, translate their first descriptors and prefetch what they name. */
enum port_fault ring_heads(const struct ring *ring, struct head *heads, unsigned int cnt);

/* Take up to `want` packets into the empty burst of the port. */
enum port_fault ring_take(struct ring *ring, const struct ring_pair *pair, unsigned int want);

/* Give the burst's packets to the guest as far as `room` heads reach. */
enum port_fault ring_give(struct ring *ring, const struct ring_pair *pair, unsigned int room);

/* Publish what was used and interrupt the guest if it asked for that. */
void ring_publish(struct ring *ring, int call_fd);

static inline struct vring_desc ring_desc(const struct ring *ring, uint16_t id)
{
	/* Relaxed: the acquire of the available index in ring_offered() came before. */
	uint64_t addr = shared_load_relaxed(&ring->desc[id].addr);
	uint64_t rest = shared_load_relaxed(&ring->desc[id].rest);

	return (struct vring_desc){
		.addr = addr,
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

static inline uint16_t ring_head_id(const struct ring *ring, unsigned int i)
{
	/* Relaxed: as in ring_desc(). */
	return shared_load_relaxed(
		&ring->avail->ring[(ring->progress->next_avail + i) & ring->mask]);
}

/* Fill the next used element; the guest sees it at ring_publish(). */
static inline void ring_use(struct ring *ring, uint16_t id, uint32_t len)
{
	struct vring_used_elem *elem = &ring->used->ring[ring->progress->next_used & ring->mask];

	elem->id = id;
	elem->len = len;
	ring->progress->next_used++;
}

static inline enum port_fault ring_fault(
	const struct ring *ring, enum port_fault fault, uint64_t what)
{
	ring->port->fault_at = what;
	return fault;
}

#endif /* VHOST_RING_H */
