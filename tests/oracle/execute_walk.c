/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks: which segments, runs and lists are visited, in which order, and how a walk ends. */

#include <rte_eal_memconfig.h>

#include "execute.h"

/* What a callback does beside looking: nothing, or a call of its own. */
enum inner { INNER_NONE, INNER_SEGMENT, INNER_LIST, INNER_WALK };

struct visits {
	uint64_t stop; /* End at this visit, 0 never. */
	int value;     /* What the callback returns then. */
	enum inner inner;
	uint64_t seen;
	uint32_t cnt;
};

static int count_lists(const struct rte_memseg_list *msl, void *arg)
{
	*(uint64_t *)arg += msl->external;
	return 0;
}

/* In DPDK nothing is found in a list that ends at 2^64: row L4, which is compared elsewhere. */
static bool at_top(const struct rte_memseg_list *msl)
{
	return msl->addr_64 + msl->len == 0;
}

static void inner_call(
	struct visits *visits, const struct rte_memseg_list *msl, const struct rte_memseg *ms)
{
	uint64_t lists = 0;

	if (visits->inner == INNER_SEGMENT && ms && !at_top(msl))
		visits->seen = digest(visits->seen, rte_mem_virt2memseg(ms->addr, msl) == ms);
	else if (visits->inner == INNER_LIST && !at_top(msl))
		visits->seen = digest(visits->seen, rte_mem_virt2memseg_list(msl->base_va) == msl);
	else if (visits->inner == INNER_WALK && visits->cnt == 1) {
		rte_memseg_list_walk_thread_unsafe(count_lists, &lists);
		visits->seen = digest(visits->seen, lists);
	}
}

/* Only external lists are the same in both libraries. */
static int visit(struct visits *visits, const struct rte_memseg_list *msl,
	const struct rte_memseg *ms, uint64_t len)
{
	if (!msl->external)
		return 0;
	visits->cnt++;
	visits->seen = digest(visits->seen, len);
	visits->seen = ms ? digest_segment(digest(visits->seen, msl->addr_64), ms)
			  : digest_text(digest_list(visits->seen, msl), msl->memseg_arr.name);
	inner_call(visits, msl, ms);
	return visits->cnt == visits->stop ? visits->value : 0;
}

static int each_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	return visit(arg, msl, ms, 0);
}

static int each_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	return visit(arg, msl, ms, len);
}

static int each_list(const struct rte_memseg_list *msl, void *arg)
{
	return visit(arg, msl, NULL, 0);
}

static int call_unsafe(enum function fn, struct visits *visits)
{
	int ret;

	rte_mcfg_mem_read_lock();
	if (fn == FN_rte_memseg_walk_thread_unsafe)
		ret = rte_memseg_walk_thread_unsafe(each_segment, visits);
	else if (fn == FN_rte_memseg_contig_walk_thread_unsafe)
		ret = rte_memseg_contig_walk_thread_unsafe(each_run, visits);
	else
		ret = rte_memseg_list_walk_thread_unsafe(each_list, visits);
	rte_mcfg_mem_read_unlock();
	return ret;
}

void execute_walk(const struct op *op, struct record *rec)
{
	struct visits visits = {
		.stop = op->arg[0], .value = (int)op->arg[1], .inner = (enum inner)op->arg[2]};

	if (op->fn == FN_rte_memseg_walk)
		rec->ret = rte_memseg_walk(each_segment, &visits);
	else if (op->fn == FN_rte_memseg_contig_walk)
		rec->ret = rte_memseg_contig_walk(each_run, &visits);
	else if (op->fn == FN_rte_memseg_list_walk)
		rec->ret = rte_memseg_list_walk(each_list, &visits);
	else
		rec->ret = call_unsafe((enum function)op->fn, &visits);
	rec->row = rec->ret ? ROW_W3 : ROW_W1;
	rec->seen = visits.seen;
	rec->cnt = visits.cnt;
}
