/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_SCAN_H
#define VHOST_SCAN_H

/*
 * The baseline: regions in an array that every translation scans from its
 * start, under one lock a queue.  A change takes the locks of all queues and
 * holds them while it maps and unmaps, as DPDK's vhost library does; a burst
 * that finds a lock taken serves nothing.
 *
 * INV-SCAN-1  `regions`, `cnt` and `user` change only while all locks are held.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rcumem_region;

#define SCAN_QUEUES 2

struct scan_region {
	uint64_t iova;
	uint64_t len;
	char *va;
	void *map; /* NULL: mapped by somebody else. */
	size_t map_len;
};

struct scan_lock {
	int taken;
} __attribute__((aligned(64)));

struct scan {
	struct scan_lock locks[SCAN_QUEUES];
	struct scan_region *regions; /* INV-SCAN-1. */
	unsigned int cnt;            /* INV-SCAN-1. */
	void *user;                  /* INV-SCAN-1. */
};

struct scan *scan_create(void);
void scan_destroy(struct scan *scan);

/* 0, or -errno.  A replace that fails has emptied the table, as it does there. */
int scan_add(struct scan *scan, const struct rcumem_region *region);
int scan_remove(struct scan *scan, uint64_t iova, uint64_t len);
int scan_replace(
	struct scan *scan, const struct rcumem_region *regions, unsigned int cnt, void *user);

/* Acquire pairs with the release in scan_lock_release(): the table is whole. */
static inline bool scan_lock_try(struct scan_lock *lock)
{
	return !__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE);
}

/* Release pairs with the acquire in scan_lock_try(): our accesses are over. */
static inline void scan_lock_release(struct scan_lock *lock)
{
	__atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}

static inline bool scan_trylock(struct scan *scan)
{
	if (!scan_lock_try(&scan->locks[0]))
		return false;
	if (scan_lock_try(&scan->locks[1]))
		return true;
	scan_lock_release(&scan->locks[0]);
	return false;
}

static inline void scan_unlock(struct scan *scan)
{
	scan_lock_release(&scan->locks[1]);
	scan_lock_release(&scan->locks[0]);
}

static inline void *scan_iova2virt(const struct scan *scan, uint64_t iova, uint64_t *len)
{
	for (unsigned int i = 0; i < scan->cnt; i++) {
		const struct scan_region *region = &scan->regions[i];
		uint64_t off = iova - region->iova;

		if (off >= region->len)
			continue;
		if (*len > region->len - off)
			*len = region->len - off;
		return region->va + off;
	}
	*len = 0;
	return NULL;
}

#endif /* VHOST_SCAN_H */
