/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A memory policy is the thread's own: the library's calls leave it as it was,
 * whether they succeed or fail, and do what they are asked in spite of it.
 */

#include "support_numa.h"

#define MASK_BITS 1024u

/* The kernel's, which libnuma 2.0.16 does not know. */
#ifndef MPOL_PREFERRED_MANY
#define MPOL_PREFERRED_MANY 5
#endif
#ifndef MPOL_F_STATIC_NODES
#define MPOL_F_STATIC_NODES   (1 << 15)
#define MPOL_F_RELATIVE_NODES (1 << 14)
#endif

struct policy {
	int mode;
	unsigned long mask[MASK_BITS / 64];
};

static struct policy policy_now(void)
{
	struct policy policy = {0};

	if (get_mempolicy(&policy.mode, policy.mask, MASK_BITS, NULL, 0))
		fail_msg("get_mempolicy: %s", strerror(errno));
	return policy;
}

/* Policies that a program may have: of one node, of all that have memory, with each flag. */
static const struct {
	const char *name;
	int mode;
	enum { NO_NODES, LAST_NODE, ALL_NODES } nodes;
} policies[] = {
	{"default", MPOL_DEFAULT, NO_NODES},
	{"local", MPOL_LOCAL, NO_NODES},
	{"bind", MPOL_BIND, LAST_NODE},
	{"bind to all", MPOL_BIND, ALL_NODES},
	{"bind, static", MPOL_BIND | MPOL_F_STATIC_NODES, LAST_NODE},
	{"bind, relative", MPOL_BIND | MPOL_F_RELATIVE_NODES, LAST_NODE},
	{"interleave", MPOL_INTERLEAVE, ALL_NODES},
	{"interleave, static", MPOL_INTERLEAVE | MPOL_F_STATIC_NODES, ALL_NODES},
	{"preferred", MPOL_PREFERRED, LAST_NODE},
	{"preferred many", MPOL_PREFERRED_MANY, ALL_NODES},
};

static struct policy policy_set(size_t i)
{
	struct policy policy = {.mode = policies[i].mode};

	for (int n = 0; n < mem_nodes.n; n++)
		if (policies[i].nodes == ALL_NODES ||
			(policies[i].nodes == LAST_NODE && n == mem_nodes.n - 1))
			policy.mask[0] |= 1ul << mem_nodes.at[n];
	if (set_mempolicy(policy.mode, policy.mask, MASK_BITS))
		fail_msg("%s: %s", policies[i].name, strerror(errno));
	return policy_now();
}

static void assert_policy(const struct policy *want, const char *after, size_t i)
{
	struct policy now = policy_now();

	if (now.mode != want->mode || memcmp(now.mask, want->mask, sizeof(now.mask)) != 0)
		fail_msg("%s policy: %#x %#lx after %s, %#x %#lx before", policies[i].name,
			(unsigned int)now.mode, now.mask[0], after, (unsigned int)want->mode,
			want->mask[0]);
}

/* Run with each policy, and end with none; with every third where clearing a page takes seconds. */
static void with_each_policy(void (*run)(size_t i, const struct policy *policy))
{
	size_t step = page_sz == RTE_PGSIZE_1G ? 3 : 1;

	for (size_t i = 0; i < ARRAY_LEN(policies); i += step) {
		struct policy policy = policy_set(i);

		run(i, &policy);
	}
	set_mempolicy(MPOL_DEFAULT, NULL, 0);
}

static void pages_come_and_go(size_t i, const struct policy *policy)
{
	size_t n = page_sz == RTE_PGSIZE_1G ? 1 : 3;

	for (int m = 0; m < mem_nodes.n; m++) {
		char *pages = rcumem_pages_alloc(
			n * page_sz, page_sz, mem_nodes.at[m], RCUMEM_ALLOC_STRICT_SOCKET);

		assert_policy(policy, "an alloc", i);
		assert_non_null(pages);
		assert_pages_of(pages, n, mem_nodes.at[m]);
		pages_put(pages, n);
		assert_policy(policy, "a free", i);
	}
}

static void pages_are_where_they_shall_be_whatever_the_policy(void **state)
{
	(void)state;
	with_each_policy(pages_come_and_go);
}

