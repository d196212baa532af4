/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.5: totals, the dump, and the memory's topology.
 */

#include <inttypes.h>

#include "support_walk.h"

static struct visits seen;

/* rows T1 */
static void physmem_is_the_sum_of_the_pages_in_use(void **state)
{
	char *pages, *small;

	(void)state;
	assert_int_equal(rte_eal_get_physmem_size(), 0);
	pages = pages_get(3);
	assert_int_equal(rte_eal_get_physmem_size(), 3 * page_sz);
	small = rcumem_pages_alloc(RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	assert_non_null(small);
	assert_int_equal(rte_eal_get_physmem_size(), 3 * page_sz + RTE_PGSIZE_4K);
	pages_put(pages + page_sz, 1);
	assert_int_equal(rte_eal_get_physmem_size(), 2 * page_sz + RTE_PGSIZE_4K);
	pages_put(pages, 1);
	pages_put(pages + 2 * page_sz, 1);
	assert_int_equal(rcumem_pages_free(small, RTE_PGSIZE_4K), 0);
	assert_int_equal(rte_eal_get_physmem_size(), 0);
}

/* rows T1, R6 */
static void physmem_leaves_external_memory_out(void **state)
{
	char *va = ext_reserve(4);

	(void)state;
	assert_int_equal(ext_register(va, 4, 0x1000), 0);
	assert_int_equal(rte_eal_get_physmem_size(), 0);
	assert_int_equal(ext_unregister(va, 4), 0);
	ext_release(va, 4);
}

static uint64_t size_in_event[2];
static char *dump_in_event;

static char *dump(void)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);

	if (!f)
		return NULL;
	rte_dump_physmem_layout(f);
	fclose(f);
	return text;
}

static void ask_totals(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)addr;
	(void)len;
	(void)arg;
	size_in_event[event] = rte_eal_get_physmem_size();
	free(dump_in_event);
	dump_in_event = dump();
}

/* rows T1, T2, H3, H4: a deadlock in DPDK */
static void totals_count_the_changing_pages_inside_callbacks(void **state)
{
	char *pages;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("totals", ask_totals, NULL), 0);
	pages = pages_get(2);
	assert_int_equal(size_in_event[RTE_MEM_EVENT_ALLOC], 2 * page_sz);
	pages_put(pages, 2);
	assert_int_equal(size_in_event[RTE_MEM_EVENT_FREE], 2 * page_sz);
	assert_non_null(strstr(dump_in_event, "Segment "));
	free(dump_in_event);
	dump_in_event = NULL;
	assert_int_equal(rte_mem_event_callback_unregister("totals", NULL), 0);
}

/* One line of the dump, built from what a walk shows. */
static void expected_line(char *line, size_t size, const struct visit *visit, unsigned int list)
{
	const struct rte_memseg *ms = &visit->seg;
	int fd = visit->msl->external ? -1 : rte_memseg_get_fd(visit->ms);

	snprintf(line, size,
		"Segment %u-%d: IOVA:0x%" PRIx64 ", len:%zu, virt:%p, socket_id:%" PRId32
		", hugepage_sz:%" PRIu64 ", nchannel:%" PRIx32 ", nrank:%" PRIx32 " fd:%d\n",
		list,
		rte_fbarray_find_idx(
			(struct rte_fbarray *)(uintptr_t)&visit->msl->memseg_arr, visit->ms),
		ms->iova, ms->len, ms->addr, ms->socket_id, ms->hugepage_sz, ms->nchannel,
		ms->nrank, fd);
}

/* The index of a list among all lists that a list walk shows. */
static unsigned int list_index(const struct rte_memseg_list *msl)
{
	static struct visits lists;
	unsigned int i = 0;

	visit_lists(&lists);
	while (i < lists.n && lists.at[i].msl != msl)
		i++;
	return i;
}

