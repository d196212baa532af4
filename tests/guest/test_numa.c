/* SPDX-License-Identifier: BSD-3-Clause */

/* Where pages land: each of them is asked for, of the kernel, on every node. */

#include "support_numa.h"

/* Pages of a case: some by one thread, and with 4 KiB and 2 MiB enough that several clear them. */
static size_t pages_few(void)
{
	return page_sz == RTE_PGSIZE_1G ? 1 : 3;
}

static size_t pages_many(void)
{
	return page_sz == RTE_PGSIZE_1G ? 1 : 16 * MIB / page_sz;
}

static char *strict_pages(size_t n, int node)
{
	return rcumem_pages_alloc(n * page_sz, page_sz, node, RCUMEM_ALLOC_STRICT_SOCKET);
}

static void guest_has_the_nodes_that_were_asked_for(void **state)
{
	char memory[128], cpus[128];

	(void)state;
	nodes_print(&mem_nodes, memory);
	nodes_print(&cpu_nodes, cpus);
	assert_non_null(getenv("NUMA_MEMORY"));
	assert_non_null(getenv("NUMA_CPUS"));
	assert_string_equal(memory, getenv("NUMA_MEMORY"));
	assert_string_equal(cpus, getenv("NUMA_CPUS"));
}

static void every_node_has_a_list_of_each_size(void **state)
{
	struct rcumem_features features = {.sz = sizeof(features)};
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	int nodes = 0;

	(void)state;
	for (int node = 0; node < NODES_MAX; node++)
		nodes += node_in(&mem_nodes, node) || node_in(&cpu_nodes, node);
	assert_int_equal(rcumem_features_get(&features), 0);
	assert_int_equal(features.numa_nodes, nodes);
	assert_int_equal(rcumem_stats_get(&stats), 0);
	assert_int_equal(stats.lists, nodes * (page_sz == RTE_PGSIZE_4K ? 1 : 2));
}

static void pages_are_on_the_socket_that_was_named(void **state)
{
	size_t sizes[] = {pages_few(), 1, pages_many()};
	size_t n_sizes = page_sz == RTE_PGSIZE_1G ? 1 : ARRAY_LEN(sizes);

	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		for (size_t s = 0; s < n_sizes; s++) {
			int node = mem_nodes.at[i];
			char *pages = strict_pages(sizes[s], node);

			if (!pages)
				fail_msg(
					"%zu pages on %d: %s", sizes[s], node, strerror(rte_errno));
			assert_pages_of(pages, sizes[s], node);
			pages_put(pages, sizes[s]);
		}
	}
}

static void they_are_there_whoever_allocates_them(void **state)
{
	(void)state;
	for (int c = 0; c < cpu_nodes.n; c++) {
		run_on(cpu_nodes.at[c]);
		for (int i = 0; i < mem_nodes.n; i++) {
			char *pages = strict_pages(pages_few(), mem_nodes.at[i]);

			assert_non_null(pages);
			assert_pages_of(pages, pages_few(), mem_nodes.at[i]);
			pages_put(pages, pages_few());
		}
	}
}

static void pages_of_a_node_come_from_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		long before[NODES_MAX];
		char *pages;

		for (int j = 0; j < mem_nodes.n; j++)
			before[j] = node_free(mem_nodes.at[j]);
		pages = strict_pages(pages_few(), mem_nodes.at[i]);
		assert_non_null(pages);
		for (int j = 0; j < mem_nodes.n; j++)
			assert_int_equal(node_free(mem_nodes.at[j]),
				before[j] - (i == j ? (long)pages_few() : 0));
		pages_put(pages, pages_few());
		for (int j = 0; j < mem_nodes.n; j++)
			assert_int_equal(node_free(mem_nodes.at[j]), before[j]);
	}
}

static void any_socket_is_that_of_the_caller_or_else_the_nearest(void **state)
{
	(void)state;
	for (int c = 0; c < cpu_nodes.n; c++) {
		int node = node_nearest(cpu_nodes.at[c], 0);
		char *pages;

		run_on(cpu_nodes.at[c]);
		pages = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
		if (!pages)
			fail_msg("from node %d: %s", cpu_nodes.at[c], strerror(rte_errno));
		assert_pages_of(pages, 1, node);
		pages_put(pages, 1);
	}
}

/* Where nodes are taken one after the other, the next is the nearest of those that are left. */
static void full_nodes_are_followed_by_the_next_nearest(void **state)
{
	(void)state;
	for (int c = 0; c < cpu_nodes.n; c++) {
		struct rcumem_options opts = node_options();
		char *pages[NODES_MAX];
		unsigned int full = 0;

		for (int i = 0; i < mem_nodes.n; i++)
			opts.socket_limit[mem_nodes.at[i]] = page_sz;
		runtime_stop();
		runtime_start(&opts);
		run_on(cpu_nodes.at[c]);
		for (int i = 0; i < mem_nodes.n; i++) {
			int node = node_nearest(cpu_nodes.at[c], full);

			pages[i] = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
			assert_non_null(pages[i]);
			assert_pages_of(pages[i], 1, node);
			full |= 1u << node;
		}
		rte_errno = 0;
		assert_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0));
		/* Of the last node that was asked: its limit, or it has no memory at all. */
		assert_true(rte_errno == EPERM || rte_errno == ENOMEM);
		for (int i = 0; i < mem_nodes.n; i++)
			pages_put(pages[i], 1);
	}
}