static void several_threads_clear(size_t i, const struct policy *policy)
{
	size_t n = 16 * MIB / page_sz; /* From here on several threads clear. */
	char *pages = rcumem_pages_alloc(
		n * page_sz, page_sz, mem_nodes.at[0], RCUMEM_ALLOC_STRICT_SOCKET);

	assert_policy(policy, "a large alloc", i);
	assert_non_null(pages);
	assert_on_node(pages, n * page_sz, mem_nodes.at[0]);
	pages_put(pages, n);
	assert_policy(policy, "a large free", i);
}

static void large_plugs_are_where_they_shall_be_whatever_the_policy(void **state)
{
	(void)state;
	with_each_policy(several_threads_clear);
}

/* Failures on each way out of an allocation: before the policy is set, at the kernel, after it. */
static void calls_fail(size_t i, const struct policy *policy)
{
	for (int m = 0; m < mem_nodes.n; m++) {
		int node = mem_nodes.at[m];
		long had = node_free(node);

		assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, 99, 0), EINVAL);
		assert_policy(policy, "an alloc on no socket", i);
		assert_fails_null(rcumem_pages_alloc(1ull << 45, page_sz, node, 0), ENOSPC);
		assert_policy(policy, "an alloc without space", i);
		if (page_sz > RTE_PGSIZE_4K)
			assert_fails_null(rcumem_pages_alloc(((size_t)had + 1) * page_sz, page_sz,
						  node, RCUMEM_ALLOC_STRICT_SOCKET),
				ENOMEM);
		assert_policy(policy, "an alloc without pages", i);
		assert_int_equal(node_free(node) >= had - 256, 1);
	}
	for (int c = 0; c < cpu_nodes.n; c++)
		if (!node_in(&mem_nodes, cpu_nodes.at[c]))
			assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, cpu_nodes.at[c],
						  RCUMEM_ALLOC_STRICT_SOCKET),
				ENOMEM);
	assert_policy(policy, "an alloc on a node without memory", i);
	assert_fails(rcumem_pages_free((void *)16, page_sz), EINVAL);
	assert_policy(policy, "a free of nothing", i);
}

static void failures_leave_the_policy_as_well(void **state)
{
	(void)state;
	with_each_policy(calls_fail);
}

/* Pages that are plugged and then refused: no device has addresses so narrow. */
static void refused_after_plugging(size_t i, const struct policy *policy)
{
	struct rcumem_options opts = node_options();

	opts.dma_mask_bits = 20;
	runtime_stop();
	assert_policy(policy, "fini", i);
	runtime_start(&opts);
	assert_policy(policy, "init", i);
	for (int m = 0; m < mem_nodes.n; m++) {
		long had = node_free(mem_nodes.at[m]);

		assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, mem_nodes.at[m], 0), ENOMEM);
		assert_policy(policy, "an alloc that a mask refused", i);
		if (page_sz > RTE_PGSIZE_4K)
			assert_int_equal(node_free(mem_nodes.at[m]), had);
	}
}

static void pages_that_are_refused_leave_the_policy_as_well(void **state)
{
	(void)state;
	with_each_policy(refused_after_plugging);
}

static void initial_memory(size_t i, const struct policy *policy)
{
	struct rcumem_options opts = node_options();

	for (int m = 0; m < mem_nodes.n; m++)
		opts.socket_mem[mem_nodes.at[m]] = page_sz;
	runtime_stop();
	runtime_start(&opts);
	assert_policy(policy, "init with memory", i);
}

static void starts_leave_the_policy_as_well(void **state)
{
	(void)state;
	with_each_policy(initial_memory);
}

static const struct CMUnitTest cases[] = {
	NODE_CASE(pages_are_where_they_shall_be_whatever_the_policy),
	NODE_SIZED_CASE(large_plugs_are_where_they_shall_be_whatever_the_policy, SMALL_SIZES),
	NODE_CASE(failures_leave_the_policy_as_well),
	NODE_CASE(pages_that_are_refused_leave_the_policy_as_well),
	NODE_CASE(starts_leave_the_policy_as_well),
};

int main(void)
{
	return RUN_ON_NODES("numa policies", cases);
}
