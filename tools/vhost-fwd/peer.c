// SPDX-License-Identifier: BSD-3-Clause
/* vhost-peer: the traffic, the changes of memory, and what came of them. */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "peer.h"

#define SECOND_NS   1000000000u
#define DRAIN_NS    (10ull * SECOND_NS)
#define HDR_LEN     ((uint32_t)sizeof(struct virtio_net_hdr))
#define SPLIT_EVERY 16u /* Such packets have their header in a descriptor of its own. */

struct peer {
	const struct peer_options *options;
	struct peer_memory memory;
	struct peer_link link;
	struct peer_packets packets;
	struct peer_ring rx, tx;
	uint64_t sent, received, corrupt, changes;
	unsigned int victim; /* The region that the changes are about now. */
	uint64_t due;        /* When the next change is, ns. */
	char spread[65536];  /* A packet that came in several buffers. */
};

static volatile sig_atomic_t ended, paused;

void peer_signal(int signo)
{
	if (signo == SIGUSR1)
		paused = 0;
	else if (signo == SIGUSR2)
		paused = 1;
	else
		ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * SECOND_NS + (uint64_t)ts.tv_nsec;
}

static char *at_gpa(struct peer *peer, uint32_t buffer)
{
	return peer->memory.va + peer_buffer_gpa(buffer);
}

/* ---- Packets ---- */

static bool fill_rx(struct peer *peer)
{
	bool any = false;

	while (peer->rx.free_cnt) {
		uint32_t buffer = peer_buffer_get(&peer->memory);

		if (buffer == UINT32_MAX)
			break;
		peer_ring_add(&peer->rx, buffer, peer->options->rx_len, 0, true);
		any = true;
	}
	return any;
}

static bool send_packets(struct peer *peer)
{
	uint64_t limit = peer->options->packets;
	bool any = false;

	while (peer->tx.free_cnt >= 2 && (!limit || peer->sent < limit)) {
		uint32_t buffer = peer_buffer_get(&peer->memory), len;
		char *to;

		if (buffer == UINT32_MAX)
			break;
		to = at_gpa(peer, buffer);
		memset(to, 0, HDR_LEN);
		len = peer_packet_make(&peer->packets, peer->sent, to + HDR_LEN);
		peer_ring_add(&peer->tx, buffer, HDR_LEN + len,
			peer->sent % SPLIT_EVERY == SPLIT_EVERY - 1 ? HDR_LEN : 0, false);
		peer->sent++;
		any = true;
	}
	return any;
}

static bool reclaim_tx(struct peer *peer)
{
	uint32_t buffer, len;
	bool any = false;

	while (peer_ring_next(&peer->tx, &buffer, &len)) {
		peer_buffer_put(&peer->memory, buffer);
		any = true;
	}
	return any;
}

/* Put the `cnt` buffers of one packet, the first of which is at hand, together. */
static uint32_t gather(struct peer *peer, uint32_t buffer, uint32_t len, unsigned int cnt)
{
	uint32_t total = 0;

	for (;;) {
		if (len <= peer->options->rx_len && total + len <= sizeof(peer->spread)) {
			memcpy(peer->spread + total, at_gpa(peer, buffer), len);
			total += len;
		}
		peer_buffer_put(&peer->memory, buffer);
		/* They were published at once. */
		if (--cnt == 0 || !peer_ring_next(&peer->rx, &buffer, &len))
			return total;
	}
}

static bool receive_packets(struct peer *peer)
{
	uint32_t buffer, len;
	bool any = false;

	while (peer_ring_next(&peer->rx, &buffer, &len)) {
		struct virtio_net_hdr hdr;

		any = true;
		memcpy(&hdr, at_gpa(peer, buffer), sizeof(hdr));
		len = gather(peer, buffer, len, hdr.num_buffers ? hdr.num_buffers : 1);
		/* INV-PEER-2: it must be the oldest of those under way. */
		if (len < HDR_LEN || !peer_packet_check(&peer->packets, peer->received,
					     peer->spread + HDR_LEN, len - HDR_LEN))
			peer->corrupt++;
		peer->received++;
	}
	return any;
}

/* ---- Changes ---- */

