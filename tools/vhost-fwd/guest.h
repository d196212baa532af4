/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_GUEST_H
#define VHOST_GUEST_H

/*
 * One socket and the guest behind it, as the control thread sees them.
 *
 * INV-GUEST-1  `regions` is what is published, without the padding regions.
 * INV-GUEST-2  `pair` is what is published with them; it is freed, and the
 *              descriptors it names are closed, only after it was replaced.
 * INV-GUEST-3  A connection ends with exactly one message, and leaves nothing:
 *              no descriptor, no mapping, no packet.
 */

#include <stdbool.h>
#include <stdint.h>

#include "gaps.h"
#include "port.h"
#include "wire.h"

#define GUEST_SLOTS 509 /* Regions that a guest may have. */

struct guest_region {
	struct vhost_region wire;
	int fd; /* Kept to tell an equal region from another. */
};

/* What the front end said of a ring. */
struct vring {
	uint32_t num;
	uint64_t desc, avail, used; /* Addresses of the front end. */
	int kick_fd, call_fd, err_fd;
	bool placed; /* SET_VRING_ADDR has come. */
	bool kicked; /* SET_VRING_KICK has come: it may start. */
	bool enabled;
};

/* What all guests have in common.  Immutable, but for the figures. */
struct switchboard {
	unsigned int pad_to; /* Fill each table up to so many regions. */
	void *pad_memory;    /* What the padding shows: one piece for all. */
	bool require_seals;
	double cycles_per_ns;
	struct change_window window;
	/* Control thread only. */
	uint64_t changes, changes_in_use;
	uint64_t change_ns, change_ns_max;
	uint64_t connections, drops;
};

struct guest {
	const char *path;
	int listen_fd;
	struct wire wire;
	struct port *port;
	struct switchboard *board;
	uint64_t features, protocol_features;
	struct guest_region regions[GUEST_SLOTS]; /* INV-GUEST-1. */
	unsigned int region_cnt;
	struct vring rings[RINGS];
	struct ring_pair *pair; /* INV-GUEST-2; NULL: not serving. */
	bool unsealed_said;
	char why[200]; /* Of a refusal, for the one message. */
};

/* guest.c: a connection's life. */
void guest_init(
	struct guest *guest, const char *path, struct port *port, struct switchboard *board);
void guest_connected(struct guest *guest, int sock);
void guest_drop(struct guest *guest, const char *why);
void guest_say(const struct guest *guest, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Put `format` into `why` and return `err`. */
int guest_refuse(struct guest *guest, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The data thread may have found a fault: true when the connection was dropped for it. */
bool guest_poll_fault(struct guest *guest);

/* request.c: handle all messages that have arrived.  The connection may be gone afterwards. */
void guest_receive(struct guest *guest);

/* memory.c: changes of the table.  All return 0, or -errno with `why`. */
int memory_set_table(struct guest *guest);
int memory_add(struct guest *guest);
int memory_remove(struct guest *guest);

/* publish.c: what the data thread sees. */
struct rcumem_region memory_region(const struct guest_region *from);
/* Publish `regions` with the rings that go with them: 0, or -errno and nothing changed. */
int memory_publish_regions(
	struct guest *guest, const struct guest_region *regions, unsigned int cnt);
/* Publish what the messages have said of the rings: -EPROTO when one lies in no region. */
int memory_publish(struct guest *guest);
/* The same, but a ring may go on waiting for its memory. */
int memory_start_rings(struct guest *guest);
void memory_close(struct guest_region *regions, unsigned int cnt);
/* Unpublish everything and forget it. */
void memory_clear(struct guest *guest);

/* vring.c: the rings.  All return 0, or -errno with `why`. */
int vring_set_num(struct guest *guest);
int vring_set_addr(struct guest *guest);
int vring_set_base(struct guest *guest);
int vring_get_base(struct guest *guest);
int vring_set_kick(struct guest *guest);
int vring_set_call(struct guest *guest);
int vring_set_err(struct guest *guest);
int vring_set_enable(struct guest *guest);
/* Forget all rings; nothing is published. */
void vring_reset(struct guest *guest);
/* What to publish beside `regions`: NULL when the rings do not (yet) run; `why` tells when they
 * should but lie in no region. */
struct ring_pair *vring_pair(
	struct guest *guest, const struct guest_region *regions, unsigned int cnt, bool *unmapped);

#endif /* VHOST_GUEST_H */
