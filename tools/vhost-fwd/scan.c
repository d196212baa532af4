// SPDX-License-Identifier: BSD-3-Clause
/* The baseline's table: an array changed under the locks of all queues. */

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rcumem.h>

#include "scan.h"

struct scan *scan_create(void)
{
	struct scan *scan = aligned_alloc(64, sizeof(*scan));

	if (scan)
		memset(scan, 0, sizeof(*scan));
	return scan;
}

void scan_destroy(struct scan *scan)
{
	scan_replace(scan, NULL, 0, NULL);
	free(scan->regions);
	free(scan);
}

static void lock_all(struct scan *scan)
{
	for (unsigned int i = 0; i < SCAN_QUEUES; i++)
		while (!scan_lock_try(&scan->locks[i]))
			sched_yield();
}

static bool backed(int fd, uint64_t end)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (uint64_t)st.st_size >= end;
}

/* Map what a region names.  Populated, as a testpmd that locks its memory gets it. */
static int map_region(const struct rcumem_region *region, struct scan_region *out)
{
	uint64_t skew = region->fd_off % (uint64_t)sysconf(_SC_PAGESIZE);

	*out = (struct scan_region){.iova = region->iova, .len = region->len, .va = region->va};
	if (region->len == 0 || region->iova + region->len < region->iova)
		return -EINVAL;
	if (region->fd < 0)
		return 0;
	if (region->fd_off + region->len < region->len ||
		!backed(region->fd, region->fd_off + region->len))
		return -EINVAL;
	out->map_len = region->len + skew;
	out->map = mmap(NULL, out->map_len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		region->fd, (off_t)(region->fd_off - skew));
	if (out->map == MAP_FAILED)
		return -errno;
	out->va = (char *)out->map + skew;
	return 0;
}

static void unmap_region(struct scan_region *region)
{
	if (region->map)
		munmap(region->map, region->map_len);
	region->map = NULL;
}

static int append_locked(struct scan *scan, const struct rcumem_region *region)
{
	struct scan_region *grown;
	int err;

	for (unsigned int i = 0; i < scan->cnt; i++)
		if (region->iova < scan->regions[i].iova + scan->regions[i].len &&
			scan->regions[i].iova < region->iova + region->len)
			return -EEXIST;
	grown = reallocarray(scan->regions, scan->cnt + 1, sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	scan->regions = grown;
	err = map_region(region, &grown[scan->cnt]);
	if (!err)
		scan->cnt++;
	return err;
}

int scan_add(struct scan *scan, const struct rcumem_region *region)
{
	int err;

	lock_all(scan);
	err = append_locked(scan, region);
	scan_unlock(scan);
	return err;
}

int scan_remove(struct scan *scan, uint64_t iova, uint64_t len)
{
	int err = -ENOENT;

	lock_all(scan);
	for (unsigned int i = 0; i < scan->cnt; i++) {
		struct scan_region *region = &scan->regions[i];

		if (region->iova != iova || region->len != len)
			continue;
		unmap_region(region);
		memmove(region, region + 1, (scan->cnt - i - 1) * sizeof(*region));
		scan->cnt--;
		err = 0;
		break;
	}
	scan_unlock(scan);
	return err;
}

/* The same regions in the same order: only the user pointer changes. */
static bool same_regions(
	const struct scan *scan, const struct rcumem_region *regions, unsigned int cnt)
{
	if (cnt != scan->cnt)
		return false;
	for (unsigned int i = 0; i < cnt; i++)
		if (regions[i].iova != scan->regions[i].iova ||
			regions[i].len != scan->regions[i].len)
			return false;
	return true;
}

int scan_replace(
	struct scan *scan, const struct rcumem_region *regions, unsigned int cnt, void *user)
{
	int err = 0;

	lock_all(scan);
	scan->user = user;
	if (!same_regions(scan, regions, cnt)) {
		for (unsigned int i = 0; i < scan->cnt; i++)
			unmap_region(&scan->regions[i]);
		scan->cnt = 0;
		for (unsigned int i = 0; i < cnt && !err; i++)
			err = append_locked(scan, &regions[i]);
	}
	if (err) {
		for (unsigned int i = 0; i < scan->cnt; i++)
			unmap_region(&scan->regions[i]);
		scan->cnt = 0;
		scan->user = NULL;
	}
	scan_unlock(scan);
	return err;
}
