/* SPDX-License-Identifier: BSD-3-Clause */

/* What is said for each socket: limits, validators, initial memory, external memory; and who else
 * uses the pages. */

#include <pthread.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "support_numa.h"
#include "support_walk.h"

static char *strict_pages(size_t n, int node)
{
	return rcumem_pages_alloc(n * page_sz, page_sz, node, RCUMEM_ALLOC_STRICT_SOCKET);
}

static void limits_are_of_each_socket(void **state)
{
	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		struct rcumem_options opts = node_options();
		int node = mem_nodes.at[i];
		char *pages;

		opts.socket_limit[node] = page_sz;
		runtime_stop();
		runtime_start(&opts);
		pages = strict_pages(1, node);
		assert_non_null(pages);
		assert_fails_null(strict_pages(1, node), EPERM);
		for (int j = 0; j < mem_nodes.n; j++) {
			char *other = i == j ? NULL : strict_pages(1, mem_nodes.at[j]);

			assert_true(i == j || other);
			if (other)
				pages_put(other, 1);
		}
		pages_put(pages, 1);
		pages = strict_pages(1, node);
		assert_non_null(pages);
		pages_put(pages, 1);
	}
}

static struct {
	int calls[NODES_MAX];
	size_t len[NODES_MAX];
	int verdict;
} asked;

static int validator(int socket_id, size_t cur_limit, size_t new_len)
{
	(void)cur_limit;
	asked.calls[socket_id]++;
	asked.len[socket_id] = new_len;
	return asked.verdict;
}

static void validators_are_asked_about_their_own_socket(void **state)
{
	(void)state;
	memset(&asked, 0, sizeof(asked));
	for (int i = 0; i < mem_nodes.n; i++)
		assert_int_equal(
			rte_mem_alloc_validator_register("v", validator, mem_nodes.at[i], page_sz),
			0);
	for (int i = 0; i < mem_nodes.n; i++) {
		char *pages;

		asked.verdict = 0;
		pages = strict_pages(1, mem_nodes.at[i]);
		assert_non_null(pages);
		asked.verdict = -1;
		assert_fails_null(strict_pages(1, mem_nodes.at[i]), EPERM);
		for (int j = 0; j < mem_nodes.n; j++)
			assert_int_equal(asked.calls[mem_nodes.at[j]], j <= i ? 2 : 0);
		assert_int_equal(asked.len[mem_nodes.at[i]], 2 * page_sz);
		pages_put(pages, 1);
	}
	for (int i = 0; i < mem_nodes.n; i++)
		assert_int_equal(rte_mem_alloc_validator_unregister("v", mem_nodes.at[i]), 0);
}

static void initial_memory_is_on_each_socket(void **state)
{
	static struct visits seen;
	struct rcumem_options opts = node_options();
	unsigned int want = 0;

	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		opts.socket_mem[mem_nodes.at[i]] =
			page_sz == RTE_PGSIZE_1G ? page_sz : (size_t)(i + 1) * page_sz;
		want += page_sz == RTE_PGSIZE_1G ? 1 : (unsigned int)i + 1;
	}
	opts.page_sizes = page_sz;
	runtime_stop();
	runtime_start(&opts);
	visit_segs(&seen);
	assert_int_equal(seen.n, want);
	for (unsigned int s = 0; s < seen.n; s++) {
		assert_int_equal(seen.at[s].seg.flags, RTE_MEMSEG_FLAG_DO_NOT_FREE);
		assert_on_node(seen.at[s].seg.addr, page_sz, seen.at[s].seg.socket_id);
	}
	assert_fails(rcumem_pages_free(seen.at[0].seg.addr, page_sz), EBUSY);
}

/* Memory that is not there is no start, and leaves nothing on the sockets that had it. */
static void initial_memory_that_is_not_there_is_no_start(void **state)
{
	struct rcumem_options opts = node_options();
	int last = mem_nodes.at[mem_nodes.n - 1];
	long had[NODES_MAX];

	(void)state;
	runtime_stop();
	for (int i = 0; i < mem_nodes.n; i++)
		had[i] = node_free(mem_nodes.at[i]);
	opts.page_sizes = page_sz;
	for (int i = 0; i < mem_nodes.n; i++)
		opts.socket_mem[mem_nodes.at[i]] = page_sz;
	opts.socket_mem[last] = ((size_t)node_free(last) + 1) * page_sz;
	if (opts.socket_mem[last] > opts.list_len)
		opts.list_len = opts.socket_mem[last];
	assert_fails(rcumem_init(&opts), ENOMEM);
	for (int i = 0; page_sz > RTE_PGSIZE_4K && i < mem_nodes.n; i++)
		assert_int_equal(node_free(mem_nodes.at[i]), had[i]);
	opts = node_options();
	runtime_start(&opts);
}

