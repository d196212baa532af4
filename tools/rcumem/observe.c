/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem info of a runtime: its processes and figures, looked at from outside.
 */

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include <rte_errno.h>

#include "dump.h"
#include "observe.h"
#include "session.h"
#include "tool.h"

struct rcumem_observer *observe(const char *prefix)
{
	struct rcumem_observer *observer = rcumem_observe(prefix);

	if (observer == NULL) {
		tool_error("cannot look at '%s': %s", prefix, strerror(rte_errno));
		return NULL;
	}
	if (rcumem_observer_check(observer, NULL, NULL) >= 0)
		return observer;
	tool_error("cannot take a picture of '%s': %s", prefix, strerror(rte_errno));
	rcumem_observer_close(observer);
	return NULL;
}

/* What `rcumem info PREFIX` shows. */
struct view {
	struct rcumem_observer_info info;
	struct dump_head head;
	struct rcumem_observer_process processes[64];
	int process_cnt;
};

static int view_read(const struct rcumem_observer *observer, struct view *view)
{
	view->info.sz = sizeof(view->info);
	if (rcumem_observer_info_get(observer, &view->info))
		return tool_api_error("cannot read the picture");
	view->process_cnt = rcumem_observer_processes(observer, view->processes, 64);
	return dump_head_read(observer, &view->head);
}

static void print_text(const struct view *view)
{
	char len[SIZE_TEXT_LEN];

	printf("Runtime %s: IOVA mode %s, addresses 0x%" PRIx64 " to 0x%" PRIx64 ", %s in use%s\n",
		view->info.prefix, view->head.iova_mode, view->info.base_va,
		view->info.base_va + view->info.len, size_text(view->head.bytes, len),
		view->info.busy ? ", an operation is in progress" : "");
	printf("\nProcesses\n  %4s %10s %8s %8s\n", "slot", "pid", "readers", "inside");
	for (int i = 0; i < view->process_cnt; i++) {
		const struct rcumem_observer_process *p = &view->processes[i];

		printf("  %4u %10d %8u %8u%s%s\n", p->slot, p->pid, p->readers, p->inside,
			p->listens ? "  listens" : "", p->leaving ? "  leaving" : "");
	}
	dump_text_stats(&view->head.stats);
}

static int print_json(const struct view *view)
{
	json_t *processes = json_array();
	json_t *root;
	int err = 0;

	for (int i = 0; i < view->process_cnt; i++) {
		const struct rcumem_observer_process *p = &view->processes[i];

		err |= json_array_append_new(processes,
			json_pack("{s:i, s:i, s:i, s:i, s:b, s:b}", "slot", (int)p->slot, "pid",
				p->pid, "readers", (int)p->readers, "inside", (int)p->inside,
				"listens", (int)p->listens, "leaving", (int)p->leaving));
	}
	root = json_pack("{s:s, s:s, s:o, s:I, s:b, s:o, s:o}", "prefix", view->info.prefix,
		"iova_mode", view->head.iova_mode, "address",
		json_sprintf("0x%" PRIx64, view->info.base_va), "length",
		(json_int_t)view->info.len, "busy", (int)view->info.busy, "processes", processes,
		"statistics", dump_json_stats(&view->head.stats));
	return tool_json_print(root, err);
}

int observe_info(const char *prefix, bool json)
{
	struct rcumem_observer *observer = observe(prefix);
	struct view view;
	int status;

	if (observer == NULL)
		return TOOL_FAILED;
	status = view_read(observer, &view);
	rcumem_observer_close(observer);
	if (status != TOOL_OK)
		return status;
	if (json)
		return print_json(&view);
	print_text(&view);
	return TOOL_OK;
}
