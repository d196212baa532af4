/* SPDX-License-Identifier: BSD-3-Clause */
/* Walks that go wrong: see violations.h. */

#include <rte_memory.h>

#include "violations.h"

struct each {
	rte_memseg_walk_t segment;
	rte_memseg_contig_walk_t run;
	rte_memseg_list_walk_t list;
	void *arg;
	unsigned int cnt;
	struct {
		const struct rte_memseg_list *msl;
		const struct rte_memseg *ms;
	} kept[1 << 16];
};

static int segment_but_one(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct each *each = arg;

	each->cnt += msl->external;
	return msl->external && each->cnt == 3 ? 0 : each->segment(msl, ms, each->arg);
}

static int segment_keep(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct each *each = arg;

	each->kept[each->cnt].msl = msl;
	each->kept[each->cnt++].ms = ms;
	return 0;
}

WRAP(int, rte_memseg_walk, rte_memseg_walk_t func, void *arg)
{
	static struct each each;
	int ret = 0;

	each.segment = func;
	each.arg = arg;
	each.cnt = 0;
	if (violation == WALK_SKIP)
		return __real_rte_memseg_walk(segment_but_one, &each);
	if (violation != WALK_REVERSED) {
		ret = __real_rte_memseg_walk(func, arg);
		return violation == WALK_RESULT && ret < 0 ? -1 : ret;
	}
	__real_rte_memseg_walk(segment_keep, &each);
	while (ret == 0 && each.cnt--)
		ret = func(each.kept[each.cnt].msl, each.kept[each.cnt].ms, arg);
	return ret;
}

static int run_short(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct each *each = arg;

	return each->run(msl, ms, len > ms->len ? len - ms->len : len, each->arg);
}

WRAP(int, rte_memseg_contig_walk, rte_memseg_contig_walk_t func, void *arg)
{
	static struct each each;

	each.run = func;
	each.arg = arg;
	return violation == CONTIG_SPLIT ? __real_rte_memseg_contig_walk(run_short, &each)
					 : __real_rte_memseg_contig_walk(func, arg);
}

static int list_twice(const struct rte_memseg_list *msl, void *arg)
{
	struct each *each = arg;
	int ret = each->list(msl, each->arg);

	return ret ? ret : each->list(msl, each->arg);
}

WRAP(int, rte_memseg_list_walk, rte_memseg_list_walk_t func, void *arg)
{
	static struct each each;

	each.list = func;
	each.arg = arg;
	return violation == LISTS_TWICE ? __real_rte_memseg_list_walk(list_twice, &each)
					: __real_rte_memseg_list_walk(func, arg);
}

static int run_on(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct each *each = arg;
	int ret = each->run(msl, ms, len, each->arg);

	each->cnt = each->cnt ? each->cnt : (unsigned int)ret;
	return 0;
}

WRAP(int, rte_memseg_contig_walk_thread_unsafe, rte_memseg_contig_walk_t func, void *arg)
{
	static struct each each;

	if (violation != UNSAFE_STOP)
		return __real_rte_memseg_contig_walk_thread_unsafe(func, arg);
	each.run = func;
	each.arg = arg;
	each.cnt = 0;
	__real_rte_memseg_contig_walk_thread_unsafe(run_on, &each);
	return (int)each.cnt;
}
