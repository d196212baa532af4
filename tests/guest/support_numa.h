/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_NUMA_H
#define SUPPORT_NUMA_H

/*
 * Nodes of the guest, and on which of them a page is: asked of the kernel in
 * two ways that are none of the library's.
 *
 * The runner tells the program which nodes there are (NUMA_MEMORY, NUMA_CPUS),
 * so that a machine that is another than meant fails instead of passing.
 */

#include <numa.h>
#include <numaif.h>
#include <sched.h>

#include "support_guest.h"

#define NODES_MAX 32

struct nodes {
	int n;
	int at[NODES_MAX];
};

static struct nodes mem_nodes, cpu_nodes;

static inline struct nodes nodes_of(struct bitmask *mask)
{
	struct nodes nodes = {0};

	for (int node = 0; node < NODES_MAX; node++)
		if (numa_bitmask_isbitset(mask, (unsigned int)node))
			nodes.at[nodes.n++] = node;
	return nodes;
}

/* Nodes with CPUs, as sysfs lists them: "0-1,3". */
static inline struct nodes nodes_with_cpus(void)
{
	struct nodes nodes = {0};
	char list[64] = "";
	FILE *f = fopen("/sys/devices/system/node/has_cpu", "re");
	struct bitmask *mask;

	if (f && fgets(list, sizeof(list), f))
		list[strcspn(list, "\n")] = 0;
	if (f)
		fclose(f);
	mask = numa_parse_nodestring_all(list);
	if (mask) {
		nodes = nodes_of(mask);
		numa_bitmask_free(mask);
	}
	return nodes;
}

static inline void nodes_learn(void)
{
	struct bitmask *mask = numa_get_mems_allowed();

	mem_nodes = nodes_of(mask);
	numa_bitmask_free(mask);
	cpu_nodes = nodes_with_cpus();
}

static inline void nodes_print(const struct nodes *nodes, char *out)
{
	*out = 0;
	for (int i = 0; i < nodes->n; i++)
		out += sprintf(out, "%s%d", i ? "," : "", nodes->at[i]);
}

static inline bool node_in(const struct nodes *nodes, int node)
{
	for (int i = 0; i < nodes->n; i++)
		if (nodes->at[i] == node)
			return true;
	return false;
}

/* The node with memory that is nearest to `from`, of those not in `without`; -1: none.  The lower
 * number of two that are as near. */
static inline int node_nearest(int from, unsigned int without)
{
	int best = -1;

	for (int i = 0; i < mem_nodes.n; i++) {
		int node = mem_nodes.at[i];

		if (without >> node & 1)
			continue;
		if (node == from)
			return node;
		if (best < 0 || numa_distance(from, node) < numa_distance(from, best))
			best = node;
	}
	return best;
}

/* ---- Pages ---- */

/* All of [va, va + len) is on `node`, whomever one asks. */
static inline void assert_on_node(const char *va, size_t len, int node)
{
	size_t n = len / page_sz;
	void **pages = malloc(n * sizeof(*pages));
	int *status = malloc(n * sizeof(*status));

	for (size_t i = 0; i < n; i++)
		pages[i] = (void *)(uintptr_t)(va + i * page_sz);
	if (numa_move_pages(0, n, pages, NULL, status, 0))
		fail_msg("move_pages: %s", strerror(errno));
	for (size_t i = 0; i < n; i++) {
		int at = -1;

		if (status[i] != node)
			fail_msg("move_pages: page %zu of %zu is on %d, not on %d", i, n, status[i],
				node);
		if (get_mempolicy(&at, NULL, 0, pages[i], MPOL_F_NODE | MPOL_F_ADDR) || at != node)
			fail_msg("get_mempolicy: page %zu of %zu is on %d, not on %d", i, n, at,
				node);
	}
	free(status);
	free(pages);
}

/* Descriptors, list and kernel agree on where pages are, and they are clear. */
static inline void assert_pages_of(const char *va, size_t n, int node)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va);

	assert_non_null(msl);
	assert_int_equal(msl->socket_id, node);
	assert_int_equal(msl->page_sz, page_sz);
	for (size_t i = 0; i < n; i++) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(va + i * page_sz, msl);

		assert_non_null(ms);
		assert_ptr_equal(ms->addr, va + i * page_sz);
		assert_int_equal(ms->socket_id, node);
		assert_int_equal(va[i * page_sz], 0);
		assert_int_equal(va[(i + 1) * page_sz - 1], 0);
	}
	assert_on_node(va, n * page_sz, node);
}

/* ---- Hugepages of a node ---- */

static inline void node_pool_path(int node, const char *file, char *path, size_t len)
{
	snprintf(path, len, "/sys/devices/system/node/node%d/hugepages/hugepages-%llukB/%s", node,
		(unsigned long long)page_sz >> 10, file);
}

/* Free pages of this run's size on a node: hugepages, or what is free of its memory. */
static inline long node_free(int node)
{
	char path[160];
	long long bytes = 0;

	if (page_sz == RTE_PGSIZE_4K) {
		numa_node_size64(node, &bytes);
		return (long)(bytes / (long long)page_sz);
	}
	node_pool_path(node, "free_hugepages", path, sizeof(path));
	return file_number(path);
}

static inline void node_pool_set(int node, long n)
{
	char path[160];
	FILE *f;

	node_pool_path(node, "nr_hugepages", path, sizeof(path));
	f = fopen(path, "we");
	if (!f || fprintf(f, "%ld", n) < 0 || fclose(f))
		fail_msg("%s cannot be written", path);
}

/* The thread runs on this node's CPUs from here on; -1: on all. */
static inline void run_on(int node)
{
	assert_int_equal(numa_run_on_node(node), 0);
	sched_yield();
	if (node >= 0)
		assert_int_equal(numa_node_of_cpu(sched_getcpu()), node);
}

/* ---- The runtime of a case, and the run ---- */

static inline struct rcumem_options node_options(void)
{
	struct rcumem_options opts = test_options();

	opts.list_len = page_sz == RTE_PGSIZE_1G ? 4 * GIB : GIB;
	return opts;
}

static inline int node_setup(void **state)
{
	struct rcumem_options opts = node_options();

	(void)state;
	return case_setup_with(&opts);
}

static inline int node_teardown(void **state)
{
	numa_run_on_node(-1);
	return case_teardown(state);
}

#define NODE_CASE(name)              cmocka_unit_test_setup_teardown(name, node_setup, node_teardown)
#define NODE_SIZED_CASE(name, sizes) SIZED_CASE(name, sizes, node_setup, node_teardown)

static inline bool pages_on_all_nodes(void)
{
	for (int i = 0; i < mem_nodes.n; i++)
		if (node_free(mem_nodes.at[i]) <= 0)
			return false;
	return true;
}

static inline int run_on_nodes(const char *name, const struct CMUnitTest *cases, size_t n)
{
	if (numa_available() < 0) {
		printf("not ok 1 - %s: no NUMA\n", name);
		return 1;
	}
	nodes_learn();
	return run_sizes(name, pages_on_all_nodes, cases, n);
}

#define RUN_ON_NODES(name, cases) run_on_nodes(name, cases, ARRAY_LEN(cases))

#endif /* SUPPORT_NUMA_H */
