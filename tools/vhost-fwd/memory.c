// SPDX-License-Identifier: BSD-3-Clause
/*
 * A guest's memory table: what the messages say becomes an address space.
 * Each change is timed and marked, so that the data loop knows which of its
 * gaps overlap one (INV-GAPS-1).
 */

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "guest.h"

#define SECOND_NS 1000000000.0

static void change_begin(struct switchboard *board)
{
	/* Relaxed: before the word. */
	shared_store_relaxed(&board->window.begin, tsc_now());
	/* Release pairs with gaps_mark() and stood_before(): odd before anything of the change
	 * happens.  The full fence keeps the mapping behind it. */
	shared_store_release(&board->window.word, board->window.word + 1);
	shared_fence_full();
}

static void change_end(struct switchboard *board, bool changed, bool in_use)
{
	uint64_t ns = (uint64_t)((double)(tsc_now() - board->window.begin) / board->cycles_per_ns);

	/* Release pairs with gaps_mark(): even after the last munmap(). */
	shared_store_release(&board->window.word, board->window.word + 1);
	if (!changed)
		return;
	board->changes++;
	board->changes_in_use += in_use;
	board->change_ns += ns;
	if (ns > board->change_ns_max)
		board->change_ns_max = ns;
}

static bool inside(uint64_t addr, const struct vhost_region *region)
{
	return addr - region->gpa < region->len;
}

static bool holds_ring(const struct guest *guest, const struct vhost_region *region)
{
	for (unsigned int i = 0; guest->pair && i < RINGS; i++)
		if (inside(guest->pair->ring[i].desc, region) ||
			inside(guest->pair->ring[i].avail, region) ||
			inside(guest->pair->ring[i].used, region))
			return true;
	return false;
}

/* Packets or rings of this region were used within the last second. */
static bool region_in_use(const struct guest *guest, const struct vhost_region *region)
{
	uint64_t second = (uint64_t)(SECOND_NS * guest->board->cycles_per_ns);

	if (holds_ring(guest, region))
		return true;
	return port_used_since(guest->port, region->gpa, region->len, tsc_now() - second);
}

/* What the library cannot see: that the front end's own addresses wrap, and the seals. */
static int check_region(struct guest *guest, const struct vhost_region *region, int fd)
{
	int seals = fcntl(fd, F_GET_SEALS);

	if (region->uaddr + region->len < region->uaddr)
		return guest_refuse(guest, -EINVAL, "a region whose address wraps around");
	/* Only tmpfs and hugetlbfs know of seals.  A page of another file may be somebody's to
	 * bring, who need not: a FUSE server, say, and the peer is it. */
	if (seals < 0)
		return guest_refuse(guest, -EINVAL, "memory that is no memfd");
	if (seals & F_SEAL_SHRINK)
		return 0;
	if (guest->board->require_seals)
		return guest_refuse(guest, -EPERM, "memory that is not sealed against shrinking");
	if (!guest->unsealed_said)
		guest_say(guest, "its memory is not sealed against shrinking: SIGBUS is caught");
	guest->unsealed_said = true;
	return 0;
}

static bool same_file(int a, int b)
{
	struct stat x, y;

	return fstat(a, &x) == 0 && fstat(b, &y) == 0 && x.st_dev == y.st_dev &&
	       x.st_ino == y.st_ino;
}

static bool same_region(const struct guest_region *a, const struct guest_region *b)
{
	return memcmp(&a->wire, &b->wire, sizeof(a->wire)) == 0 && same_file(a->fd, b->fd);
}

static bool contains(
	const struct guest_region *regions, unsigned int cnt, const struct guest_region *wanted)
{
	for (unsigned int i = 0; i < cnt; i++)
		if (same_region(&regions[i], wanted))
			return true;
	return false;
}

/* How the tables differ: regions of `a` that `b` lacks, and how many of them are in use. */
static void compare(const struct guest *guest, const struct guest_region *a, unsigned int a_cnt,
	const struct guest_region *b, unsigned int b_cnt, bool *changed, bool *in_use)
{
	for (unsigned int i = 0; i < a_cnt; i++) {
		if (contains(b, b_cnt, &a[i]))
			continue;
		*changed = true;
		*in_use = *in_use || region_in_use(guest, &a[i].wire);
	}
}

