/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 2.2: what an event callback may see of the range it is told of.
 */

#include "support_walk.h"

/* What a callback saw of the range that it was told of; bits for what was right. */
static struct {
	unsigned int good;
	uint32_t version;
} saw[2];

static void look(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	unsigned int good = 0;

	(void)arg;
	for (size_t off = 0; off < len; off += page_sz) {
		char *page = (char *)(uintptr_t)addr + off;
		struct rte_memseg *ms = rte_mem_virt2memseg(page, msl);
		int idx = rte_fbarray_find_idx(&msl->memseg_arr, ms);
		size_t fd_off = 0;

		good += ms->addr == page && ms->len == page_sz && ms->iova == (uintptr_t)page;
		good += rte_fbarray_is_used((struct rte_fbarray *)(uintptr_t)&msl->memseg_arr,
				(unsigned int)idx) == 1;
		good += rte_memseg_get_fd(ms) >= 0;
		good += rte_memseg_get_fd_offset(ms, &fd_off) == 0;
		good += rte_mem_iova2virt(ms->iova + 1) == page + 1;
		good += page[0] == (event == RTE_MEM_EVENT_ALLOC ? 0 : 'x');
	}
	good += segs_now() == len / page_sz;
	saw[event].good = good;
	saw[event].version = msl->version;
}

/* rows H3, H4 */
static void range_is_complete_and_visible_in_both_events(void **state)
{
	struct rte_memseg_list *msl;
	char *pages;

	(void)state;
	memset(saw, 0, sizeof(saw));
	assert_int_equal(rte_mem_event_callback_register("look", look, NULL), 0);
	pages = pages_get(3);
	msl = rte_mem_virt2memseg_list(pages);
	for (int i = 0; i < 3; i++)
		pages[i * page_sz] = 'x';
	assert_int_equal(saw[RTE_MEM_EVENT_ALLOC].good, 3 * 6 + 1);
	assert_int_equal(saw[RTE_MEM_EVENT_ALLOC].version, 1);
	pages_put(pages, 3);
	assert_int_equal(saw[RTE_MEM_EVENT_FREE].good, 3 * 6 + 1);
	assert_int_equal(saw[RTE_MEM_EVENT_FREE].version, 1);
	assert_int_equal(msl->version, 4);
	assert_int_equal(rte_mem_event_callback_unregister("look", NULL), 0);
}

static struct visits seen;
static unsigned int runs_in_event;
static size_t len_in_event[2];

static void look_at_runs(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)addr;
	(void)len;
	(void)arg;
	memset(&seen, 0, sizeof(seen));
	rte_memseg_contig_walk(record_run, &seen);
	runs_in_event = seen.n;
	len_in_event[event] = seen.at[0].len;
}

/* rows W9, W10, C6 */
static void changing_range_is_part_of_a_run_inside_events(void **state)
{
	char *first = pages_get(1);
	char *more;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("runs", look_at_runs, NULL), 0);
	more = pages_get(2);
	assert_ptr_equal(more, first + page_sz);
	assert_int_equal(runs_in_event, 1);
	assert_int_equal(len_in_event[RTE_MEM_EVENT_ALLOC], 3 * page_sz);
	pages_put(more, 2);
	assert_int_equal(runs_in_event, 1);
	assert_int_equal(len_in_event[RTE_MEM_EVENT_FREE], 3 * page_sz);
	assert_int_equal(rte_mem_event_callback_unregister("runs", NULL), 0);
	pages_put(first, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(range_is_complete_and_visible_in_both_events),
		CASE(changing_range_is_part_of_a_run_inside_events),
	};

	return RUN_CASES("contract: view of events", cases);
}
