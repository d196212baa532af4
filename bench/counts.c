/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Runs each operation of the library a few times, so that tools/perf can count
 * what one costs.  Usage: counts 4k | 2m, the size of the pages that are looked up.
 *
 * Under callgrind each run() is a dump of its own, with what it executes and
 * nothing else.  Under strace each run() stands between two writes to a
 * file that cannot be open, whose text says what follows.  On standard output,
 * as JSON: grace periods by operation, bytes of the index, what the processor
 * can do that the library asks for.
 */
#include "counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <valgrind/callgrind.h>

#include <rcumem.h>
#include <rte_errno.h>

/* Paths that a first call alone takes (registration, pages never touched) are behind us then. */
#define WARM_UPS 4
#define RUNS     8
/* A place that the loader, valgrind and the heap leave free: addresses decide about no path then.
 */
#define BASE_VA     (16ull << 40)
#define INDEX_PAGES 16384u

static void mark(const char *text)
{
	ssize_t ignored = write(-1, text, strlen(text));

	(void)ignored;
}

static uint64_t grace_periods(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	return rcumem_stats_get(&stats) ? 0 : stats.grace_periods;
}

/* Adds to `*waited` the grace periods of run(); NULL: it is not counted. */
static bool once(const struct counts_op *op, unsigned int i, uint64_t *waited)
{
	bool good = !op->before || op->before();

	if (waited) {
		*waited -= grace_periods();
		mark(op->name);
		CALLGRIND_TOGGLE_COLLECT;
		good = op->run(i) && good;
		CALLGRIND_TOGGLE_COLLECT;
		CALLGRIND_DUMP_STATS_AT(op->name);
		mark("");
		*waited += grace_periods();
	} else {
		good = op->run(i) && good;
	}
	return (!op->after || op->after()) && good;
}

static bool measure(const struct counts_op *op, bool last)
{
	uint64_t waited = 0;
	bool good = true;

	for (unsigned int i = 0; i < WARM_UPS; i++)
		good = once(op, i, NULL) && good;
	CALLGRIND_ZERO_STATS;
	for (unsigned int i = 0; i < RUNS; i++)
		good = once(op, i, &waited) && good;
	printf("    \"%s\": {\"grace_periods\": %llu}%s\n", op->name, (unsigned long long)waited,
		last ? "" : ",");
	if (!good)
		fprintf(stderr, "counts: %s: a wrong answer (%s)\n", op->name,
			rte_strerror(rte_errno));
	return good;
}

/* Bytes that the index and the snapshot take for a page of 4 KiB. */
static bool show_bytes(bool is_huge)
{
	struct rcumem_stats before = {.sz = sizeof(before)}, after = {.sz = sizeof(after)};
	size_t len = (size_t)INDEX_PAGES * COUNTS_PAGE_LEN;
	void *pages;

	if (is_huge)
		return printf("  \"pages\": \"2m\"\n") > 0;
	if (rcumem_stats_get(&before))
		return false;
	pages = rcumem_pages_alloc(len, COUNTS_PAGE_LEN, SOCKET_ID_ANY, 0);
	if (!pages || rcumem_stats_get(&after) || rcumem_pages_free(pages, len))
		return false;
	printf("  \"index_bytes\": %.3f,\n",
		(double)(after.index_nodes - before.index_nodes) * 4096 / INDEX_PAGES);
	printf("  \"snapshot_bytes\": %.3f,\n  \"pages\": \"4k\"\n",
		((double)after.snapshot_blocks - (double)before.snapshot_blocks) * 512 /
			INDEX_PAGES);
	return true;
}

static void show_machine(void)
{
	const char *isa = "other";

#ifdef __x86_64__
	__builtin_cpu_init();
	isa = __builtin_cpu_supports("avx512f") ? "avx512f"
	      : __builtin_cpu_supports("avx2")  ? "avx2"
						: "sse2";
#endif
	printf("  \"runs\": %d,\n  \"isa\": \"%s\",\n", RUNS, isa);
}

/* All of `tables`, and what a call of run() costs by itself, behind which JSON has no comma. */
static bool measure_all(const struct counts_op *const *tables)
{
	const struct counts_op empty = {"empty", NULL, counts_empty, NULL};
	bool good = true;

	printf("{\n");
	show_machine();
	printf("  \"operations\": {\n");
	for (; *tables; tables++)
		for (const struct counts_op *op = *tables; op->name; op++)
			good = measure(op, false) && good;
	good = measure(&empty, true) && good;
	printf("  },\n");
	return good;
}

static int fail(const char *what, int status)
{
	fprintf(stderr, "counts: %s: %s\n", what, rte_strerror(rte_errno));
	return status;
}

int main(int argc, char **argv)
{
	const struct counts_op *const small[] = {
		counts_readers, counts_batches, counts_writers, NULL};
	const struct counts_op *const huge[] = {counts_huge, NULL};
	bool is_huge = argc == 2 && !strcmp(argv[1], "2m");
	struct rcumem_options opts = {.sz = sizeof(opts),
		.iova_mode = RCUMEM_IOVA_VA,
		.base_va = BASE_VA,
		.page_sizes = is_huge ? COUNTS_HUGE_LEN : COUNTS_PAGE_LEN,
		.list_len = 1ull << 30};
	bool good;

	if (!is_huge && (argc != 2 || strcmp(argv[1], "4k")))
		return fprintf(stderr, "Usage: counts 4k | 2m\n") < 0 ? 1 : 2;
	if (rcumem_init(&opts))
		return fail("the runtime does not start", 1);
	if (is_huge ? !counts_huge_make() : !counts_world_make())
		return fail("no pages", 77);
	good = measure_all(is_huge ? huge : small);
	good = show_bytes(is_huge) && good;
	printf("}\n");
	good = (is_huge ? counts_huge_remove() : counts_world_remove()) && good;
	return !rcumem_fini() && good ? 0 : 1;
}
