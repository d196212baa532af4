/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Walks of a runtime for `rcumem dump`: runs of pages, numbers of lists.
 */

#include <limits.h>

#include <rte_eal.h>
#include <rte_fbarray.h>

#include "dump.h"

struct list_search {
	const struct rte_memseg_list *list;
	unsigned int no;
};

static int count_until(const struct rte_memseg_list *msl, void *arg)
{
	struct list_search *search = arg;

	if (msl == search->list)
		return 1;
	search->no++;
	return 0;
}

unsigned int dump_list_no(const struct rte_memseg_list *list)
{
	struct list_search search = {.list = list};

	return rte_memseg_list_walk(count_until, &search) == 1 ? search.no : UINT_MAX;
}

const char *dump_iova_mode(void)
{
	switch (rte_eal_iova_mode()) {
	case RTE_IOVA_PA:
		return "pa";
	case RTE_IOVA_VA:
		return "va";
	default:
		return "-";
	}
}

struct run_walk {
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
	return run->page_cnt && run->list == msl && run->first_page + run->page_cnt == page &&
	       ms->iova == next && ms->flags == run->seg.flags &&
	       ms->socket_id == run->seg.socket_id;
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
	int page = rte_fbarray_find_idx(&msl->memseg_arr, ms);
	int ret;

	if (!walk->each_page && continues(&walk->run, msl, (unsigned int)page, ms)) {
		walk->run.page_cnt++;
		return 0;
	}
	ret = finish_run(walk);
	walk->run = (struct dump_run){
		.list = msl,
		.list_no = msl == walk->run.list ? walk->run.list_no : dump_list_no(msl),
		.first_page = (unsigned int)page,
		.page_cnt = 1,
		.seg = *ms,
	};
	return ret;
}

int dump_walk(bool each_page, dump_run_t fn, void *arg)
{
	struct run_walk walk = {.each_page = each_page, .fn = fn, .arg = arg};
	int ret = rte_memseg_walk(add_page, &walk);

	return ret ? ret : finish_run(&walk);
}