static void initial_memory_of_a_node_that_is_not_there_is_invalid(void **state)
{
	struct rcumem_options opts = node_options();

	(void)state;
	opts.socket_mem[NODES_MAX - 1] = page_sz;
	runtime_stop();
	assert_fails(rcumem_init(&opts), EINVAL);
	opts.socket_mem[NODES_MAX - 1] = 0;
	opts.socket_limit[NODES_MAX - 1] = page_sz;
	assert_fails(rcumem_init(&opts), EINVAL);
	opts = node_options();
	runtime_start(&opts);
}

static void external_memory_carries_its_node(void **state)
{
	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		int node = mem_nodes.at[i];
		char *va = numa_alloc_onnode(4 * 4096, node);

		assert_non_null(va);
		memset(va, 1, 4 * 4096);
		assert_int_equal(rcumem_extmem_register(va, 4 * 4096, NULL, 0, 4096, node), 0);
		assert_int_equal(rte_mem_virt2memseg_list(va)->socket_id, node);
		assert_int_equal(rte_mem_virt2memseg(va + 4096, NULL)->socket_id, node);
		assert_int_equal(rte_extmem_unregister(va, 4 * 4096), 0);
		numa_free(va, 4 * 4096);
	}
}

/* ---- Who uses the pages from elsewhere ---- */

static struct {
	char *pages;
	int node;
	volatile unsigned int sum;
} use;

static void *use_pages(void *arg)
{
	(void)arg;
	numa_run_on_node(use.node);
	for (int ms = 0; ms < 2500; ms += 10) {
		for (size_t off = 0; off < 256 * 4096; off += 64)
			use.sum += (unsigned char)use.pages[off]++;
		sleep_ms(10);
	}
	return NULL;
}

/* The kernel moves memory to the node that uses it, where it is allowed to: not this.  (Hugepages
 * it never does.) */
static void pages_stay_though_another_node_uses_them(void **state)
{
	const size_t n = 256;
	pthread_t thread;

	(void)state;
	assert_int_equal(file_number("/proc/sys/kernel/numa_balancing"), 1);
	use.pages = strict_pages(n, mem_nodes.at[0]);
	use.node = cpu_nodes.at[1];
	assert_non_null(use.pages);
	assert_int_equal(pthread_create(&thread, NULL, use_pages, NULL), 0);
	pthread_join(thread, NULL);
	assert_on_node(use.pages, n * page_sz, mem_nodes.at[0]);
	pages_put(use.pages, n);
}

/* Another process, on another node, is the first that touches what it is given. */
static void first_touch_elsewhere_moves_nothing(void **state)
{
	struct rcumem_options opts = node_options();
	int status;
	pid_t pid;

	(void)state;
	mkdir("/tmp/runtime", 0700);
	setenv("RCUMEM_RUNTIME_DIR", "/tmp/runtime", 1);
	opts.prefix = "numa";
	opts.lock_timeout_ms = 30000; /* A guest on a busy host is slow to answer. */
	runtime_stop();
	runtime_start(&opts);
	for (int i = 0; i < mem_nodes.n; i++) {
		int node = mem_nodes.at[i];
		char *pages = strict_pages(1, node);

		assert_non_null(pages);
		pid = fork();
		if (pid == 0) {
			int from = cpu_nodes.at[(i + 1) % cpu_nodes.n];
			int at = -1;

			if (numa_run_on_node(from) || rcumem_init(&opts))
				_exit(3);
			pages[page_sz / 2] = 'x';
			get_mempolicy(&at, NULL, 0, pages + page_sz / 2, MPOL_F_NODE | MPOL_F_ADDR);
			_exit(at == node && rte_mem_virt2memseg(pages, NULL)->socket_id == node
					? 0
					: 4);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_int_equal(status, 0);
		assert_int_equal(pages[page_sz / 2], 'x');
		assert_on_node(pages, page_sz, node);
		pages_put(pages, 1);
	}
}

static const struct CMUnitTest cases[] = {
	NODE_CASE(limits_are_of_each_socket),
	NODE_CASE(validators_are_asked_about_their_own_socket),
	NODE_CASE(initial_memory_is_on_each_socket),
	NODE_CASE(initial_memory_that_is_not_there_is_no_start),
	NODE_CASE(initial_memory_of_a_node_that_is_not_there_is_invalid),
	NODE_CASE(external_memory_carries_its_node),
	NODE_SIZED_CASE(pages_stay_though_another_node_uses_them, RTE_PGSIZE_4K),
	NODE_CASE(first_touch_elsewhere_moves_nothing),
};

int main(void)
{
	return RUN_ON_NODES("numa sockets", cases);
}
