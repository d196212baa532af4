/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mapping a peer's file.  Its length is checked once, here: a peer that
 * truncates the file later makes our accesses raise SIGBUS, which is for the
 * program to handle, as a library must not own a process's signals.
 */

#include <errno.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/vfs.h>

#include "atomic.h"
#include "os.h"
#include "space_backing.h"
#include "space_map.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

int space_backing_stat(const struct rcumem_region *region, struct stat *st)
{
	if (fstat(region->fd, st) || st->st_size < 0)
		return -EINVAL;
	if (region->fd_off + region->len < region->len)
		return -EINVAL;
	return region->fd_off + region->len > (uint64_t)st->st_size ? -EINVAL : 0;
}

/* What mappings of this file must be a multiple of: hugetlbfs takes whole huge pages only. */
static uint64_t backing_block(int fd)
{
	struct statfs fs;

	if (fstatfs(fd, &fs) == 0 && fs.f_type == HUGETLBFS_MAGIC && fs.f_bsize > 0)
		return (uint64_t)fs.f_bsize;
	return OS_PAGE;
}

/* The kernel's reasons in the words of rcumem.h: too little memory, or not a file to map. */
static int backing_errno(int err)
{
	return err == ENOMEM || err == EAGAIN || err == ENFILE ? -ENOMEM : -EINVAL;
}

/* Fault all pages in, so that no reader pays for it. */
static int backing_populate(const struct rcumem_region *region, char *base, size_t len)
{
	struct stat st;

	while (madvise(base, len, MADV_POPULATE_WRITE)) {
		if (errno == EINTR)
			continue;
		/* No page for it: the file has shrunk, or its pool is empty. */
		if (errno == EFAULT)
			return space_backing_stat(region, &st) ? -EINVAL : -ENOMEM;
		if (errno != EINVAL)
			return backing_errno(errno);
		/* A kernel before 5.14: reading gives a page of a shared file its place, too.
		 * Relaxed: the fault is what counts. */
		for (size_t off = 0; off < len; off += OS_PAGE)
			(void)rcu_load_relaxed(base + off);
		break;
	}
	return 0;
}

/* Map [off, off + len) of the file; neither children nor core dumps get a peer's memory. */
static int backing_map(const struct rcumem_region *region, uint64_t off, size_t len, void **base)
{
	void *va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, region->fd, (off_t)off);
	int err;

	if (va == MAP_FAILED)
		return backing_errno(errno);
	if (madvise(va, len, MADV_DONTFORK) || madvise(va, len, MADV_DONTDUMP))
		err = backing_errno(errno);
	else
		err = backing_populate(region, va, len);
	if (err)
		munmap(va, len);
	else
		*base = va;
	return err;
}

int space_backing_open(const struct rcumem_region *region, const struct stat *st,
	struct space_backing **backing, uint64_t *va)
{
	uint64_t block = backing_block(region->fd);
	uint64_t begin = region->fd_off & -block;
	uint64_t end = (region->fd_off + region->len + block - 1) & -block;
	struct space_backing *new_backing = malloc(sizeof(*new_backing));
	int err;

	if (new_backing == NULL)
		return -ENOMEM;
	*new_backing = (struct space_backing){.ref_cnt = 1,
		.len = end - begin,
		.dev = st->st_dev,
		.ino = st->st_ino,
		.fd_off = region->fd_off};
	err = backing_map(region, begin, new_backing->len, &new_backing->base);
	if (err) {
		free(new_backing);
		return err;
	}
	*backing = new_backing;
	*va = (uint64_t)(uintptr_t)new_backing->base + (region->fd_off - begin);
	return 0;
}

/* One reference less: true when it was the last. */
static bool backing_dropped(struct space_backing *backing)
{
	return backing && --backing->ref_cnt == 0;
}

static void unmap(char *begin, const char *end)
{
	if (begin)
		munmap(begin, (size_t)(end - begin));
}

/*
 * A set's mappings were made one after the other, and most kernels put them side by side: what
 * is adjacent goes in one call, for each call interrupts every CPU that runs this process.
 */
void space_backing_put_all(const struct space_region *regions, uint32_t cnt)
{
	char *begin = NULL, *end = NULL;

	for (uint32_t i = 0; i < cnt; i++) {
		struct space_backing *backing = regions[i].backing;
		char *base;

		if (!backing_dropped(backing))
			continue;
		base = backing->base;
		if (base + backing->len == begin) {
			begin = base;
		} else if (base == end) {
			end += backing->len;
		} else {
			unmap(begin, end);
			begin = base;
			end = base + backing->len;
		}
		free(backing);
	}
	unmap(begin, end);
}
