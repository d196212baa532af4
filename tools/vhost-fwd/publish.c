// SPDX-License-Identifier: BSD-3-Clause
/*
 * Publishing a guest's regions.  A change of regions that moves or removes a
 * ring publishes the rings with the new regions in one step (INV-PORT-1); an
 * addition or removal that does not touch them leaves them alone.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest.h"

/* Padding regions lie far above any guest. */
#define PAD_BASE 0x600000000000ULL
#define PAD_STEP (4ULL << 20)
#define PAD_LEN  (2ULL << 20)

struct rcumem_region memory_region(const struct guest_region *from)
{
	return (struct rcumem_region){
		.iova = from->wire.gpa,
		.len = from->wire.len,
		.fd = from->fd,
		.fd_off = from->wire.mmap_off,
	};
}

/* Regions of the guest with padding on both sides: a scan meets the guest's own halfway. */
static struct rcumem_region *table_build(const struct guest *guest,
	const struct guest_region *regions, unsigned int cnt, unsigned int *total)
{
	unsigned int pads = guest->board->pad_to > cnt ? guest->board->pad_to - cnt : 0;
	struct rcumem_region *table = calloc(cnt + pads + 1, sizeof(*table));

	if (!table)
		return NULL;
	for (unsigned int i = 0, at = 0; i < pads; i++, at++) {
		if (i == pads / 2)
			at += cnt;
		table[at] = (struct rcumem_region){
			.iova = PAD_BASE + i * PAD_STEP,
			.len = PAD_LEN,
			.va = guest->board->pad_memory,
			.fd = -1,
		};
	}
	for (unsigned int i = 0; i < cnt; i++)
		table[pads / 2 + i] = memory_region(&regions[i]);
	*total = cnt + pads;
	return table;
}

int memory_publish_regions(
	struct guest *guest, const struct guest_region *regions, unsigned int cnt)
{
	struct ring_pair *old = guest->pair, *pair;
	struct rcumem_region *table;
	unsigned int total;
	bool unmapped;
	int err;

	pair = vring_pair(guest, regions, cnt, &unmapped);
	table = table_build(guest, regions, cnt, &total);
	if (!table) {
		free(pair);
		return guest_refuse(guest, -ENOMEM, "no memory for its table");
	}
	err = lookup_replace(&guest->port->lookup, table, total, pair);
	free(table);
	if (err) {
		free(pair);
		return guest_refuse(guest, err, "its memory table: %s", strerror(-err));
	}
	guest->pair = pair;
	free(old); /* INV-GUEST-2 */
	if (unmapped && old)
		guest_say(guest, "rings stopped: their memory is gone");
	return 0;
}

/* Publish the rings when what should be said of them has changed. */
static int publish_rings(struct guest *guest, bool *unmapped)
{
	struct ring_pair *pair = vring_pair(guest, guest->regions, guest->region_cnt, unmapped);
	bool same = pair && guest->pair ? memcmp(pair, guest->pair, sizeof(*pair)) == 0
					: pair == guest->pair;

	free(pair);
	return same ? 0 : memory_publish_regions(guest, guest->regions, guest->region_cnt);
}

int memory_publish(struct guest *guest)
{
	bool unmapped;
	int err = publish_rings(guest, &unmapped);

	if (!err && unmapped)
		return guest_refuse(guest, -EPROTO, "a ring lies in no region");
	return err;
}

int memory_start_rings(struct guest *guest)
{
	bool unmapped; /* They may wait for more. */

	return publish_rings(guest, &unmapped);
}

void memory_close(struct guest_region *regions, unsigned int cnt)
{
	for (unsigned int i = 0; i < cnt; i++)
		close(regions[i].fd);
}

void memory_clear(struct guest *guest)
{
	/* An empty table needs nothing, so that it cannot be refused for long. */
	while (lookup_replace(&guest->port->lookup, NULL, 0, NULL))
		usleep(1000);
	free(guest->pair); /* INV-GUEST-2 */
	guest->pair = NULL;
	memory_close(guest->regions, guest->region_cnt);
	guest->region_cnt = 0;
}
