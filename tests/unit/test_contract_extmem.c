/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.4: external memory, its errors and its limits.  The pages are
 * never touched, so address space without memory serves.
 */

#include "runtime.h"
#include "support_call.h"
#include "support_walk.h"

static struct visits seen;

/* rows X1 */
static void bad_arguments_of_register_are_invalid(void **state)
{
	rte_iova_t table[4] = {0x1000, 0x2000, 0x3000, 0x4000};
	char *va = ext_reserve(4);

	(void)state;
	assert_fails(rte_extmem_register(NULL, EXT_PAGE, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 0, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, EXT_PAGE, NULL, 0, 0), EINVAL);
	assert_fails(rte_extmem_register(va, 3 * EXT_PAGE, NULL, 0, 3 * EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, EXT_PAGE + 1, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, EXT_PAGE / 2, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va + 8, EXT_PAGE, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 4 * EXT_PAGE, table, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 4 * EXT_PAGE, table, 3, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 4 * EXT_PAGE, table, 5, EXT_PAGE), EINVAL);
	assert_int_equal(segs_now(), 0);
	ext_release(va, 4);
}

/* External memory may be on a node of the machine; else its socket is a number of its own. */
static void external_memory_is_on_the_node_that_it_is_said_to_be_on(void **state)
{
	char *va = ext_reserve(4);
	const struct rte_memseg_list *msl;

	(void)state;
	assert_fails(rcumem_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE, 31), EINVAL);
	assert_fails(rcumem_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE, 256), EINVAL);
	assert_fails(rcumem_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE, -2), EINVAL);
	assert_int_equal(segs_now(), 0);
	assert_int_equal(rcumem_extmem_register(va, EXT_PAGE, NULL, 0, EXT_PAGE, 0), 0);
	assert_int_equal(rcumem_extmem_register(va + EXT_PAGE, EXT_PAGE, NULL, 0, EXT_PAGE, 0), 0);
	assert_int_equal(rcumem_extmem_register(
				 va + 2 * EXT_PAGE, EXT_PAGE, NULL, 0, EXT_PAGE, SOCKET_ID_ANY),
		0);
	for (int i = 0; i < 3; i++) {
		msl = rte_mem_virt2memseg_list(va + i * EXT_PAGE);
		assert_int_equal(msl->socket_id, i < 2 ? 0 : 256);
		assert_int_equal(
			rte_mem_virt2memseg(va + i * EXT_PAGE, msl)->socket_id, msl->socket_id);
	}
	for (int i = 0; i < 3; i++)
		assert_int_equal(rte_extmem_unregister(va + i * EXT_PAGE, EXT_PAGE), 0);
	ext_release(va, 4);
}

/* rows X2, X9 */
static void register_without_a_table_gives_bad_io_addresses(void **state)
{
	char *va = ext_reserve(3);

	(void)state;
	assert_int_equal(rte_extmem_register(va, 3 * EXT_PAGE, NULL, 77, EXT_PAGE), 0);
	visit_segs(&seen);
	assert_int_equal(seen.n, 3);
	for (unsigned int i = 0; i < seen.n; i++)
		assert_int_equal(seen.at[i].seg.iova, RTE_BAD_IOVA);
	assert_int_equal(ext_unregister(va, 3), 0);
	ext_release(va, 3);
}

/* rows X3, X4, X5: overlaps are accepted by DPDK, which then answers by slot order */
static void memory_that_is_there_already_is_refused(void **state)
{
	char *va = ext_reserve(8);
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);
	unsigned int before;

	(void)state;
	assert_int_equal(ext_register(va + 2 * EXT_PAGE, 4, 0x1000), 0);
	before = segs_now();
	assert_fails(ext_register(va + 2 * EXT_PAGE, 4, 0x9000), EEXIST);
	assert_fails(ext_register(va + 2 * EXT_PAGE, 2, 0x9000), EEXIST);
	assert_fails(ext_register(va + 2 * EXT_PAGE, 6, 0x9000), EEXIST);
	assert_fails(ext_register(va + 3 * EXT_PAGE, 1, 0x9000), EEXIST);
	assert_fails(ext_register(va, 3, 0x9000), EEXIST);
	assert_fails(ext_register(va, 8, 0x9000), EEXIST);
	assert_fails(ext_register(va + 5 * EXT_PAGE, 2, 0x9000), EEXIST);
	assert_fails(rte_extmem_register(msl->base_va, msl->len, NULL, 0, page_sz), EEXIST);
	assert_fails(ext_register(page, 1, 0x9000), EEXIST);
	assert_fails(ext_register((char *)msl->base_va + msl->len - EXT_PAGE, 1, 0x9000), EEXIST);
	assert_int_equal(segs_now(), before);
	assert_int_equal(ext_register(va, 2, 0x9000), 0);
	assert_int_equal(ext_register(va + 6 * EXT_PAGE, 2, 0x9000), 0);
	assert_int_equal(ext_unregister(va, 2), 0);
	assert_int_equal(ext_unregister(va + 2 * EXT_PAGE, 4), 0);
	assert_int_equal(ext_unregister(va + 6 * EXT_PAGE, 2), 0);
	ext_release(va, 8);
	pages_put(page, 1);
}

