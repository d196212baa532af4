/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Publishing the next map of a space, and freeing what it replaces when no
 * reader can hold it any more: see space_grace.h.
 */

#include <errno.h>

#include "process.h"
#include "runtime.h"
#include "space_backing.h"
#include "space_grace.h"

/* Keep the larger of two spares. */
static void space_spare_locked(struct rcumem_space *space, struct rcumem_map *map)
{
	struct rcumem_map *drop = map;

	if (map->node_dirty <= SPACE_SPARE_NODES &&
		(space->spare == NULL || space->spare->len < map->len)) {
		drop = space->spare;
		space->spare = map;
	}
	space_map_free(drop);
}

void space_reclaim_locked(struct rcumem_space *space, uint64_t passed)
{
	while (space->first && space->first->ticket <= passed) {
		struct rcumem_map *map = space->first;

		space->first = map->next;
		space->deferred_cnt--;
		space_backing_put_all(map->regions, map->cnt);
		space_spare_locked(space, map);
	}
}

void space_poll_locked(struct rcumem_space *space)
{
	if (space->first)
		space_reclaim_locked(space, rcu_oldest(runtime_domain(), runtime.process, NULL));
}

/* Put a replaced map on the list (INV-SPACE-3: tickets are drawn under the lock). */
static void space_defer_locked(struct rcumem_space *space, struct rcumem_map *map, uint64_t ticket)
{
	map->ticket = ticket;
	map->next = NULL;
	if (space->first)
		space->last->next = map;
	else
		space->first = map;
	space->last = map;
	space->deferred_cnt++;
}

uint64_t space_publish_locked(struct rcumem_space *space, struct rcumem_map *next)
{
	struct rcumem_map *old = space->map;
	uint64_t ticket;

	/* Pairs with space_map(): the map is complete for whoever finds it (INV-MAP-1). */
	rcu_publish(&space->map, next);
	ticket = rcu_ticket(runtime_domain());
	if (old != space->empty)
		space_defer_locked(space, old, ticket);
	return ticket;
}

int space_wait_locked(struct rcumem_space *space, uint64_t ticket)
{
	uint64_t timeout_ns = runtime_free_timeout_ns();
	int err;

	pthread_mutex_unlock(&space->lock);
	err = process_wait_own_readers(
		runtime_region(), ticket, timeout_ns, "a change of an address space");
	pthread_mutex_lock(&space->lock);
	if (!err)
		space_reclaim_locked(space, ticket);
	return err;
}

void space_clear_locked(struct rcumem_space *space)
{
	space_reclaim_locked(space, UINT64_MAX);
	if (space->map != space->empty) {
		space_backing_put_all(space->map->regions, space->map->cnt);
		space_map_free(space->map);
	}
	space_map_free(space->spare);
}