int memory_set_table(struct guest *guest)
{
	const struct vhost_table *table = &guest->wire.payload.table;
	struct guest_region next[VHOST_TABLE_REGIONS];
	bool changed = table->cnt != guest->region_cnt, in_use = false;
	int err = 0;

	if (table->cnt > VHOST_TABLE_REGIONS || table->cnt != guest->wire.fd_cnt ||
		guest->wire.hdr.size < offsetof(struct vhost_table, regions[table->cnt]))
		return guest_refuse(guest, -EPROTO, "a table of %u regions with %u descriptors",
			table->cnt, guest->wire.fd_cnt);
	for (unsigned int i = 0; i < table->cnt && !err; i++) {
		next[i] = (struct guest_region){table->regions[i], guest->wire.fds[i]};
		err = check_region(guest, &next[i].wire, next[i].fd);
	}
	if (err)
		return err;
	/* As sets; with as many regions, one that is there twice leaves out another. */
	compare(guest, guest->regions, guest->region_cnt, next, table->cnt, &changed, &in_use);
	compare(guest, next, table->cnt, guest->regions, guest->region_cnt, &changed, &in_use);
	if (!changed)
		return 0;
	change_begin(guest->board);
	err = memory_publish_regions(guest, next, table->cnt);
	change_end(guest->board, !err, in_use);
	if (err)
		return err;
	memory_close(guest->regions, guest->region_cnt);
	for (unsigned int i = 0; i < table->cnt; i++)
		next[i].fd = wire_take_fd(&guest->wire, i);
	memcpy(guest->regions, next, table->cnt * sizeof(*next));
	guest->region_cnt = table->cnt;
	return 0;
}

int memory_add(struct guest *guest)
{
	struct guest_region *slot = &guest->regions[guest->region_cnt];
	struct guest_region added = {guest->wire.payload.slot.region, guest->wire.fds[0]};
	struct rcumem_region region = memory_region(&added);
	bool in_use;
	int err;

	if (guest->wire.fd_cnt != 1)
		return guest_refuse(guest, -EPROTO, "a region without its descriptor");
	if (guest->region_cnt == GUEST_SLOTS)
		return guest_refuse(guest, -ENOSPC, "more than %d regions", GUEST_SLOTS);
	err = check_region(guest, &added.wire, added.fd);
	if (err)
		return err;
	in_use = region_in_use(guest, &added.wire);
	change_begin(guest->board);
	err = lookup_add(&guest->port->lookup, &region);
	change_end(guest->board, !err, in_use);
	if (err)
		return guest_refuse(guest, err, "a region: %s", strerror(-err));
	added.fd = wire_take_fd(&guest->wire, 0);
	*slot = added;
	guest->region_cnt++;
	/* It may bring the memory that a ring waits for. */
	return guest->pair ? 0 : memory_start_rings(guest);
}

int memory_remove(struct guest *guest)
{
	const struct vhost_region *wanted = &guest->wire.payload.slot.region;
	unsigned int last = guest->region_cnt - 1, i = 0;
	struct guest_region gone;
	struct rcumem_region region;
	bool in_use;
	int err;

	while (i < guest->region_cnt && (guest->regions[i].wire.gpa != wanted->gpa ||
						guest->regions[i].wire.len != wanted->len ||
						guest->regions[i].wire.uaddr != wanted->uaddr))
		i++;
	if (i == guest->region_cnt)
		return guest_refuse(guest, -ENOENT, "removal of a region that is not there");
	gone = guest->regions[i];
	guest->regions[i] = guest->regions[last];
	guest->regions[last] = gone;
	region = memory_region(&gone);
	in_use = region_in_use(guest, &gone.wire);
	change_begin(guest->board);
	if (holds_ring(guest, &gone.wire))
		err = memory_publish_regions(guest, guest->regions, last);
	else
		err = lookup_remove(&guest->port->lookup, &region);
	change_end(guest->board, !err, in_use);
	if (err)
		return guest_refuse(guest, err, "removal of a region: %s", strerror(-err));
	guest->region_cnt = last;
	close(gone.fd);
	return 0;
}
