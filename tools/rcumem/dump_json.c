/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The JSON of `rcumem dump`.
 *
 * Addresses are strings ("0x100000000"): a JSON number does not hold 64 bits
 * everywhere.  A segment without an IO address has "iova": null.
 */

#include <inttypes.h>
#include <stdio.h>

#include <jansson.h>

#include "dump.h"
#include "tool.h"

static json_t *address_json(uint64_t address)
{
	return json_sprintf("0x%" PRIx64, address);
}

static int add_list(const struct rte_memseg_list *msl, void *arg)
{
	json_t *lists = arg;

	return json_array_append_new(
		lists, json_pack("{s:i, s:o, s:I, s:I, s:i, s:i, s:i, s:i, s:b}", "list",
			       (int)json_array_size(lists), "address", address_json(msl->addr_64),
			       "length", (json_int_t)msl->len, "page_size",
			       (json_int_t)msl->page_sz, "socket", msl->socket_id, "version",
			       (int)msl->version, "used", (int)msl->memseg_arr.count, "pages",
			       (int)msl->memseg_arr.len, "external", msl->external != 0));
}

static int add_segment(const struct dump_run *run, void *arg)
{
	const struct rte_memseg *ms = &run->seg;
	json_t *iova = ms->iova == RTE_BAD_IOVA ? json_null() : address_json(ms->iova);

	return json_array_append_new(
		arg, json_pack("{s:i, s:i, s:o, s:o, s:I, s:I, s:i, s:i, s:i, s:b}", "list",
			     (int)run->list_no, "page", (int)run->first_page, "address",
			     address_json(ms->addr_64), "iova", iova, "length", (json_int_t)ms->len,
			     "page_size", (json_int_t)ms->hugepage_sz, "socket", (int)ms->socket_id,
			     "nchannel", (int)ms->nchannel, "nrank", (int)ms->nrank, "do_not_free",
			     (ms->flags & RTE_MEMSEG_FLAG_DO_NOT_FREE) != 0));
}

json_t *dump_json_stats(const struct rcumem_stats *stats)
{
	return json_pack(
		"{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
		"allocs", (json_int_t)stats->allocs, "frees", (json_int_t)stats->frees,
		"alloc_failures", (json_int_t)stats->alloc_failures, "segments",
		(json_int_t)stats->segments, "bytes", (json_int_t)stats->bytes, "lists",
		(json_int_t)stats->lists, "quarantined_bytes", (json_int_t)stats->quarantined_bytes,
		"grace_periods", (json_int_t)stats->grace_periods, "grace_timeouts",
		(json_int_t)stats->grace_timeouts, "recoveries", (json_int_t)stats->recoveries,
		"index_nodes", (json_int_t)stats->index_nodes, "readers",
		(json_int_t)stats->readers, "snapshot_blocks", (json_int_t)stats->snapshot_blocks,
		"processes", (json_int_t)stats->processes, "pins", (json_int_t)stats->pins);
}

int dump_json(const struct rcumem_observer *observer)
{
	json_t *lists, *segments, *root;
	struct dump_head head;
	int err;

	if (dump_head_read(observer, &head) != TOOL_OK)
		return TOOL_FAILED;
	lists = json_array();
	segments = json_array();
	/* A failed append leaves the walk, and an incomplete picture is not printed. */
	err = dump_list_walk(observer, add_list, lists) ||
	      dump_walk(observer, true, add_segment, segments);
	root = json_pack("{s:s, s:s, s:I, s:i, s:i, s:o, s:o, s:o}", "version", rcumem_version(),
		"iova_mode", head.iova_mode, "bytes", (json_int_t)head.bytes, "nchannel",
		(int)head.nchannel, "nrank", (int)head.nrank, "lists", lists, "segments", segments,
		"statistics", dump_json_stats(&head.stats));
	return tool_json_print(root, err);
}
