/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The text of `rcumem dump`.
 */

#include <inttypes.h>
#include <stdio.h>

#include "dump.h"
#include "session.h"
#include "tool.h"

static int print_list(const struct rte_memseg_list *msl, void *arg)
{
	unsigned int *no = arg;
	char len[SIZE_TEXT_LEN];
	char page[SIZE_TEXT_LEN];

	printf("  %4u  0x%-14" PRIx64 " %10s %10s %6d %9u %9u%s\n", (*no)++, msl->addr_64,
		size_text(msl->len, len), size_text(msl->page_sz, page), msl->socket_id,
		msl->memseg_arr.count, msl->memseg_arr.len, msl->external ? "  external" : "");
	return 0;
}

static void print_lists(const struct rcumem_observer *observer)
{
	unsigned int no = 0;

	printf("\nLists\n");
	printf("  %4s  %-16s %10s %10s %6s %9s %9s\n", "list", "address", "length", "page size",
		"socket", "used", "pages");
	dump_list_walk(observer, print_list, &no);
}

static int print_run(const struct dump_run *run, void *arg)
{
	char len[SIZE_TEXT_LEN];
	char pages[32];

	if (run->page_cnt == 1)
		snprintf(pages, sizeof(pages), "%u", run->first_page);
	else
		snprintf(pages, sizeof(pages), "%u-%u", run->first_page,
			run->first_page + run->page_cnt - 1);
	printf("  %4u  %-17s 0x%-14" PRIx64, run->list_no, pages, run->seg.addr_64);
	if (run->seg.iova == RTE_BAD_IOVA)
		printf(" %-16s", "none");
	else
		printf(" 0x%-14" PRIx64, run->seg.iova);
	printf(" %10s %6" PRId32 "%s\n", size_text(run->page_cnt * run->seg.len, len),
		run->seg.socket_id,
		run->seg.flags & RTE_MEMSEG_FLAG_DO_NOT_FREE ? "  do-not-free" : "");
	return 0;
}

static void print_runs(const struct rcumem_observer *observer, bool each_page)
{
	printf("\nSegments in use%s\n", each_page ? "" : " (neighbours merged)");
	printf("  %4s  %-17s %-16s %-16s %10s %6s\n", "list", "pages", "address", "IOVA", "length",
		"socket");
	dump_walk(observer, each_page, print_run, NULL);
}

void dump_text_stats(const struct rcumem_stats *stats)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{"allocations", stats->allocs},
		{"frees", stats->frees},
		{"allocations refused", stats->alloc_failures},
		{"segments in use", stats->segments},
		{"bytes in use", stats->bytes},
		{"lists", stats->lists},
		{"bytes in quarantine", stats->quarantined_bytes},
		{"grace periods", stats->grace_periods},
		{"grace periods given up", stats->grace_timeouts},
		{"recoveries", stats->recoveries},
		{"index nodes", stats->index_nodes},
		{"reader threads", stats->readers},
		{"snapshot blocks", stats->snapshot_blocks},
		{"processes", stats->processes},
		{"pinned ranges", stats->pins},
	};

	printf("\nStatistics\n");
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		printf("  %-24s %" PRIu64 "\n", rows[i].name, rows[i].value);
}

int dump_text(const struct rcumem_observer *observer, bool each_page)
{
	struct dump_head head;
	char text[SIZE_TEXT_LEN];

	if (dump_head_read(observer, &head) != TOOL_OK)
		return TOOL_FAILED;
	printf("rcumem %s, IOVA mode %s, %s in use, %u channels, %u ranks\n", rcumem_version(),
		head.iova_mode, size_text(head.bytes, text), head.nchannel, head.nrank);
	print_lists(observer);
	print_runs(observer, each_page);
	dump_text_stats(&head.stats);
	return TOOL_OK;
}
