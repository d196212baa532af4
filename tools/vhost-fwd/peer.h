/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_PEER_H
#define VHOST_PEER_H

/*
 * A small vhost-user front end: sends packets, checks every one that comes
 * back, and adds and removes the memory that they are in.
 *
 * Its packets lie in one stretch of guest addresses from 0 on, which is cut
 * into regions; each region is a file of its own.  Packets are laid out without
 * regard to the borders, so that some lie in two regions.
 *
 * INV-PEER-1  A region is removed only when no packet under way touches it, as
 *             any driver must do; until then its packets were in use.
 * INV-PEER-2  Packets come back in the order in which they were sent.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define PEER_REGIONS_MAX 508u
#define PEER_BUFFER      1920u /* Bytes a buffer; does not divide a region. */
#define PEER_RING_NUM    256u
#define PEER_RINGS       2u

struct peer_options {
	const char *path, *pcap;
	unsigned int regions, region_kb, rate, seconds, size, rx_len;
	uint64_t packets; /* 0: no limit. */
	int cpu;
	bool huge, paused;
};

/* ---- peer_memory.c ---- */

enum region_state { REGION_ACTIVE, REGION_DRAINING, REGION_LEAVING, REGION_ABSENT, REGION_COMING };

struct peer_region {
	enum region_state state;
	int fd;
	uint32_t busy;     /* Buffers under way that touch it. */
	uint32_t free_cnt; /* Buffers that begin in it and are free. */
	uint32_t *free_list;
};

struct peer_memory {
	char *va; /* Of guest address 0. */
	uint64_t region_len;
	unsigned int cnt;
	bool huge;
	struct peer_region regions[PEER_REGIONS_MAX];
	unsigned int next; /* Where the next buffer is looked for. */
	char *rings;       /* The region that never goes away. */
	uint64_t rings_len;
	int rings_fd;
};

/* 0 or -errno. */
int peer_memory_init(struct peer_memory *memory, const struct peer_options *options);
void peer_memory_fini(struct peer_memory *memory);
/* Give region `i` a new file, or take its file away. */
int peer_region_map(struct peer_memory *memory, unsigned int i);
void peer_region_unmap(struct peer_memory *memory, unsigned int i);
struct vhost_region peer_region_wire(const struct peer_memory *memory, unsigned int i);
struct vhost_region peer_rings_wire(const struct peer_memory *memory);
/* A free buffer in regions that stay, taken in turn from all of them; UINT32_MAX when none is. */
uint32_t peer_buffer_get(struct peer_memory *memory);
void peer_buffer_put(struct peer_memory *memory, uint32_t buffer);

static inline uint64_t peer_buffer_gpa(uint32_t buffer)
{
	return (uint64_t)buffer * PEER_BUFFER;
}

/* ---- peer_link.c ---- */

struct peer_link {
	struct wire wire;
	bool awaiting; /* A change was sent and not yet answered. */
};

/* Connect and set everything up as far as running rings: 0, or -errno after a message. */
int peer_link_open(struct peer_link *link, const struct peer_options *options,
	const struct peer_memory *memory);
/* Ask for a change without waiting. */
int peer_link_change(struct peer_link *link, enum vhost_request request,
	const struct vhost_region *region, int fd);
/* 1 answered, 0 not yet, -errno after a message. */
int peer_link_answer(struct peer_link *link);
/* Stop the rings and hang up. */
void peer_link_close(struct peer_link *link);

/* ---- peer_ring.c ---- */

struct peer_ring {
	struct vring_desc *desc;
	struct vring_avail *avail;
	struct vring_used *used;
	uint16_t free_head, free_cnt, last_used, next_avail;
	uint32_t buffer[PEER_RING_NUM]; /* Of a chain's first descriptor. */
};

#define PEER_RING_SPAN 16384u /* Bytes that a ring takes in the region of the rings. */

void peer_ring_init(struct peer_ring *ring, char *memory);
/* Offer a buffer; `split` puts its first `split` bytes into a descriptor of their own (0: no). */
void peer_ring_add(
	struct peer_ring *ring, uint32_t buffer, uint32_t len, uint32_t split, bool write);
/* The next used buffer: false when there is none. */
bool peer_ring_next(struct peer_ring *ring, uint32_t *buffer, uint32_t *len);

/* ---- peer_packets.c ---- */

struct peer_packets {
	char *file; /* A capture, or NULL: made up. */
	struct {
		const char *data;
		uint32_t len;
	} * frames;
	uint32_t frame_cnt;
	uint32_t size;
};

/* 0, or -errno after a message. */
int peer_packets_open(struct peer_packets *packets, const struct peer_options *options);
void peer_packets_close(struct peer_packets *packets);
/* Write packet `number` (no more than fits a buffer); its length. */
uint32_t peer_packet_make(const struct peer_packets *packets, uint64_t number, char *to);
bool peer_packet_check(
	const struct peer_packets *packets, uint64_t number, const char *data, uint32_t len);

/* ---- peer.c ---- */

/* The whole run: 0, or -errno after a message. */
int peer_run(const struct peer_options *options);
/* SIGUSR1: changes begin; SIGUSR2: they pause; anything else: the end. */
void peer_signal(int signo);

#endif /* VHOST_PEER_H */
