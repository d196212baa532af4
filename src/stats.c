/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics and features. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <rcumem.h>

#include "api.h"
#include "os.h"
#include "pin.h"
#include "runtime.h"
#include "snapshot_edit.h"

int rcumem_stats_get(struct rcumem_stats *stats)
{
	const struct region *region = runtime_region();
	const struct region_stats *s;

	if (stats == NULL || stats->sz < sizeof(*stats))
		return api_result(-EINVAL);
	if (region == NULL)
		return api_result(-ENODEV);
	s = &region->stats;
	/* Relaxed, all: each figure is right, together they are of no single time. */
	stats->allocs = rcu_load_relaxed(&s->allocs);
	stats->frees = rcu_load_relaxed(&s->frees);
	stats->alloc_failures = rcu_load_relaxed(&s->alloc_failures);
	stats->segments = rcu_load_relaxed(&s->segments);
	stats->bytes = rcu_load_relaxed(&s->bytes);
	stats->lists = rcu_load_relaxed(&s->lists);
	stats->quarantined_bytes = rcu_load_relaxed(&s->quarantined_bytes);
	stats->grace_periods = rcu_load_relaxed(&s->grace_periods);
	stats->grace_timeouts = rcu_load_relaxed(&s->grace_timeouts);
	stats->recoveries = rcu_load_relaxed(&s->recoveries);
	stats->index_nodes = rcu_radix_node_cnt(region->va_index) +
			     rcu_radix_node_cnt(region->iova_index) +
			     rcu_radix_node_cnt(region->ext_index);
	stats->readers = rcu_reader_count(region->domain);
	stats->snapshot_blocks = snapshot_blocks_used(region);
	stats->pins = pin_count(region);
	stats->processes = 0;
	for (uint32_t i = 0; i < REGION_PROCESSES; i++)
		stats->processes += /* Relaxed: as above. */ rcu_load_relaxed(
					    &region->processes[i].state) == PROCESS_ALIVE;
	return 0;
}

int rcumem_features_get(struct rcumem_features *features)
{
	int nodes[REGION_SOCKETS];
	int guard, here = 1;

	if (features == NULL || features->sz < sizeof(*features))
		return api_result(-EINVAL);
	features->page_sizes = os_page_sizes();
	features->hugepages_usable = 0;
	for (uint64_t sizes = features->page_sizes; sizes; sizes &= sizes - 1)
		if (os_hugepages_free(sizes & -sizes))
			features->hugepages_usable = 1;
	guard = os_guard_open();
	features->userfaultfd = guard >= 0;
	if (guard >= 0)
		close(guard);
	features->membarrier = rcu_membarrier_register();
	features->phys_addrs = os_virt2phys(&here) != OS_BAD_PHYS;
	features->numa_nodes = os_numa_nodes(nodes, REGION_SOCKETS);
	return 0;
}

const char *rcumem_version(void)
{
	return RCUMEM_VERSION;
}
