/* SPDX-License-Identifier: BSD-3-Clause */
/* The next set of regions of a space: see space_draft.h. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "space_backing.h"
#include "space_draft.h"

/* ---- One region ---- */

/* What can be told without looking at the file. */
static int region_check(const struct rcumem_region *region)
{
	uint64_t va = (uint64_t)(uintptr_t)region->va;

	if (region->len == 0 || region->iova + (region->len - 1) < region->iova)
		return -EINVAL;
	if (region->fd == -1)
		return va == 0 || va + (region->len - 1) < va ? -EINVAL : 0;
	return region->fd < 0 ? -EINVAL : 0;
}

/* The same bytes of the same file at the same addresses.  The inode number cannot have been given
 * to another file meanwhile: our mapping keeps the inode. */
static bool region_equal(
	const struct space_region *old, const struct rcumem_region *region, const struct stat *st)
{
	return old && old->backing && old->iova == region->iova && old->span == region->len - 1 &&
	       old->backing->dev == st->st_dev && old->backing->ino == st->st_ino &&
	       old->backing->fd_off == region->fd_off;
}

/* Give a region its mapping: the caller's, the one it has in `map`, or a new one. */
static int region_open(const struct rcumem_region *region, const struct rcumem_map *map,
	struct space_region *opened)
{
	const struct space_region *old;
	struct stat st;
	int err;

	*opened = (struct space_region){.iova = region->iova, .span = region->len - 1};
	if (region->fd == -1) {
		opened->va = (uint64_t)(uintptr_t)region->va;
		return 0;
	}
	err = space_backing_stat(region, &st);
	if (err)
		return err;
	old = space_map_floor(map, region->iova);
	if (!region_equal(old, region, &st))
		return space_backing_open(region, &st, &opened->backing, &opened->va);
	*opened = *old;
	opened->backing->ref_cnt++;
	return 0;
}

/* ---- The set ---- */

static int draft_alloc(struct space_draft *draft, uint32_t cnt)
{
	/* One more than needed: no regions are no failure. */
	draft->regions = aligned_alloc(
		sizeof(struct space_region), (cnt + 1ull) * sizeof(struct space_region));
	draft->cnt = 0;
	return draft->regions ? 0 : -ENOMEM;
}

/* Append regions of a map, with references of the draft's own. */
static void draft_copy(struct space_draft *draft, const struct space_region *regions, uint32_t cnt)
{
	for (uint32_t i = 0; i < cnt; i++) {
		if (regions[i].backing)
			regions[i].backing->ref_cnt++;
		draft->regions[draft->cnt++] = regions[i];
	}
}

int space_draft_add(
	struct space_draft *draft, const struct rcumem_map *old, const struct rcumem_region *region)
{
	const struct space_region *floor;
	uint32_t before;
	int err = region_check(region);

	if (err)
		return err;
	if (old->cnt == SPACE_REGION_MAX)
		return -ENOSPC;
	/* Whatever it overlaps begins at or below its last byte and ends at or above its first. */
	floor = space_map_floor(old, region->iova + (region->len - 1));
	if (floor && floor->iova + floor->span >= region->iova)
		return -EEXIST;
	before = floor ? (uint32_t)(floor - old->regions) + 1 : 0;
	err = draft_alloc(draft, old->cnt + 1);
	if (err)
		return err;
	err = region_open(region, old, &draft->regions[before]);
	if (err) {
		free(draft->regions);
		return err;
	}
	draft_copy(draft, old->regions, before);
	draft->cnt++;
	draft_copy(draft, old->regions + before, old->cnt - before);
	return 0;
}

int space_draft_remove(
	struct space_draft *draft, const struct rcumem_map *old, uint64_t iova, uint64_t len)
{
	const struct space_region *found = space_map_floor(old, iova);
	uint32_t before;
	int err;

	if (found == NULL || len == 0 || found->iova != iova || found->span != len - 1)
		return -ENOENT;
	before = (uint32_t)(found - old->regions);
	err = draft_alloc(draft, old->cnt - 1);
	if (err)
		return err;
	draft_copy(draft, old->regions, before);
	draft_copy(draft, old->regions + before + 1, old->cnt - before - 1);
	return 0;
}

static int region_compare(const void *a, const void *b)
{
	const struct rcumem_region *x = a, *y = b;

	return x->iova < y->iova ? -1 : x->iova > y->iova;
}

/* A sorted copy of the regions asked for: -EINVAL before -EEXIST. */
static int regions_sorted(
	const struct rcumem_region *regions, uint32_t cnt, struct rcumem_region **sorted)
{
	struct rcumem_region *copy;

	for (uint32_t i = 0; i < cnt; i++)
		if (region_check(&regions[i]))
			return -EINVAL;
	copy = malloc((cnt + 1ull) * sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	if (cnt) {
		memcpy(copy, regions, cnt * sizeof(*copy));
		qsort(copy, cnt, sizeof(*copy), region_compare);
	}
	for (uint32_t i = 1; i < cnt; i++) {
		if (copy[i].iova - copy[i - 1].iova < copy[i - 1].len) {
			free(copy);
			return -EEXIST;
		}
	}
	*sorted = copy;
	return 0;
}

int space_draft_replace(struct space_draft *draft, const struct rcumem_map *old,
	const struct rcumem_region *regions, uint32_t cnt)
{
	struct rcumem_region *sorted;
	int err;

	if (regions == NULL && cnt)
		return -EINVAL;
	if (cnt > SPACE_REGION_MAX)
		return -ENOSPC;
	err = regions_sorted(regions, cnt, &sorted);
	if (err)
		return err;
	err = draft_alloc(draft, cnt);
	for (uint32_t i = 0; i < cnt && !err; i++) {
		err = region_open(&sorted[i], old, &draft->regions[i]);
		if (!err)
			draft->cnt++;
		else
			space_draft_drop(draft);
	}
	free(sorted);
	return err;
}

bool space_draft_equal(const struct space_draft *draft, const struct rcumem_map *old)
{
	if (draft->cnt != old->cnt)
		return false;
	for (uint32_t i = 0; i < draft->cnt; i++) {
		const struct space_region *a = &draft->regions[i], *b = &old->regions[i];

		if (a->iova != b->iova || a->span != b->span || a->va != b->va ||
			a->backing != b->backing)
			return false;
	}
	return true;
}

struct rcumem_map *space_draft_build(
	struct space_draft *draft, void *user, struct rcumem_map **spare)
{
	struct rcumem_map *map = space_map_build(draft->regions, draft->cnt, user, spare);

	if (map)
		draft->cnt = 0; /* Their references are the map's now. */
	space_draft_drop(draft);
	return map;
}

void space_draft_drop(struct space_draft *draft)
{
	space_backing_put_all(draft->regions, draft->cnt);
	free(draft->regions);
}