/* The victim has gone or is back: 0 or -errno. */
static int change_answered(struct peer *peer)
{
	struct peer_region *region = &peer->memory.regions[peer->victim];
	int got = peer_link_answer(&peer->link);

	if (got <= 0)
		return got;
	peer->changes++;
	if (region->state == REGION_LEAVING) {
		peer_region_unmap(&peer->memory, peer->victim);
		region->state = REGION_ABSENT;
	} else {
		region->state = REGION_ACTIVE;
		peer->victim = (peer->victim + 1) % peer->memory.cnt;
	}
	return 0;
}

/* Take the next step of the change that is under way or due: 0 or -errno. */
static int change_step(struct peer *peer, uint64_t now)
{
	struct peer_region *region = &peer->memory.regions[peer->victim];
	struct vhost_region wire = peer_region_wire(&peer->memory, peer->victim);
	int err;

	if (peer->link.awaiting)
		return change_answered(peer);
	if (region->state == REGION_DRAINING && region->busy == 0) {
		region->state = REGION_LEAVING;
		return peer_link_change(&peer->link, VHOST_REM_MEM_REG, &wire, -1);
	}
	if (paused && region->state == REGION_ACTIVE)
		peer->due = now + SECOND_NS / peer->options->rate; /* One that was begun goes on. */
	if (now < peer->due || region->state == REGION_DRAINING)
		return 0;
	peer->due += SECOND_NS / peer->options->rate;
	if (peer->due < now)
		peer->due = now; /* What was late is not made up for at once. */
	if (region->state == REGION_ACTIVE) {
		region->state = REGION_DRAINING;
		return 0;
	}
	err = peer_region_map(&peer->memory, peer->victim);
	if (err) {
		fprintf(stderr, "vhost-peer: new memory: %s\n", strerror(-err));
		return err;
	}
	region->state = REGION_COMING;
	return peer_link_change(&peer->link, VHOST_ADD_MEM_REG, &wire, region->fd);
}

/* ---- The run ---- */

static bool finished(const struct peer *peer, uint64_t now, uint64_t end)
{
	return ended || now >= end ||
	       (peer->options->packets && peer->received >= peer->options->packets);
}

static int traffic(struct peer *peer, uint64_t end)
{
	bool sending = true;

	for (;;) {
		uint64_t now = now_ns();
		bool any;

		if (sending && finished(peer, now, end)) {
			sending = false;
			end = now + DRAIN_NS; /* For those that are under way. */
		}
		if (!sending && (peer->received >= peer->sent || now >= end))
			return 0;
		any = receive_packets(peer);
		any |= reclaim_tx(peer);
		any |= fill_rx(peer);
		if (sending)
			any |= send_packets(peer);
		if (peer->options->rate) {
			int err = change_step(peer, now);

			if (err)
				return err;
		}
		/* The back end's control thread may share this CPU. */
		if (!any || peer->link.awaiting)
			sched_yield();
	}
}

static int run(struct peer *peer)
{
	uint64_t begun;
	double seconds;
	int err = peer_packets_open(&peer->packets, peer->options);

	if (!err) {
		err = peer_memory_init(&peer->memory, peer->options);
		if (err)
			fprintf(stderr, "vhost-peer: memory: %s\n", strerror(-err));
	}
	if (err)
		return err;
	peer_ring_init(&peer->rx, peer->memory.rings);
	peer_ring_init(&peer->tx, peer->memory.rings + PEER_RING_SPAN);
	fill_rx(peer);
	err = peer_link_open(&peer->link, peer->options, &peer->memory);
	begun = now_ns();
	peer->due = begun;
	if (!err)
		err = traffic(peer, begun + (uint64_t)peer->options->seconds * SECOND_NS);
	seconds = (double)(now_ns() - begun) / SECOND_NS;
	peer_link_close(&peer->link);
	printf("{\"seconds\":%.3f,\"sent\":%llu,\"received\":%llu,\"corrupt\":%llu,\"lost\":%llu,"
	       "\"changes\":%llu,\"regions\":%u}\n",
		seconds, (unsigned long long)peer->sent, (unsigned long long)peer->received,
		(unsigned long long)peer->corrupt,
		(unsigned long long)(peer->sent - peer->received),
		(unsigned long long)peer->changes, peer->memory.cnt + 1);
	if (!err && (peer->corrupt || peer->sent != peer->received))
		err = -EBADMSG;
	return err;
}

int peer_run(const struct peer_options *options)
{
	static struct peer peer; /* Too large for a stack. */
	int err;

	peer.options = options;
	err = run(&peer);
	peer_packets_close(&peer.packets);
	peer_memory_fini(&peer.memory);
	return err;
}
