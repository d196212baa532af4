/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changing the regions of a space: put the next set together, publish it, and
 * let the earlier one go.  Nobody waits for a reader while holding a lock.
 */

#include <errno.h>

#include "api.h"
#include "space.h"
#include "space_draft.h"
#include "space_grace.h"
#include "writer.h"

static void space_unlock(struct rcumem_space *space)
{
	pthread_mutex_unlock(&space->lock);
	writer_online();
}

/* Take the lock, with room for one more replaced map: 0, -EINVAL, -EAGAIN or what
 * writer_allowed() says. */
static int space_lock(struct rcumem_space *space)
{
	int err = writer_allowed();

	if (err)
		return err;
	if (space == NULL)
		return -EINVAL;
	writer_offline();
	pthread_mutex_lock(&space->lock);
	if (space->deferred_cnt >= SPACE_DEFERRED_MAX)
		space_poll_locked(space);
	if (space->deferred_cnt >= SPACE_DEFERRED_MAX)
		space_wait_locked(space, space->first->ticket);
	if (space->deferred_cnt < SPACE_DEFERRED_MAX)
		return 0;
	space_unlock(space);
	return -EAGAIN;
}

static int space_register(struct rcumem_space *space, const struct rcumem_region *region)
{
	struct space_draft draft;
	struct rcumem_map *map;
	int err;

	if (region == NULL)
		return -EINVAL;
	err = space_draft_add(&draft, space->map, region);
	if (err)
		return err;
	map = space_draft_build(&draft, space->map->user, &space->spare);
	if (map == NULL)
		return -ENOMEM;
	space_publish_locked(space, map);
	space_poll_locked(space);
	return 0;
}

static int space_unregister(struct rcumem_space *space, uint64_t iova, uint64_t len)
{
	struct space_draft draft;
	struct rcumem_map *map;
	int err = space_draft_remove(&draft, space->map, iova, len);

	if (err)
		return err;
	map = space_draft_build(&draft, space->map->user, &space->spare);
	if (map == NULL)
		return -ENOMEM;
	return space_wait_locked(space, space_publish_locked(space, map));
}

static int space_replace(
	struct rcumem_space *space, const struct rcumem_region *regions, unsigned int n, void *user)
{
	struct space_draft draft;
	struct rcumem_map *map;
	int err = space_draft_replace(&draft, space->map, regions, n);

	if (err)
		return err;
	if (user == space->map->user && space_draft_equal(&draft, space->map)) {
		/* Nothing to publish; but an earlier change may still have readers. */
		space_draft_drop(&draft);
		return space->first ? space_wait_locked(space, space->last->ticket) : 0;
	}
	map = space_draft_build(&draft, user, &space->spare);
	if (map == NULL)
		return -ENOMEM;
	return space_wait_locked(space, space_publish_locked(space, map));
}

int rcumem_space_register(struct rcumem_space *space, const struct rcumem_region *region)
{
	int err = space_lock(space);

	if (err)
		return api_result(err);
	err = space_register(space, region);
	space_unlock(space);
	return api_result(err);
}

int rcumem_space_unregister(struct rcumem_space *space, uint64_t iova, uint64_t len)
{
	int err = space_lock(space);

	if (err)
		return api_result(err);
	err = space_unregister(space, iova, len);
	space_unlock(space);
	return api_result(err);
}

int rcumem_space_replace(
	struct rcumem_space *space, const struct rcumem_region *regions, unsigned int n, void *user)
{
	int err = space_lock(space);

	if (err)
		return api_result(err);
	err = space_replace(space, regions, n, user);
	space_unlock(space);
	return api_result(err);
}