/* rows T2, T3 */
static void dump_prints_every_used_segment_in_walk_order(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(2);
	char *pages, *text, *at, line[512];

	(void)state;
	opts.nchannel = 10;
	opts.nrank = 12;
	runtime_start(&opts);
	pages = pages_get(3);
	pages_put(pages + page_sz, 1);
	assert_int_equal(ext_register(va, 2, 0xabc000), 0);
	text = dump();
	at = text;
	visit_segs(&seen);
	assert_int_equal(seen.n, 4);
	for (unsigned int i = 0; i < seen.n; i++) {
		expected_line(line, sizeof(line), &seen.at[i], list_index(seen.at[i].msl));
		assert_memory_equal(at, line, strlen(line));
		at += strlen(line);
	}
	assert_non_null(strstr(text, "nchannel:a, nrank:c fd:"));
	free(text);
	assert_int_equal(ext_unregister(va, 2), 0);
	runtime_stop();
	ext_release(va, 2);
}

/* rows T3: DPDK prints an errno or a wrong 0 */
static void dump_shows_external_segments_without_a_descriptor(void **state)
{
	char *va = ext_reserve(1);
	char *text;

	(void)state;
	assert_int_equal(rte_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE), 0);
	text = dump();
	assert_non_null(strstr(text, "IOVA:0xffffffffffffffff, len:4096, "));
	assert_non_null(strstr(text, " fd:-1\n"));
	free(text);
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
}

/* rows T2, N3, N4 */
static void dump_to_nowhere_or_without_a_runtime_prints_nothing(void **state)
{
	struct rcumem_options opts = test_options();
	char *text = dump();

	(void)state;
	assert_string_equal(text, "");
	free(text);
	rte_dump_physmem_layout(NULL);
	runtime_start(&opts);
	pages_get(1);
	rte_errno = 0;
	rte_dump_physmem_layout(NULL);
	assert_int_equal(rte_errno, EINVAL);
	runtime_stop();
	text = dump();
	assert_string_equal(text, "");
	free(text);
}

/* rows T4, S9 */
static void channels_and_ranks_are_told_and_are_in_every_segment(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.nchannel = 4;
	opts.nrank = 16;
	for (int i = 0; i < RCUMEM_MAX_SOCKETS; i++)
		opts.socket_mem[i] = i == 0 ? page_sz : 0;
	runtime_start(&opts);
	assert_int_equal(rte_memory_get_nchannel(), 4);
	assert_int_equal(rte_memory_get_nrank(), 16);
	pages_get(2);
	visit_segs(&seen);
	assert_int_equal(seen.n, 3);
	for (unsigned int i = 0; i < seen.n; i++) {
		assert_int_equal(seen.at[i].seg.nchannel, 4);
		assert_int_equal(seen.at[i].seg.nrank, 16);
	}
	runtime_stop();
	assert_int_equal(rte_memory_get_nchannel(), 0);
	assert_int_equal(rte_memory_get_nrank(), 0);
}

/* rows T4 */
static void channels_and_ranks_are_zero_when_not_given(void **state)
{
	char *page = pages_get(1);

	(void)state;
	assert_int_equal(rte_memory_get_nchannel(), 0);
	assert_int_equal(rte_memory_get_nrank(), 0);
	assert_int_equal(rte_mem_virt2memseg(page, NULL)->nchannel, 0);
	assert_int_equal(rte_mem_virt2memseg(page, NULL)->nrank, 0);
	pages_put(page, 1);
}

/* rows T1, T4, N4 */
static void totals_without_a_runtime_are_zero(void **state)
{
	(void)state;
	assert_int_equal(rte_eal_get_physmem_size(), 0);
	assert_int_equal(rte_memory_get_nchannel(), 0);
	assert_int_equal(rte_memory_get_nrank(), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(physmem_is_the_sum_of_the_pages_in_use),
		CASE(physmem_leaves_external_memory_out),
		CASE(totals_count_the_changing_pages_inside_callbacks),
		BARE_CASE(dump_prints_every_used_segment_in_walk_order),
		CASE(dump_shows_external_segments_without_a_descriptor),
		BARE_CASE(dump_to_nowhere_or_without_a_runtime_prints_nothing),
		BARE_CASE(channels_and_ranks_are_told_and_are_in_every_segment),
		CASE(channels_and_ranks_are_zero_when_not_given),
		BARE_CASE(totals_without_a_runtime_are_zero),
	};

	return RUN_CASES("contract: totals", cases);
}
