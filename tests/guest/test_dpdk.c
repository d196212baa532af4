/* SPDX-License-Identifier: BSD-3-Clause */

/* DPDK beside it: a process with EAL and one with rcumem, of the same nodes at the same time. */

#include <sys/wait.h>

#include "support_numa.h"

/* DPDK's process: what it writes, and what keeps it alive. */
static struct {
	pid_t pid;
	FILE *out;
	int in;
} dpdk;

static void dpdk_start(void)
{
	int in[2], out[2];

	assert_int_equal(pipe(in) | pipe(out), 0);
	dpdk.pid = fork();
	if (dpdk.pid == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		for (int i = 0; i < 2; i++) {
			close(in[i]);
			close(out[i]);
		}
		execl("/t/dpdk_nodes", "dpdk_nodes", "--in-memory", "--no-pci", "--no-telemetry",
			"--socket-mem", "16,16", "--iova-mode", "pa", "--log-level", "error", NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	dpdk.in = in[1];
	dpdk.out = fdopen(out[0], "r");
}

static void dpdk_end(void)
{
	int status;

	close(dpdk.in);
	fclose(dpdk.out);
	assert_int_equal(waitpid(dpdk.pid, &status, 0), dpdk.pid);
	assert_int_equal(status, 0);
}

static void both_say_the_same_node_of_memory_on_a_socket(void **state)
{
	char *pages[NODES_MAX] = {NULL};
	char line[128];
	int nodes = 0, failed = -1;

	(void)state;
	for (int i = 0; i < mem_nodes.n; i++) {
		pages[i] = rcumem_pages_alloc(
			4 * page_sz, page_sz, mem_nodes.at[i], RCUMEM_ALLOC_STRICT_SOCKET);
		assert_non_null(pages[i]);
	}
	dpdk_start();
	while (fgets(line, sizeof(line), dpdk.out) && sscanf(line, "end %d", &failed) != 1) {
		int socket, says, kernel;

		if (sscanf(line, "node %d %d %d", &socket, &says, &kernel) != 3)
			continue;
		assert_int_equal(socket, mem_nodes.at[nodes]);
		assert_int_equal(says, rte_mem_virt2memseg(pages[nodes], NULL)->socket_id);
		assert_int_equal(kernel, says);
		assert_on_node(pages[nodes], 4 * page_sz, says);
		nodes++;
	}
	assert_int_equal(failed, 0);
	assert_int_equal(nodes, mem_nodes.n);
	/* Beside it: its memory is taken still, and neither's is the other's. */
	for (int i = 0; i < mem_nodes.n; i++)
		pages_put(pages[i], 4);
	dpdk_end();
}

static const struct CMUnitTest cases[] = {
	NODE_SIZED_CASE(both_say_the_same_node_of_memory_on_a_socket, RTE_PGSIZE_2M),
};

int main(void)
{
	return RUN_ON_NODES("dpdk", cases);
}
