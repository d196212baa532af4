/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem demo: a short tour that says what it does and shows what comes of it.
 */

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "demo.h"
#include "session.h"
#include "tool.h"

#define DEMO_DEFAULT_MEM     (8u << 20)
#define DEMO_DEFAULT_MEM_STR "8M"

static void print_help(void)
{
	printf("Usage: rcumem demo [OPTION]...\n"
	       "\n"
	       "A tour of the library in a private runtime: allocate, look up, walk, free and\n"
	       "plug memory while another thread reads it, statistics.\n"
	       "\n" SESSION_HELP "  -h, --help             print this text\n",
		DEMO_DEFAULT_MEM_STR);
}

static void step(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A numbered headline: what the next lines do. */
static void step(const char *format, ...)
{
	static unsigned int number;
	va_list args;

	printf("%s%u. ", number ? "\n" : "", number + 1);
	number++;
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
	fflush(stdout);
}

static int start(struct session *session)
{
	char text[SIZE_TEXT_LEN];
	uint64_t begin;

	step("Start a private runtime and allocate %s (rcumem_init, rcumem_pages_alloc).",
		size_text(session->mem_len, text));
	begin = demo_now_ns();
	if (session_start(session) != TOOL_OK)
		return TOOL_FAILED;
	printf("   Took %.1f ms, the kernel's clearing of the pages included.\n",
		(double)(demo_now_ns() - begin) / 1e6);
	printf("   The memory stands at %p, in pages of %s.\n", session->mem,
		size_text(rte_mem_virt2memseg_list(session->mem)->page_sz, text));
	return TOOL_OK;
}

/* Translate there and back; says so and fails when that does not lead home. */
static int look_up(const struct session *session)
{
	const char *va = (const char *)session->mem + session->real_len / 2 + 100;
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);
	uint64_t len = session->real_len;
	char text[SIZE_TEXT_LEN];
	rte_iova_t iova;

	step("Look up an address in the middle, %p.", (const void *)va);
	if (!ms) {
		tool_error("no segment found");
		return TOOL_FAILED;
	}
	printf("   rte_mem_virt2memseg: segment %p, %s long, node %d.\n", ms->addr,
		size_text(ms->len, text), (int)ms->socket_id);
	iova = rcumem_virt2iova(NULL, va, &len);
	if (iova == RTE_BAD_IOVA) {
		printf("   These pages have no IO address in this mode.\n");
		return TOOL_OK;
	}
	printf("   rcumem_virt2iova: IO address 0x%" PRIx64 ", contiguous for %s.\n", iova,
		size_text(len, text));
	if (rte_mem_iova2virt(iova) != va) {
		tool_error("the way back leads elsewhere");
		return TOOL_FAILED;
	}
	printf("   rte_mem_iova2virt: leads back to %p.\n", (const void *)va);
	printf("   One descent of an index: the cost does not grow with the number of segments.\n");
	return TOOL_OK;
}

struct counts {
	uint64_t segments;
	uint64_t runs;
	uint64_t lists;
};

static int count_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct counts *counts = arg;

	counts->segments++;
	return 0;
}

static int count_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct counts *counts = arg;

	counts->runs++;
	return 0;
}

static int count_list(const struct rte_memseg_list *msl, void *arg)
{
	struct counts *counts = arg;

	counts->lists++;
	return 0;
}

static void walk(void)
{
	struct counts counts = {0};

	step("Walk what is there (rte_memseg_walk and its kin).");
	rte_memseg_list_walk(count_list, &counts);
	rte_memseg_walk(count_segment, &counts);
	rte_memseg_contig_walk(count_run, &counts);
	printf("   %" PRIu64 " lists of reserved addresses, %" PRIu64 " segments in %" PRIu64
	       " contiguous runs.\n",
		counts.lists, counts.segments, counts.runs);
	printf("   A walk reads one immutable picture; nobody waits for it.\n");
}

static int hotplug(const struct session *session)
{
	struct demo_hotplug result = {0};
	int status;

	step("Plug and free a page %d times while another thread looks for it and reads it.",
		DEMO_ROUNDS);
	status = demo_hotplug(session, &result);
	if (status != TOOL_OK)
		return status;
	printf("   The reader looked %" PRIu64 " times: %" PRIu64 " times the page was there,\n"
	       "   %" PRIu64 " times it was not, and %" PRIu64 " times what it read was wrong.\n",
		result.lookups, result.found, result.lookups - result.found, result.wrong);
	printf("   Mean free %.1f us, mean alloc %.1f us; the reader took no lock at all.\n",
		(double)result.free_ns / 1e3 / DEMO_ROUNDS,
		(double)result.alloc_ns / 1e3 / DEMO_ROUNDS);
	if (!result.wrong)
		return TOOL_OK;
	tool_error("a reader saw memory that was not its own");
	return TOOL_FAILED;
}

static int statistics(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	step("Read the statistics (rcumem_stats_get).");
	if (rcumem_stats_get(&stats))
		return tool_api_error("cannot read the statistics");
	printf("   %" PRIu64 " allocations, %" PRIu64 " frees, %" PRIu64 " grace periods (%" PRIu64
	       " given up), %" PRIu64 " index nodes.\n",
		stats.allocs, stats.frees, stats.grace_periods, stats.grace_timeouts,
		stats.index_nodes);
	return TOOL_OK;
}

static int tour(struct session *session)
{
	int status = look_up(session);

	if (status != TOOL_OK)
		return status;
	walk();
	status = hotplug(session);
	return status == TOOL_OK ? statistics() : status;
}

int demo_command(int argc, char **argv)
{
	static const struct option longs[] = {
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct session session = {.mem_len = DEMO_DEFAULT_MEM, .socket_id = SOCKET_ID_ANY};
	int option;
	int status;

	while ((option = session_getopt(&session, argc, argv, "h", longs)) != -1) {
		if (option != 'h')
			return tool_usage("demo ");
		print_help();
		return TOOL_OK;
	}
	if (optind < argc || !session.mem_len) {
		tool_error("demo takes no argument, and needs some memory");
		return tool_usage("demo ");
	}
	if (start(&session) != TOOL_OK)
		return TOOL_FAILED;
	status = tour(&session);
	if (session_end(&session) != TOOL_OK || status != TOOL_OK)
		return TOOL_FAILED;
	printf("\nThe runtime is gone and its pages are the kernel's again; every lookup above\n"
	       "was answered without a lock, while memory came and went beside it.\n");
	return TOOL_OK;
}
