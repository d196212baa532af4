// SPDX-License-Identifier: BSD-3-Clause
/* The control thread's side of a guest's address table. */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_errno.h>

#include "lookup.h"

int lookup_init(struct lookup *lookup, enum lookup_kind kind)
{
	*lookup = (struct lookup){.kind = kind};
	if (kind == LOOKUP_SCAN) {
		lookup->scan = scan_create();
		return lookup->scan ? 0 : -ENOMEM;
	}
	lookup->space = rcumem_space_create();
	return lookup->space ? 0 : -rte_errno;
}

void lookup_fini(struct lookup *lookup)
{
	if (lookup->scan)
		scan_destroy(lookup->scan);
	if (lookup->space)
		rcumem_space_destroy(lookup->space);
	*lookup = (struct lookup){0};
}

int lookup_add(struct lookup *lookup, const struct rcumem_region *region)
{
	if (lookup->kind == LOOKUP_SCAN)
		return scan_add(lookup->scan, region);
	return rcumem_space_register(lookup->space, region) ? -rte_errno : 0;
}

int lookup_remove(struct lookup *lookup, const struct rcumem_region *region)
{
	if (lookup->kind == LOOKUP_SCAN)
		return scan_remove(lookup->scan, region->iova, region->len);
	if (rcumem_space_unregister(lookup->space, region->iova, region->len) == 0)
		return 0;
	/* A reader is stuck: the region is gone all the same, and is unmapped when it moves on. */
	return rte_errno == ETIMEDOUT ? 0 : -rte_errno;
}

/* What a reader that is stuck may use cannot be freed, nor its thread be joined: all that is left
 * is to go. */
static void end_if_asked(void)
{
	sigset_t pending;

	sigpending(&pending);
	if (!sigismember(&pending, SIGINT) && !sigismember(&pending, SIGTERM))
		return;
	fputs("vhost-fwd: ended by a signal while the data thread stands still\n", stderr);
	_exit(EXIT_FAILURE);
}

int lookup_replace(
	struct lookup *lookup, const struct rcumem_region *regions, unsigned int cnt, void *user)
{
	if (lookup->kind == LOOKUP_SCAN)
		return scan_replace(lookup->scan, regions, cnt, user);
	if (rcumem_space_replace(lookup->space, regions, cnt, user) == 0)
		return 0;
	if (rte_errno != ETIMEDOUT)
		return -rte_errno;
	/* Published; the earlier user pointer must outlive the reader that is stuck. */
	while (rcumem_synchronize(1000) && rte_errno == ETIMEDOUT)
		end_if_asked();
	return 0;
}
