/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The walks of rte_memory.h: contract rows W1-W10 and section 7.
 *
 * A walk reads one snapshot from beginning to end: what is plugged or unplugged
 * meanwhile is in the next one.
 */

#include <errno.h>

#include <rte_memory.h>

#include "api.h"
#include "context.h"
#include "external_lookup.h"
#include "log.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot.h"

/* A walk and the caller's callback, of one of three types. */
struct walk {
	struct region *region;
	rte_memseg_walk_t each;
	rte_memseg_contig_walk_t contig;
	rte_memseg_list_walk_t list;
	void *arg;
};

static int each_segment(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	const struct walk *walk = ctx;
	const struct rte_memseg_list *msl = &walk->region->lists[list];
	const struct rte_memseg *ms = segment_public(walk->region, list, first);
	const struct rte_memseg *end = ms + n;
	rte_memseg_walk_t each = walk->each;
	void *arg = walk->arg;
	int ret = 0;

	for (; ms < end && ret == 0; ms++)
		ret = each(msl, ms, arg);
	return ret;
}

static int each_run(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	const struct walk *walk = ctx;

	return walk->contig(&walk->region->lists[list], segment_public(walk->region, list, first),
		(size_t)n << walk->region->states[list].page_shift, walk->arg);
}

static int walk_raw(struct walk *walk)
{
	snapshot_run_t run = walk->each ? each_segment : each_run;
	struct region *region = runtime_region();
	const struct snapshot_entry *entry;
	int64_t list = -1;
	uint64_t root;
	int ret = 0, err = 0;

	if (!walk->each && !walk->contig && !walk->list)
		return api_result(-EINVAL);
	if (region == NULL)
		return 0;
	walk->region = region;
	context_self.callbacks++;
	root = snapshot_get(region);
	while (ret == 0 && err == 0 &&
		(list = snapshot_next_list(region, root, (uint32_t)(list + 1), &entry)) >= 0) {
		if (!runtime_list_attached(region, (uint32_t)list))
			continue;
		if (!list_sound(region, (uint32_t)list)) {
			log_message(LOG_ERROR, "the record of list %d is damaged", (int)list);
			err = -ENOTRECOVERABLE;
		} else if (walk->list) {
			ret = walk->list(&region->lists[list], walk->arg);
		} else if (entry->used) {
			err = snapshot_runs(region, entry, (uint32_t)list, run, walk, &ret);
		}
	}
	context_self.callbacks--;
	if (list < -1)
		err = (int)list;
	return err ? api_result(err) : ret;
}

static int walk_section(struct walk *walk)
{
	unsigned int floor;
	int ret;

	if (runtime_region() == NULL)
		return walk_raw(walk);
	ret = rcu_section_enter();
	if (ret)
		return api_result(ret);
	floor = context_self.floor;
	context_self.floor = rcu_self.nesting;
	ret = walk_raw(walk);
	context_self.floor = floor;
	rcu_section_exit();
	return ret;
}

int rte_memseg_walk(rte_memseg_walk_t func, void *arg)
{
	return walk_section(&(struct walk){.each = func, .arg = arg});
}

int rte_memseg_contig_walk(rte_memseg_contig_walk_t func, void *arg)
{
	return walk_section(&(struct walk){.contig = func, .arg = arg});
}

int rte_memseg_list_walk(rte_memseg_list_walk_t func, void *arg)
{
	return walk_section(&(struct walk){.list = func, .arg = arg});
}

int rte_memseg_walk_thread_unsafe(rte_memseg_walk_t func, void *arg)
{
	return walk_raw(&(struct walk){.each = func, .arg = arg});
}

int rte_memseg_contig_walk_thread_unsafe(rte_memseg_contig_walk_t func, void *arg)
{
	return walk_raw(&(struct walk){.contig = func, .arg = arg});
}

int rte_memseg_list_walk_thread_unsafe(rte_memseg_list_walk_t func, void *arg)
{
	return walk_raw(&(struct walk){.list = func, .arg = arg});
}
