// SPDX-License-Identifier: BSD-3-Clause
/* One guest's data path: a burst from its transmit ring back into its receive ring. */

#include <errno.h>
#include <string.h>

#include <rte_errno.h>

#include "port.h"
#include "ring.h"

static const char *const fault_text[] = {
	[FAULT_NONE] = "nothing is wrong",
	[FAULT_RING_UNMAPPED] = "a ring is not mapped in one aligned piece",
	[FAULT_AVAIL_INDEX] = "the available index is further ahead than the ring is long",
	[FAULT_HEAD] = "a descriptor number is outside the ring",
	[FAULT_CHAIN] = "a descriptor chain is a loop",
	[FAULT_INDIRECT] = "an indirect descriptor, which was not offered",
	[FAULT_DIRECTION] = "a descriptor of the wrong direction",
	[FAULT_ADDRESS] = "a descriptor names an address in no region",
	[FAULT_LENGTH] = "a packet shorter than its header or longer than any",
	[FAULT_SIGBUS] = "its memory is gone (SIGBUS): the file was truncated",
};

const char *port_fault_text(enum port_fault fault)
{
	return fault_text[fault];
}

int port_init(struct port *port, enum lookup_kind kind, bool verify)
{
	int err;

	memset(port, 0, sizeof(*port));
	port->verify = verify;
	err = lookup_init(&port->lookup, kind);
	if (err)
		return err;
	port->burst.memory = rcumem_pages_alloc(BURST_BYTES, 0, SOCKET_ID_ANY, 0);
	if (port->burst.memory)
		return 0;
	err = -rte_errno;
	lookup_fini(&port->lookup);
	return err;
}

void port_fini(struct port *port)
{
	lookup_fini(&port->lookup);
	if (port->burst.memory)
		rcumem_pages_free(port->burst.memory, BURST_BYTES);
	port->burst.memory = NULL;
}

void port_reset(struct port *port)
{
	port->burst.cnt = 0;
	port->burst.next = 0;
	port->pattern_len = 0;
	memset(port->progress, 0, sizeof(port->progress));
	memset(port->use, 0, sizeof(port->use));
	/* Release pairs with data_serve(): the port is whole again before it is served. */
	shared_store_release(&port->fault, FAULT_NONE);
}

bool port_used_since(const struct port *port, uint64_t gpa, uint64_t len, uint64_t since)
{
	const uint64_t slot_len = 1u << USE_SLOT_SHIFT;
	uint32_t tick = (uint32_t)(since >> USE_TICK_SHIFT);

	for (unsigned int i = 0; i < USE_SLOTS; i++) {
		/* Relaxed: the word stands for itself. */
		uint64_t word = shared_load_relaxed(&port->use[i]);
		uint64_t first = word >> 32 << USE_SLOT_SHIFT;

		/* Only a slot that lies wholly inside proves anything. */
		if (word && (int32_t)((uint32_t)word - tick) > 0 && first >= gpa &&
			slot_len <= len && first - gpa <= len - slot_len)
			return true;
	}
	return false;
}

/* Every packet must look like the first: whoever generates them sends one kind only. */
static void verify_burst(struct port *port)
{
	for (unsigned int i = 0; i < port->burst.cnt; i++) {
		const struct packet *packet = &port->burst.packets[i];

		if (port->pattern_len == 0 && packet->len <= sizeof(port->pattern)) {
			memcpy(port->pattern, packet->data, packet->len);
			port->pattern_len = packet->len;
		} else if (packet->len != port->pattern_len ||
			   memcmp(packet->data, port->pattern, packet->len)) {
			counter_add(&port->count.corrupt, 1);
		}
	}
}

static void count_burst(struct port *port)
{
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < port->burst.cnt; i++)
		bytes += port->burst.packets[i].len;
	counter_add(&port->count.bytes, bytes);
	if (port->verify)
		verify_burst(port);
}

unsigned int port_echo(struct port *port, const struct view *view, enum port_fault *fault)
{
	const struct ring_pair *pair = view->user;
	struct burst *burst = &port->burst;
	unsigned int room, offered, before;
	struct ring rx, tx;

	*fault = FAULT_NONE;
	if (!ring_open(&rx, port, view, RING_RX) || !ring_open(&tx, port, view, RING_TX)) {
		port->fault_at = pair->ring[RING_RX].desc;
		*fault = FAULT_RING_UNMAPPED;
		return 0;
	}
	*fault = ring_offered(&rx, &room);
	if (*fault || room == 0)
		return 0;
	if (burst->next == burst->cnt) {
		*fault = ring_offered(&tx, &offered);
		if (offered > room)
			offered = room; /* Never take what cannot be given back. */
		if (offered > BURST_MAX)
			offered = BURST_MAX;
		if (*fault || offered == 0)
			return 0;
		*fault = ring_take(&tx, pair, offered);
		if (*fault)
			return 0;
		ring_publish(&tx, pair->ring[RING_TX].call_fd);
		count_burst(port);
	}
	before = burst->next;
	*fault = ring_give(&rx, pair, room);
	if (*fault || burst->next == before)
		return 0;
	ring_publish(&rx, pair->ring[RING_RX].call_fd);
	counter_add(&port->count.packets, burst->next - before);
	return burst->next - before;
}
