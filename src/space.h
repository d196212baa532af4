/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPACE_H
#define SPACE_H

/*
 * Address spaces: one published map each (space_map.h), private to the process.
 *
 * INV-SPACE-1  `map` is never NULL: a space without regions shows the empty map
 *              that all spaces share.
 * INV-SPACE-2  A map that was replaced, and the mappings that only it holds,
 *              live until its ticket has passed (section.h).
 * INV-SPACE-3  Replaced maps stand in the list in the order of their tickets.
 */

#include <pthread.h>
#include <stdint.h>

#include <rcumem.h>

#include "section.h"
#include "space_map.h"

#define SPACE_DEFERRED_MAX 64   /* Replaced maps that may wait for readers. */
#define SPACE_SPARE_NODES  4096 /* A spare with more nodes (of 4 KiB) than this is not kept. */

struct rcumem_space {
	struct rcumem_map *map;   /* Writer stores (release), readers load (acquire). */
	struct rcumem_map *empty; /* Immutable: the map of a space without regions. */

	/* Writers; apart from what readers load. */
	pthread_mutex_t lock __attribute__((aligned(RCU_CACHE_LINE)));
	struct rcumem_map *first;  /* Under the lock: replaced maps, the oldest first. */
	struct rcumem_map *last;   /* Under the lock. */
	uint32_t deferred_cnt;     /* Under the lock. */
	struct rcumem_map *spare;  /* Under the lock: memory for the next map, or NULL. */
	struct rcumem_space *next; /* Under the lock of the list of spaces (space.c). */
};

/* The map now published.  Acquire pairs with space_publish_locked(): the map is complete
 * (INV-MAP-1). */
static inline const struct rcumem_map *space_map(const struct rcumem_space *space)
{
	return rcu_load_acquire(&space->map);
}

/* rcumem_iova2virt() and rcumem_virt2iova() for a space other than NULL. */
void *space_iova2virt(const struct rcumem_space *space, uint64_t iova, uint64_t *len);
uint64_t space_virt2iova(const struct rcumem_space *space, const void *virt, uint64_t *len);

/* Forget all spaces and unmap what they hold.  No other thread may use one; for rcumem_fini(). */
void space_fini_all(void);

/* In the child of fork(): the parent's regions are not mapped here, so every space becomes empty.
 */
void space_forget_all(void);

#endif /* SPACE_H */
