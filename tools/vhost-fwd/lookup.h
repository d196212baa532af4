/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_LOOKUP_H
#define VHOST_LOOKUP_H

/*
 * The address table of one guest, in two ways behind one face: the library's
 * address space, and the way of today (a linear scan under a lock that a
 * change takes), which is here only to be compared with.
 *
 * INV-LOOKUP-1  What a view returns is good until the view is closed and, for
 *               the space, until the thread's next quiescent state.
 * INV-LOOKUP-2  The regions and the user pointer that a view shows were
 *               published together.
 */

#include <stdbool.h>

#include <rcumem.h>

#include "scan.h"

enum lookup_kind { LOOKUP_INDEX, LOOKUP_SCAN };

struct lookup {
	enum lookup_kind kind;      /* Immutable. */
	struct rcumem_space *space; /* Immutable; LOOKUP_INDEX. */
	struct scan *scan;          /* Immutable; LOOKUP_SCAN. */
};

/* What the data thread sees during one burst. */
struct view {
	const struct rcumem_map *map; /* NULL: scan. */
	struct scan *scan;
	const void *user;
};

/* ---- Control thread: 0, or -errno and nothing changed ---- */

int lookup_init(struct lookup *lookup, enum lookup_kind kind);
void lookup_fini(struct lookup *lookup);
int lookup_add(struct lookup *lookup, const struct rcumem_region *region);
int lookup_remove(struct lookup *lookup, const struct rcumem_region *region);
/* After success no view shows the earlier user pointer. */
int lookup_replace(
	struct lookup *lookup, const struct rcumem_region *regions, unsigned int cnt, void *user);

/* ---- Data thread ---- */

/* False when a change holds the lock of the scan; a space is always open. */
static inline bool view_open(const struct lookup *lookup, struct view *view)
{
	if (lookup->kind == LOOKUP_INDEX) {
		view->map = rcumem_space_map(lookup->space);
		view->scan = NULL;
		view->user = rcumem_map_user(view->map);
		return true;
	}
	if (!scan_trylock(lookup->scan))
		return false;
	view->map = NULL;
	view->scan = lookup->scan;
	view->user = lookup->scan->user;
	return true;
}

/* The control thread's view, in a read section: it needs no lock against itself. */
static inline void view_open_unlocked(const struct lookup *lookup, struct view *view)
{
	*view = (struct view){.scan = lookup->scan};
	if (lookup->kind == LOOKUP_INDEX)
		view->map = rcumem_space_map(lookup->space);
}

static inline void view_close(const struct view *view)
{
	if (view->scan)
		scan_unlock(view->scan);
}

/* The address of `iova`, and in `len` how much of the wanted length follows it; or NULL. */
static inline void *view_translate(const struct view *view, uint64_t iova, uint64_t *len)
{
	if (view->map)
		return rcumem_map_iova2virt(view->map, iova, len);
	return scan_iova2virt(view->scan, iova, len);
}

#endif /* VHOST_LOOKUP_H */
