/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a walk cost a segment, and does a second walker slow it down?
 *
 * Each walk adds up a field and counts, and both are checked.  Baseline: the
 * same walk, with the same callback, of "rwlock and scan".
 */
#include "all.h"

#include <rte_memory.h>

#include "baseline_scan.h"
#include "shim.h"
#include "world.h"

/* What a walk adds up. */
struct sum {
	uint64_t bytes;
	uint64_t cnt;
};

static int add_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	struct sum *sum = arg;

	(void)list;
	sum->bytes += ms->len;
	sum->cnt++;
	return 0;
}

static int add_run(
	const struct rte_memseg_list *list, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct sum *sum = arg;

	(void)list;
	(void)ms;
	sum->bytes += len;
	sum->cnt++;
	return 0;
}

static int add_list(const struct rte_memseg_list *list, void *arg)
{
	struct sum *sum = arg;

	sum->bytes += list->len;
	sum->cnt++;
	return 0;
}

static int rcumem_segments(struct sum *sum)
{
	return rte_memseg_walk(add_segment, sum);
}

static int scan_segments(struct sum *sum)
{
	return scan_walk(add_segment, sum);
}

static int rcumem_runs(struct sum *sum)
{
	return rte_memseg_contig_walk(add_run, sum);
}

static int scan_runs(struct sum *sum)
{
	return scan_contig_walk(add_run, sum);
}

static int rcumem_lists(struct sum *sum)
{
	return rte_memseg_list_walk(add_list, sum);
}

static int scan_lists(struct sum *sum)
{
	return scan_list_walk(add_list, sum);
}

struct walk {
	struct world_point point;
	int (*walk)(struct sum *sum);
	enum { BY_SEGMENT, BY_RUN, BY_LIST } by;
};

static const char *walk_setup(const void *arg)
{
	const struct walk *walk = arg;

	return world_set(&walk->point);
}

/* What one walk must add up; the lists' is what the other side counts. */
static struct sum expected(const struct walk *walk)
{
	struct sum sum = {.bytes = world.bytes, .cnt = world.segments};

	if (walk->by == BY_RUN)
		sum.cnt = 1;
	if (walk->by == BY_LIST) {
		sum = (struct sum){0};
		if (walk->walk == scan_lists)
			rcumem_lists(&sum);
		else
			scan_lists(&sum);
	}
	return sum;
}

static void walk_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct walk *walk = arg;
	struct sum right = expected(walk);

	for (uint64_t i = 0; i < iterations; i++) {
		struct sum sum = {0};

		if (walk->walk(&sum) || sum.bytes != right.bytes || sum.cnt != right.cnt) {
			bench_wrong(state, "a walk did not add up");
			break;
		}
	}
	bench_items(state, right.cnt);
}

static void add(const char *name, const struct walk *walk)
{
	static const struct bench bench = {.setup = walk_setup, .run = walk_run};

	for (unsigned int threads = 1; threads <= 2; threads++)
		bench_add(&bench, walk, sizeof(*walk), threads, "%s/%s/segments:%u", name,
			world_page_name(walk->point.page_sz), walk->point.segments);
}

static void add_point(size_t page_sz, unsigned int segments)
{
	struct world_point point = {
		.page_sz = page_sz, .segments = segments, .pattern = WORLD_SEQUENTIAL};

	add("walk/rcumem", &(struct walk){point, rcumem_segments, BY_SEGMENT});
	add("walk/scan", &(struct walk){point, scan_segments, BY_SEGMENT});
	add("contig_walk/rcumem", &(struct walk){point, rcumem_runs, BY_RUN});
	add("contig_walk/scan", &(struct walk){point, scan_runs, BY_RUN});
	add("list_walk/rcumem", &(struct walk){point, rcumem_lists, BY_LIST});
	add("list_walk/scan", &(struct walk){point, scan_lists, BY_LIST});
}

void bench_walk_add(void)
{
	static const unsigned int small[] = {32, 256, 2048, 16384, 65536};

	for (unsigned int i = 0; i < sizeof(small) / sizeof(small[0]); i++)
		add_point(4096, small[i]);
	add_point(2u << 20, 32);
	add_point(2u << 20, 256);
}
