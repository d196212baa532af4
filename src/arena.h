/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ARENA_H
#define ARENA_H

/*
 * Named pieces of the control region: the storage of fbarrays and of external
 * memory's segment arrays.  A piece stands at the same address in every
 * process.  Functions return 0 or -errno and may be called by any thread that
 * may call a writer (not in a section or callback: -EDEADLK).
 */

#include <stdbool.h>
#include <stddef.h>

#define ARENA_NAME_LEN 64

/*
 * Create a zeroed piece of `len` bytes, attached to this process.
 * -EBUSY: the name is taken.  -ENOMEM: no room.  -ENODEV: no runtime.
 */
int arena_create(const char *name, size_t len, void **va);

/* Attach the piece of that name: -ENOENT (no such piece, or another length), -EEXIST (attached
 * already). */
int arena_attach(const char *name, size_t len, void **va);

/* Detach by address: -ENOENT when no piece attached here begins at `va`. */
int arena_detach(const void *va);

/* Destroy by address: -ENOENT as above, -EBUSY while another process is attached. */
int arena_destroy(const void *va);

/* True when `va` lies in a segment array of the library's own lists, which users may read but not
 * change. */
bool arena_is_view(const void *va);

#endif /* ARENA_H */
