/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPEN_H
#define OPEN_H

/*
 * Getting a runtime's memory into this process: a new one, or that of others.
 * The descriptors go to `runtime`, where the caller closes them whatever happens.
 */

#include <stdbool.h>

#include <rcumem.h>

#include "region.h"
#include "rundir.h"

/*
 * The control region, joined or created as the options say, and mapped;
 * *created tells which.  With a prefix `dir` is its directory, locked.  On
 * failure *region may be mapped, and is then the caller's to unmap.
 */
int open_region(const struct rcumem_options *opts, const struct rundir *dir, struct region **region,
	bool *created);

/* Map its lists: all, or none and -errno. */
int open_lists(struct region *region);

/* Unmap the first `n`. */
void open_undo(struct region *region, uint32_t n);

#endif /* OPEN_H */
