/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPACE_BACKING_H
#define SPACE_BACKING_H

/*
 * The mappings that a space makes itself, of files that its peer hands over.
 *
 * INV-BACKING-1  A backing counts one reference for each map, published,
 *                replaced or being built, that has a region on it; it is
 *                unmapped with the last one.  All under the space's lock.
 */

#include <stdint.h>
#include <sys/stat.h>

#include <rcumem.h>

struct space_backing {
	uint32_t ref_cnt; /* Writer only. */
	void *base;       /* Immutable, all of these. */
	size_t len;
	dev_t dev; /* Which file, and where in it: a region that comes again is recognized. */
	ino_t ino;
	uint64_t fd_off;
};

/* Look at the file behind a region: 0, or -EINVAL when it is none, or shorter than the region. */
int space_backing_stat(const struct rcumem_region *region, struct stat *st);

/*
 * Map the bytes of a region and fault them in: 0, -ENOMEM, or -EINVAL when the
 * file cannot be mapped shared and writable.  *va is where the region begins.
 */
int space_backing_open(const struct rcumem_region *region, const struct stat *st,
	struct space_backing **backing, uint64_t *va);

struct space_region;

/* Drop the references of these regions, but for those on mappings of the caller's own. */
void space_backing_put_all(const struct space_region *regions, uint32_t cnt);

#endif /* SPACE_BACKING_H */