/* rows X6 */
static void lists_run_out_and_come_back(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(64);
	unsigned int internal, n = 0;

	(void)state;
	opts.max_lists = 16;
	runtime_start(&opts);
	visit_lists(&seen);
	internal = seen.n;
	while (n < 64 && ext_register(va + n * EXT_PAGE, 1, 0x1000 * n) == 0)
		n++;
	assert_int_equal(rte_errno, ENOSPC);
	assert_int_equal(n, 16 - internal);
	assert_int_equal(segs_now(), n);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_int_equal(ext_register(va + n * EXT_PAGE, 1, 0), 0);
	assert_fails(ext_register(va, 1, 0), ENOSPC);
	for (unsigned int i = 1; i <= n; i++)
		assert_int_equal(ext_unregister(va + i * EXT_PAGE, 1), 0);
	assert_int_equal(segs_now(), 0);
	runtime_stop();
	ext_release(va, 64);
}

/* Only for a list that readers may hold is it worth waiting. */
static void what_else_runs_out_is_no_space_though_a_list_is_dying(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(2);
	static struct holder holder;
	uint32_t next;

	(void)state;
	opts.free_timeout_ms = 50;
	runtime_start(&opts);
	assert_int_equal(ext_register(va, 1, 0), 0);
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	assert_int_equal(ext_unregister(va, 1), 0);
	next = runtime_region()->next_socket_id;
	runtime_region()->next_socket_id = (uint32_t)INT32_MAX + 1;
	assert_fails(ext_register(va + EXT_PAGE, 1, 0), ENOSPC);
	runtime_region()->next_socket_id = next;
	assert_int_equal(ext_register(va + EXT_PAGE, 1, 0), 0);
	holder_stop(&holder);
	assert_int_equal(ext_unregister(va + EXT_PAGE, 1), 0);
	runtime_stop();
	ext_release(va, 2);
}

static uint64_t nodes_now(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	assert_int_equal(rcumem_stats_get(&stats), 0);
	return stats.index_nodes;
}

/* Nodes stay for ever: what is refused takes none. */
static void refused_memory_takes_no_nodes_of_the_indexes(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(64);
	rte_iova_t iovas[64];
	uint64_t before;

	(void)state;
	opts.max_nodes = 32;
	runtime_start(&opts);
	before = nodes_now();
	for (unsigned int i = 0; i < 64; i++)
		iovas[i] = (i + 1ull) << 40;
	assert_fails(rte_extmem_register(va, 64 * EXT_PAGE, iovas, 64, EXT_PAGE), ENOSPC);
	assert_int_equal(nodes_now(), before);
	assert_int_equal(rte_extmem_register(va, 2 * EXT_PAGE, iovas, 2, EXT_PAGE), 0);
	assert_ptr_equal(rte_mem_iova2virt(2ull << 40), va + EXT_PAGE);
	assert_int_equal(ext_unregister(va, 2), 0);
	runtime_stop();
	ext_release(va, 64);
}

