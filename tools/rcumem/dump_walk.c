/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks of a runtime for `rcumem dump`: runs of pages, numbers of lists.
 */

#include <limits.h>

#include <rte_eal.h>

#include "dump.h"
#include "tool.h"

struct list_search {
	uint64_t list_va;
	unsigned int no;
};

static int count_until(const struct rte_memseg_list *msl, void *arg)
{
	struct list_search *search = arg;

	if (msl->addr_64 == search->list_va)
		return 1;
	search->no++;
	return 0;
}

int dump_list_walk(const struct rcumem_observer *observer, rte_memseg_list_walk_t fn, void *arg)
{
	return observer ? rcumem_observer_list_walk(observer, fn, arg)
			: rte_memseg_list_walk(fn, arg);
}

unsigned int dump_list_no(const struct rcumem_observer *observer, uint64_t list_va)
{
	struct list_search search = {.list_va = list_va};

	return dump_list_walk(observer, count_until, &search) == 1 ? search.no : UINT_MAX;
}

static const char *mode_name(int mode)
{
	return mode == RTE_IOVA_PA ? "pa" : mode == RTE_IOVA_VA ? "va" : "-";
}

int dump_head_read(const struct rcumem_observer *observer, struct dump_head *head)
{
	struct rcumem_observer_info info = {.sz = sizeof(info)};

	*head = (struct dump_head){.stats = {.sz = sizeof(head->stats)}};
	if (observer ? rcumem_observer_stats_get(observer, &head->stats) ||
				rcumem_observer_info_get(observer, &info)
		     : rcumem_stats_get(&head->stats))
		return tool_api_error("cannot read the statistics");
	head->bytes = observer ? head->stats.bytes : rte_eal_get_physmem_size();
	head->iova_mode =
		observer ? mode_name(info.iova_mode) : mode_name((int)rte_eal_iova_mode());
	head->nchannel = observer ? info.nchannel : rte_memory_get_nchannel();
	head->nrank = observer ? info.nrank : rte_memory_get_nrank();
	return TOOL_OK;
}

struct run_walk {
	const struct rcumem_observer *observer;
	bool each_page;
	dump_run_t fn;
	void *arg;
	struct dump_run run; /* Being built; page_cnt 0: none. */
};

/* Page `page` goes on where the run ends. */
static bool continues(const struct dump_run *run, const struct rte_memseg_list *msl,
	unsigned int page, const struct rte_memseg *ms)
{
	rte_iova_t next = run->seg.iova;

	if (next != RTE_BAD_IOVA)
		next += run->page_cnt * run->seg.len;
	return run->page_cnt && run->list_va == msl->addr_64 &&
	       run->first_page + run->page_cnt == page && ms->iova == next &&
	       ms->flags == run->seg.flags && ms->socket_id == run->seg.socket_id;
}

static int finish_run(struct run_walk *walk)
{
	if (!walk->run.page_cnt)
		return 0;
	return walk->fn(&walk->run, walk->arg);
}

static int add_page(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct run_walk *walk = arg;
	unsigned int page = (unsigned int)((ms->addr_64 - msl->addr_64) / msl->page_sz);
	uint64_t before = walk->run.list_va;
	int ret;

	if (!walk->each_page && continues(&walk->run, msl, page, ms)) {
		walk->run.page_cnt++;
		return 0;
	}
	ret = finish_run(walk);
	walk->run = (struct dump_run){
		.list_va = msl->addr_64,
		.list_no = msl->addr_64 == before ? walk->run.list_no
						  : dump_list_no(walk->observer, msl->addr_64),
		.first_page = page,
		.page_cnt = 1,
		.seg = *ms,
	};
	return ret;
}

int dump_walk(const struct rcumem_observer *observer, bool each_page, dump_run_t fn, void *arg)
{
	struct run_walk walk = {.observer = observer, .each_page = each_page, .fn = fn, .arg = arg};
	int ret = observer ? rcumem_observer_walk(observer, add_page, &walk)
			   : rte_memseg_walk(add_page, &walk);

	return ret ? ret : finish_run(&walk);
}
