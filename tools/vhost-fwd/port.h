/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_PORT_H
#define VHOST_PORT_H

/*
 * One guest as the data thread sees it: rings, packets under way, figures.
 *
 * INV-PORT-1  The pair of rings is the user pointer of the guest's lookup: a
 *             burst sees rings and regions of one publication.  The pair holds
 *             guest addresses; the pointers made of them live for one burst.
 * INV-PORT-2  While a pair is published the data thread owns `progress` and
 *             `burst`; after it has been unpublished (a grace period later)
 *             the control thread does.
 * INV-PORT-3  Whatever the peer writes is read once, checked, and then used
 *             from the copy.
 */

#include <stdbool.h>
#include <stdint.h>

#include "call.h"
#include "lookup.h"
#include "protocol.h"
#include "shared.h"

#define BURST_MAX      32
#define PACKET_MAX     65535u
#define BURST_BYTES    (2u << 20) /* Room for a burst of the longest packets. */
#define RINGS          2
#define RING_RX        0u /* The guest receives: we write. */
#define RING_TX        1u /* The guest sends: we read. */
#define USE_SLOT_SHIFT 16
#define USE_SLOTS      4096u
#define USE_TICK_SHIFT 22 /* Time stamps to ticks: one or two milliseconds. */

/* Why a connection must end.  The text is in port.c. */
enum port_fault {
	FAULT_NONE = 0,
	FAULT_RING_UNMAPPED,
	FAULT_AVAIL_INDEX,
	FAULT_HEAD,
	FAULT_CHAIN,
	FAULT_INDIRECT,
	FAULT_DIRECTION,
	FAULT_ADDRESS,
	FAULT_LENGTH,
	FAULT_SIGBUS,
};

/* Where a ring is, in guest addresses.  Immutable once published. */
struct ring_place {
	uint64_t desc, avail, used;
	uint16_t num;
	int call_fd; /* -1: the guest polls. */
};

struct ring_pair {
	struct ring_place ring[RINGS];
	uint32_t hdr_len; /* Of the header in front of each packet. */
	bool mergeable;   /* A packet may fill several buffers. */
};

struct packet {
	char *data;
	uint32_t len;
};

/* Packets taken from the guest and not yet given back. */
struct burst {
	char *memory; /* BURST_BYTES of the runtime's pages. */
	unsigned int cnt, next;
	struct packet packets[BURST_MAX];
};

struct ring_progress {
	uint16_t next_avail;
	uint16_t next_used;
};

/* Written by the data thread only; others read a recent value. */
struct port_count {
	uint64_t packets;
	uint64_t bytes;
	uint64_t corrupt; /* Differs from the pattern (INV-PORT-2). */
	uint64_t dropped; /* Larger than all the buffers the guest offers. */
};

struct port {
	struct lookup lookup;                 /* Immutable. */
	struct call *call;                    /* Immutable; the data thread's. */
	struct ring_progress progress[RINGS]; /* INV-PORT-2. */
	struct burst burst;                   /* INV-PORT-2. */
	bool verify;                          /* Immutable. */
	uint32_t pattern_len;                 /* INV-PORT-2; 0: not learnt. */
	char pattern[2048];                   /* INV-PORT-2; what every packet must look like. */
	uint64_t fault_at;                    /* Published by `fault`. */
	uint32_t fault; /* Data thread sets it (release), control thread clears it. */
	uint32_t tick;  /* Data thread only: the clock for `use`. */
	struct port_count count;
	/* Which 64 KiB of the guest was used when: slot << 32 | tick, a sample a burst and ring.
	 * Data thread writes, control thread reads, relaxed: whole words of evidence. */
	uint64_t use[USE_SLOTS];
};

/* 0, or -errno. */
int port_init(struct port *port, enum lookup_kind kind, bool verify);
void port_fini(struct port *port);

/* The guest has gone and nothing is published: forget what it left. */
void port_reset(struct port *port);

const char *port_fault_text(enum port_fault fault);

/* True when a packet in [gpa, gpa + len) was moved at `since` (a time stamp) or later. */
bool port_used_since(const struct port *port, uint64_t gpa, uint64_t len, uint64_t since);

/* Move one burst: packets moved, and *fault when the guest broke a rule. */
unsigned int port_echo(struct port *port, const struct view *view, enum port_fault *fault);

/* Note that the packet at `gpa` is being used. */
static inline void port_note_use(struct port *port, uint64_t gpa)
{
	uint64_t slot = gpa >> USE_SLOT_SHIFT;

	/* Relaxed: the word stands for itself. */
	shared_store_relaxed(&port->use[slot % USE_SLOTS], slot << 32 | port->tick);
}

#endif /* VHOST_PORT_H */
