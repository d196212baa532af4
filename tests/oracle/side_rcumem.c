/* SPDX-License-Identifier: BSD-3-Clause */
/* rcumem, with as much memory of its own in use as the model knows of. */

#include <rcumem.h>

#include "model.h"
#include "side.h"

const bool side_silent = true;
unsigned int side_lists;

const char *side_start(unsigned int capacity, const char *huge)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = 4096,
		.list_len = 1u << 30,
		.max_lists = capacity + 1,
	};

	side_lists = opts.max_lists;
	if (rcumem_init(&opts) || !rcumem_pages_alloc(INTERNAL_USED, 4096, SOCKET_ID_ANY, 0))
		return rte_strerror(rte_errno);
	return NULL;
}

void side_end(void)
{
	rcumem_fini();
}
