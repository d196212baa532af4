/* SPDX-License-Identifier: BSD-3-Clause */
/* Totals, topology and the dump: contract section 1.5. */

#include <inttypes.h>

#include <rte_memory.h>

#include "runtime.h"
#include "segment.h"
#include "snapshot.h"

/* Bytes in use of internal lists, from one snapshot. */
static uint64_t physmem_of(const struct region *region, uint64_t root)
{
	uint64_t bytes = 0;

	for (uint32_t list = 0; list < region->n_internal; list++) {
		const struct snapshot_entry *entry = snapshot_entry(region, root, list);

		if (entry)
			bytes += entry->used << region->states[list].page_shift;
	}
	return bytes;
}

uint64_t rte_eal_get_physmem_size(void)
{
	const struct region *region = runtime_region();
	uint64_t bytes;

	if (region == NULL || rcu_section_enter())
		return 0;
	bytes = physmem_of(region, snapshot_get(region));
	rcu_section_exit();
	return bytes;
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
}
