/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_REGION_H
#define SUPPORT_REGION_H

/* A control region without a runtime: no pages, no readers but the test's own. */

#include <unistd.h>

#include "support_invariants.h"
#include "support_random.h"

static struct region *region;
static int region_fd;

/* Lists of 1 GiB, 2 MiB and 4 KiB pages, numbers 0 to 2, each `list_len` bytes long. */
enum {
	LIST_OF_1G,
	LIST_OF_2M,
	LIST_OF_4K,
	LISTS,
};

static inline void region_open(uint64_t list_len)
{
	struct region_shape shape = {
		.max_lists = 128,
		.max_readers = 8,
		.max_nodes = 4096,
		.list_len = list_len,
		.page_sizes = RTE_PGSIZE_4K | RTE_PGSIZE_2M | RTE_PGSIZE_1G,
		.n_sockets = 1,
	};

	assert_int_equal(region_create(&shape, RTE_IOVA_VA, &region, &region_fd), 0);
	assert_int_equal(region->n_internal, LISTS);
	rcu_attach(region->domain, 0, rcu_membarrier_register());
}

static inline void region_close(void)
{
	rcu_detach();
	region_unmap(region);
	close(region_fd);
	region = NULL;
}

#endif /* SUPPORT_REGION_H */