/* rows X8 */
static void more_pages_than_an_int_counts_are_invalid(void **state)
{
	char *va = (char *)(1ull << 44);

	(void)state;
	assert_fails(rte_extmem_register(va, 1ull << 43, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 1ull << 44, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register(va, 1ull << 45, NULL, 0, 1), EINVAL);
	assert_int_equal(segs_now(), 0);
}

static void more_pages_than_segments_can_be_kept_of_is_no_memory(void **state)
{
	char *va = (char *)(1ull << 44);

	(void)state;
	/* 2^30 segments of 48 bytes. */
	assert_fails(rte_extmem_register(va, 1ull << 42, NULL, 0, EXT_PAGE), ENOMEM);
	assert_int_equal(segs_now(), 0);
	assert_null(rte_mem_virt2memseg_list(va));
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
}

/* rows X9 */
static void memory_need_not_be_there_and_pages_have_any_size(void **state)
{
	char *far = (char *)(1ull << 45);
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(rte_extmem_register(far, 2 * GIB, NULL, 0, GIB), 0);
	assert_int_equal(rte_mem_virt2memseg(far + GIB, NULL)->len, GIB);
	assert_int_equal(rte_extmem_register(va + 3, 100, NULL, 0, 1), 0);
	assert_int_equal(rte_mem_virt2memseg_list(va + 3)->memseg_arr.count, 100);
	assert_ptr_equal(rte_mem_virt2memseg(va + 50, NULL)->addr, va + 50);
	assert_int_equal(rte_extmem_unregister(va + 3, 100), 0);
	assert_int_equal(rte_extmem_unregister(far, 2 * GIB), 0);
	ext_release(va, 1);
}

/* rows X9, L4: accepted by DPDK, and never found */
static void memory_that_wraps_is_invalid(void **state)
{
	(void)state;
	assert_fails(
		rte_extmem_register((void *)-EXT_PAGE, 2 * EXT_PAGE, NULL, 0, EXT_PAGE), EINVAL);
	assert_fails(rte_extmem_register((void *)EXT_PAGE, -EXT_PAGE, NULL, 0, EXT_PAGE), EINVAL);
}

static int (*const by_range[])(void *va, size_t len) = {
	rte_extmem_unregister, rte_extmem_attach, rte_extmem_detach};

/* rows X10 */
static void nothing_to_unregister_attach_or_detach_is_invalid(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	for (size_t i = 0; i < ARRAY_LEN(by_range); i++) {
		assert_fails(by_range[i](NULL, EXT_PAGE), EINVAL);
		assert_fails(by_range[i](va, 0), EINVAL);
	}
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
}

/* rows X11, R5 */
static void only_the_exact_range_is_found(void **state)
{
	char *va = ext_reserve(6);

	(void)state;
	assert_int_equal(ext_register(va + EXT_PAGE, 4, 0x1000), 0);
	for (size_t i = 0; i < ARRAY_LEN(by_range); i++) {
		assert_fails(by_range[i](va + EXT_PAGE, 2 * EXT_PAGE), ENOENT);
		assert_fails(by_range[i](va + EXT_PAGE, 5 * EXT_PAGE), ENOENT);
		assert_fails(by_range[i](va + 2 * EXT_PAGE, 3 * EXT_PAGE), ENOENT);
		assert_fails(by_range[i](va, 5 * EXT_PAGE), ENOENT);
		assert_fails(by_range[i](va + EXT_PAGE, 4 * EXT_PAGE - 1), ENOENT);
		assert_fails(by_range[i](va + 5 * EXT_PAGE, EXT_PAGE), ENOENT);
	}
	assert_int_equal(segs_now(), 4);
	assert_int_equal(ext_unregister(va + EXT_PAGE, 4), 0);
	ext_release(va, 6);
}

/* rows X14 */
static void second_unregister_finds_nothing(void **state)
{
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	assert_fails(ext_unregister(va, 1), ENOENT);
	ext_release(va, 1);
}

/* rows X18: DPDK destroys the list */
static void internal_list_is_not_external_memory(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(page);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(by_range); i++)
		assert_fails(by_range[i](msl->base_va, msl->len), ENOENT);
	assert_ptr_equal(rte_mem_virt2memseg_list(page), msl);
	memset(page, 1, page_sz);
	pages_put(page, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(bad_arguments_of_register_are_invalid),
		CASE(external_memory_is_on_the_node_that_it_is_said_to_be_on),
		CASE(register_without_a_table_gives_bad_io_addresses),
		CASE(memory_that_is_there_already_is_refused),
		BARE_CASE(lists_run_out_and_come_back),
		BARE_CASE(refused_memory_takes_no_nodes_of_the_indexes),
		BARE_CASE(what_else_runs_out_is_no_space_though_a_list_is_dying),
		CASE(more_pages_than_an_int_counts_are_invalid),
		CASE(more_pages_than_segments_can_be_kept_of_is_no_memory),
		CASE(memory_need_not_be_there_and_pages_have_any_size),
		CASE(memory_that_wraps_is_invalid),
		CASE(nothing_to_unregister_attach_or_detach_is_invalid),
		CASE(only_the_exact_range_is_found),
		CASE(second_unregister_finds_nothing),
		CASE(internal_list_is_not_external_memory),
	};

	return RUN_CASES("contract: external memory", cases);
}