/* A node that was named is followed by those near to it, wherever the caller runs. */
static void named_socket_that_is_full_is_followed_by_its_neighbours(void **state)
{
	(void)state;
	for (int c = 0; c < cpu_nodes.n; c++) {
		for (int i = 0; i < mem_nodes.n; i++) {
			struct rcumem_options opts = node_options();
			int node = mem_nodes.at[i];
			char *first, *second;

			opts.socket_limit[node] = page_sz;
			runtime_stop();
			runtime_start(&opts);
			run_on(cpu_nodes.at[c]);
			first = rcumem_pages_alloc(page_sz, page_sz, node, 0);
			assert_non_null(first);
			assert_pages_of(first, 1, node);
			assert_fails_null(strict_pages(1, node), EPERM);
			second = rcumem_pages_alloc(page_sz, page_sz, node, 0);
			assert_non_null(second);
			assert_pages_of(second, 1, node_nearest(node, 1u << node));
			pages_put(first, 1);
			pages_put(second, 1);
		}
	}
}

/* A node that has no page of the size: strict fails and takes none anywhere, others do. */
static void empty_node_is_no_memory_and_takes_none(void **state)
{
	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		int node = mem_nodes.at[i];
		long had = node_free(node), others[NODES_MAX];
		char *pages;

		node_pool_set(node, 0);
		assert_int_equal(node_free(node), 0);
		for (int j = 0; j < mem_nodes.n; j++)
			others[j] = node_free(mem_nodes.at[j]);
		rte_errno = 0;
		pages = strict_pages(1, node);
		for (int j = 0; j < mem_nodes.n; j++)
			if (node_free(mem_nodes.at[j]) != others[j])
				fail_msg("node %d has lost a page", mem_nodes.at[j]);
		assert_null(pages);
		assert_int_equal(rte_errno, ENOMEM);
		if (mem_nodes.n > 1) {
			pages = rcumem_pages_alloc(page_sz, page_sz, node, 0);
			assert_non_null(pages);
			assert_pages_of(pages, 1, node_nearest(node, 1u << node));
			pages_put(pages, 1);
		}
		node_pool_set(node, had);
		assert_int_equal(node_free(node), had);
	}
}

/* More than the node has, of which others have enough; with 4 KiB pages nobody is killed for it. */
static void more_than_the_node_has_is_no_memory_and_takes_none(void **state)
{
	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		int node = mem_nodes.at[i];
		long long free_bytes, size = numa_node_size64(node, &free_bytes);
		long before = node_free(node);
		size_t n = page_sz == RTE_PGSIZE_4K ? (size_t)size / page_sz : (size_t)before + 1;
		struct rcumem_stats stats = {.sz = sizeof(stats)};
		struct rcumem_options opts = node_options();

		opts.list_len = n * page_sz;
		runtime_stop();
		runtime_start(&opts);
		assert_fails_null(strict_pages(n, node), ENOMEM);
		assert_int_equal(rcumem_stats_get(&stats), 0);
		assert_int_equal(stats.bytes, 0);
		if (page_sz > RTE_PGSIZE_4K)
			assert_int_equal(node_free(node), before);
		else if (node_free(node) < before - (long)(16 * MIB / page_sz))
			fail_msg("node %d: %ld free pages before, %ld after", node, before,
				node_free(node));
	}
}

static void node_without_memory_is_no_memory(void **state)
{
	(void)state;
	for (int c = 0; c < cpu_nodes.n; c++) {
		int node = cpu_nodes.at[c];
		char *pages;

		if (node_in(&mem_nodes, node))
			continue;
		assert_fails_null(strict_pages(1, node), ENOMEM);
		pages = rcumem_pages_alloc(page_sz, page_sz, node, 0);
		assert_non_null(pages);
		assert_pages_of(pages, 1, node_nearest(node, 0));
		pages_put(pages, 1);
	}
}

static void node_that_does_not_exist_is_invalid(void **state)
{
	(void)state;
	for (int node = 0; node < NODES_MAX + 2; node++) {
		if (node_in(&mem_nodes, node) || node_in(&cpu_nodes, node))
			continue;
		assert_fails_null(strict_pages(1, node), EINVAL);
		assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, node, 0), EINVAL);
	}
}

static const struct CMUnitTest cases[] = {
	NODE_CASE(guest_has_the_nodes_that_were_asked_for),
	NODE_CASE(every_node_has_a_list_of_each_size),
	NODE_CASE(pages_are_on_the_socket_that_was_named),
	NODE_CASE(they_are_there_whoever_allocates_them),
	NODE_SIZED_CASE(pages_of_a_node_come_from_its_own, HUGE_SIZES),
	NODE_CASE(any_socket_is_that_of_the_caller_or_else_the_nearest),
	NODE_CASE(full_nodes_are_followed_by_the_next_nearest),
	NODE_SIZED_CASE(empty_node_is_no_memory_and_takes_none, RTE_PGSIZE_2M),
	NODE_SIZED_CASE(more_than_the_node_has_is_no_memory_and_takes_none, SMALL_SIZES),
	NODE_CASE(node_that_does_not_exist_is_invalid),
};

static const struct CMUnitTest cases_of_several[] = {
	NODE_CASE(named_socket_that_is_full_is_followed_by_its_neighbours),
};

static const struct CMUnitTest cases_of_cpus_only[] = {
	NODE_CASE(node_without_memory_is_no_memory),
};

static bool some_without_memory(void)
{
	for (int c = 0; c < cpu_nodes.n; c++)
		if (!node_in(&mem_nodes, cpu_nodes.at[c]))
			return true;
	return false;
}

int main(void)
{
	int failed = RUN_ON_NODES("numa", cases);

	if (mem_nodes.n > 1)
		failed |= RUN_ON_NODES("numa, several nodes", cases_of_several);
	if (some_without_memory())
		failed |= RUN_ON_NODES("numa, nodes of CPUs only", cases_of_cpus_only);
	return failed;
}
