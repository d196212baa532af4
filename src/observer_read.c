/* SPDX-License-Identifier: BSD-3-Clause */
/* What the picture of an observer shows; only what the checker found readable is read. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "observer.h"
#include "pin.h"

/* 0, -EINVAL or -ENODATA. */
static int has_picture(const struct rcumem_observer *observer)
{
	if (observer == NULL)
		return -EINVAL;
	return observer->check.image ? 0 : -ENODATA;
}

int rcumem_observer_info_get(
	const struct rcumem_observer *observer, struct rcumem_observer_info *info)
{
	int err = info && info->sz >= sizeof(*info) ? has_picture(observer) : -EINVAL;
	const struct region *region;

	if (err)
		return api_result(err);
	region = observer->check.region;
	snprintf(info->prefix, sizeof(info->prefix), "%s", region->prefix);
	info->iova_mode = (int)region->iova_mode;
	info->nchannel = region->nchannel;
	info->nrank = region->nrank;
	info->busy = !observer->check.still;
	info->base_va = region->base;
	info->len = observer->image.layout.span;
	return 0;
}

static uint64_t nodes_of(const struct check *check)
{
	uint64_t nodes = 0;

	for (int t = 0; t < CHECK_TREES; t++)
		nodes += rcu_radix_node_cnt(
			(const struct rcu_radix *)(check->image->base + check->layout->trees[t]));
	return nodes;
}

static uint32_t readers_of(const struct check *check, uint32_t slot, bool any, unsigned int *inside)
{
	uint32_t readers = 0;

	for (uint32_t i = 0; i < check->region->shape.max_readers; i++) {
		const struct rcu_reader *reader = &check->domain->readers[i];

		if (reader->owner == 0 || (!any && reader->owner != slot + 1))
			continue;
		readers++;
		*inside += reader->epoch != 0;
	}
	return readers;
}

int rcumem_observer_stats_get(const struct rcumem_observer *observer, struct rcumem_stats *stats)
{
	int err = stats && stats->sz >= sizeof(*stats) ? has_picture(observer) : -EINVAL;
	const struct region_stats *s;
	unsigned int inside = 0;

	if (err)
		return api_result(err);
	s = &observer->check.region->stats;
	*stats = (struct rcumem_stats){
		.sz = stats->sz,
		.allocs = s->allocs,
		.frees = s->frees,
		.alloc_failures = s->alloc_failures,
		.segments = s->segments,
		.bytes = s->bytes,
		.lists = s->lists,
		.quarantined_bytes = s->quarantined_bytes,
		.grace_periods = s->grace_periods,
		.grace_timeouts = s->grace_timeouts,
		.recoveries = s->recoveries,
		.index_nodes = nodes_of(&observer->check),
		.readers = readers_of(&observer->check, 0, true, &inside),
		.snapshot_blocks = observer->check.pool->next - 1 - observer->check.pool->free_cnt,
		.processes = (uint64_t)__builtin_popcountll(observer->check.alive),
		.pins = pin_count(observer->check.region),
	};
	return 0;
}

int rcumem_observer_processes(const struct rcumem_observer *observer,
	struct rcumem_observer_process *processes, unsigned int max)
{
	int err = processes || max == 0 ? has_picture(observer) : -EINVAL;
	const struct check *check;
	unsigned int n = 0;

	if (err)
		return api_result(err);
	check = &observer->check;
	for (unsigned int slot = 0; slot < REGION_PROCESSES; slot++) {
		const struct region_process *process = &check->region->processes[slot];

		if (!check_bit(&check->alive, slot))
			continue;
		if (n < max) {
			processes[n] = (struct rcumem_observer_process){
				.slot = slot,
				.pid = process->pid,
				.leaving = process->state != PROCESS_ALIVE,
				.listens = check->region->events.listeners >> slot & 1,
			};
			processes[n].readers = readers_of(check, slot, false, &processes[n].inside);
		}
		n++;
	}
	return (int)n;
}

/* ---- Walks ---- */

/* A list as callers are shown it; false when its record cannot be read. */
static bool list_of(const struct check *check, uint32_t i, struct rte_memseg_list *msl)
{
	bool internal = i < check->layout->n_internal;

	if (!check->shown[i] || (!internal && !check_external_shown(check, i)))
		return false;
	*msl = check->lists[i];
	if (internal) { /* As the layout has it: the record may be damaged. */
		const struct region_layout_list *at = &check->internal[i].at;

		msl->addr_64 = check->region->base + at->base;
		msl->page_sz = at->page_sz;
		msl->len = at->len;
		msl->socket_id = at->socket;
		msl->external = 0;
		msl->memseg_arr.len = at->n_pages;
		msl->memseg_arr.name[sizeof(msl->memseg_arr.name) - 1] = 0;
	}
	return true;
}

int rcumem_observer_list_walk(
	const struct rcumem_observer *observer, rte_memseg_list_walk_t func, void *arg)
{
	int ret = func ? has_picture(observer) : -EINVAL;
	struct rte_memseg_list msl;

	if (ret)
		return api_result(ret);
	for (uint32_t i = 0; !ret && i < observer->check.region->max_lists; i++)
		if (list_of(&observer->check, i, &msl))
			ret = func(&msl, arg);
	return ret;
}

/* Descriptors of a list: where they stand in the image. */
static const struct rte_memseg *segments_of(const struct check *check, uint32_t i)
{
	uint64_t off;

	if (i < check->layout->n_internal)
		off = check->internal[i].at.slots;
	else
		check_inside(check, (uint64_t)(uintptr_t)check->lists[i].memseg_arr.data, 0, &off);
	return (const void *)(check->image->base + off);
}

static int walk_list(const struct check *check, uint32_t i, const struct rte_memseg_list *msl,
	rte_memseg_walk_t func, void *arg)
{
	const struct rte_memseg *segments = segments_of(check, i);
	const uint64_t *in_use = i < check->layout->n_internal ? check->internal[i].in_use : NULL;
	int ret = 0;

	for (uint32_t page = 0; !ret && page < msl->memseg_arr.len; page++) {
		struct rte_memseg ms;

		if (in_use && in_use[page / 64] == 0)
			page |= 63; /* None of these 64. */
		else if (in_use == NULL || check_bit(in_use, page)) {
			ms = segments[page];
			ret = func(msl, &ms, arg);
		}
	}
	return ret;
}

int rcumem_observer_walk(const struct rcumem_observer *observer, rte_memseg_walk_t func, void *arg)
{
	int ret = func ? has_picture(observer) : -EINVAL;
	struct rte_memseg_list msl;

	if (ret)
		return api_result(ret);
	for (uint32_t i = 0; !ret && i < observer->check.region->max_lists; i++)
		if (list_of(&observer->check, i, &msl))
			ret = walk_list(&observer->check, i, &msl, func, arg);
	return ret;
}
