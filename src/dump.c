/* SPDX-License-Identifier: BSD-3-Clause */
/* Totals, topology and the dump: contract section 1.5. */

#include <errno.h>
#include <inttypes.h>

#include <rte_memory.h>

#include "api.h"
#include "runtime.h"
#include "segment.h"

uint64_t rte_eal_get_physmem_size(void)
{
	const struct region *region = runtime_region();

	/* Relaxed: a total of no particular instant beside other threads' operations, exact
	 * without. */
	return region ? rcu_load_relaxed(&region->stats.bytes) : 0;
}

unsigned rte_memory_get_nchannel(void)
{
	const struct region *region = runtime_region();

	return region ? region->nchannel : 0;
}

unsigned rte_memory_get_nrank(void)
{
	const struct region *region = runtime_region();

	return region ? region->nrank : 0;
}

static int dump_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	const struct region *region = runtime_region();
	uint32_t list = (uint32_t)(msl - region->lists);

	fprintf(arg,
		"Segment %" PRIu32 "-%td: IOVA:0x%" PRIx64 ", len:%zu, virt:%p, socket_id:%" PRId32
		", hugepage_sz:%" PRIu64 ", nchannel:%" PRIx32 ", nrank:%" PRIx32 " fd:%d\n",
		list, ms - segment_public(region, list, 0), ms->iova, ms->len, ms->addr,
		ms->socket_id, ms->hugepage_sz, ms->nchannel, ms->nrank,
		msl->external ? -1 : runtime.list_fds[list]);
	return 0;
}

void rte_dump_physmem_layout(FILE *f)
{
	if (f)
		rte_memseg_walk(dump_segment, f);
	else
		api_result(-EINVAL);
}
