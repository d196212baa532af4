/* SPDX-License-Identifier: BSD-3-Clause */
/* The world of `bench`: pages of rcumem. */
#include <stdbool.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "world.h"

static bool started;

const char *world_library_start(void)
{
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};

	if (!started && rcumem_init(&opts))
		return rte_strerror(rte_errno);
	started = true;
	return NULL;
}

/* Each world has a runtime of its own: nothing is left in the index of an earlier one. */
const char *world_library_take(const struct world_point *point)
{
	const char *why;

	world_library_end();
	why = world_library_start();
	if (why)
		return why;
	if (rcumem_pages_alloc(point->segments * point->page_sz, point->page_sz, SOCKET_ID_ANY, 0))
		return NULL;
	return point->page_sz == 4096 ? "no memory" : "not enough free hugepages";
}

void world_library_end(void)
{
	if (started && !rcumem_fini())
		started = false;
}
