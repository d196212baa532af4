/* SPDX-License-Identifier: BSD-3-Clause */
/* From creation to the end of a space, of all spaces, and of the parent's in a forked child. */

#include <errno.h>
#include <stdlib.h>

#include "api.h"
#include "space.h"
#include "space_grace.h"
#include "writer.h"

/* All spaces of this process. */
static struct {
	pthread_mutex_t lock;
	struct rcumem_space *first; /* Under the lock; forget walks it without, see there. */
	struct rcumem_map *empty;   /* Under the lock: without regions, while there are spaces. */
} spaces = {.lock = PTHREAD_MUTEX_INITIALIZER};

static int spaces_add(struct rcumem_space *space)
{
	int err = -ENOMEM;

	pthread_mutex_lock(&spaces.lock);
	if (spaces.empty == NULL)
		spaces.empty = space_map_build(NULL, 0, NULL, NULL);
	if (spaces.empty) {
		err = 0;
		space->empty = spaces.empty;
		space->map = spaces.empty; /* The caller hands the space to its readers. */
		space->next = spaces.first;
		/* Release pairs with the relaxed load in space_forget_all(), which may run in a
		 * child of this instant: the list there is whole. */
		rcu_store_release(&spaces.first, space);
	}
	pthread_mutex_unlock(&spaces.lock);
	return err;
}

/* The end of a space that nobody uses any more. */
static void space_end(struct rcumem_space *space)
{
	struct rcumem_space **link = &spaces.first;

	pthread_mutex_lock(&spaces.lock);
	while (*link != space)
		link = &(*link)->next;
	rcu_store_release(link, space->next); /* As in spaces_add(). */
	space_clear_locked(space);
	if (spaces.first == NULL) {
		space_map_free(spaces.empty);
		spaces.empty = NULL;
	}
	pthread_mutex_unlock(&spaces.lock);
	pthread_mutex_destroy(&space->lock);
	free(space);
}

struct rcumem_space *rcumem_space_create(void)
{
	struct rcumem_space *space;
	int err = writer_allowed();

	if (err)
		return api_null(err);
	space = aligned_alloc(RCU_CACHE_LINE, sizeof(*space));
	if (space == NULL)
		return api_null(-ENOMEM);
	*space = (struct rcumem_space){.lock = PTHREAD_MUTEX_INITIALIZER};
	err = spaces_add(space);
	if (err) {
		free(space);
		return api_null(err);
	}
	return space;
}

int rcumem_space_destroy(struct rcumem_space *space)
{
	int err = writer_allowed();

	if (!err && space == NULL)
		err = -EINVAL;
	if (err)
		return api_result(err);
	writer_offline();
	pthread_mutex_lock(&space->lock);
	/* One map more than the limit, if need be: this must not fail halfway. */
	if (space->map != space->empty)
		space_publish_locked(space, space->empty);
	if (space->first)
		err = space_wait_locked(space, space->last->ticket);
	pthread_mutex_unlock(&space->lock);
	writer_online();
	if (err)
		return api_result(err);
	space_end(space);
	return 0;
}

void space_fini_all(void)
{
	while (spaces.first)
		space_end(spaces.first);
}

void space_forget_all(void)
{
	/* Locks may be held by threads that do not exist here; what they were doing to the list is
	 * one store.  The maps are left behind: they may be half built, and others' tickets. */
	struct rcumem_space *space = rcu_load_relaxed(&spaces.first); /* Relaxed: one thread. */

	if (space == NULL)
		spaces.empty = NULL; /* It may be freed already. */
	for (; space; space = space->next) {
		rcu_store_relaxed(&space->map, space->empty); /* Relaxed: as above. */
		space->first = space->last = NULL;
		space->deferred_cnt = 0;
		space->spare = NULL;
		pthread_mutex_init(&space->lock, NULL);
	}
	pthread_mutex_init(&spaces.lock, NULL);
}
