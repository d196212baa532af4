/* SPDX-License-Identifier: BSD-3-Clause */
/* NUMA nodes and policies, by libnuma. */

#include <errno.h>
#include <numa.h>
#include <numaif.h>
#include <sched.h>
#include <string.h>

#include "os.h"

static bool available, several;

static void learn(void)
{
	available = numa_available() >= 0;
	/* Not numa_num_configured_nodes(): it leaves out nodes without memory, on which
	 * nothing must be said to be. */
	several = available && numa_bitmask_weight(numa_nodes_ptr) > 1;
}

/* Asked once in a process: it is a system call, and a machine stays what it is. */
static bool have_numa(void)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, learn);
	return available;
}

bool os_numa_several(void)
{
	return have_numa() && several;
}

int os_numa_nodes(int *nodes, int max)
{
	int n = 0;

	for (int node = 0; have_numa() && node <= numa_max_node() && node < max; node++)
		if (numa_bitmask_isbitset(numa_nodes_ptr, (unsigned int)node))
			nodes[n++] = node;
	if (n == 0)
		nodes[n++] = 0;
	return n;
}

static int node_of_caller(void)
{
	int cpu = sched_getcpu();

	return cpu >= 0 ? numa_node_of_cpu(cpu) : -1;
}

int os_numa_order(int here, int *nodes, int max)
{
	int n = os_numa_nodes(nodes, max);

	if (n < 2)
		return n;
	if (here < 0)
		here = node_of_caller();
	/* A few nodes: insertion by distance, stable, so that ties keep the lower number. */
	for (int i = 1; i < n; i++) {
		int node = nodes[i];
		int j = i;

		for (; j > 0 && numa_distance(here, node) < numa_distance(here, nodes[j - 1]); j--)
			nodes[j] = nodes[j - 1];
		nodes[j] = node;
	}
	return n;
}

int os_numa_bind(int node, struct os_numa_policy *old)
{
	unsigned long mask[16] = {0};
	const unsigned long bits = sizeof(mask) * 8;

	old->active = false;
	if (!os_numa_several())
		return 0;
	if (get_mempolicy(&old->mode, old->mask, bits, NULL, 0))
		return -errno;
	mask[(unsigned int)node / 64] = 1ul << ((unsigned int)node % 64);
	/* EINVAL: a node without memory, or one that the process's cpuset does not have. */
	if (set_mempolicy(MPOL_BIND, mask, bits))
		return errno == EINVAL ? -ENOMEM : -errno;
	old->active = true;
	return 0;
}

void os_numa_restore(const struct os_numa_policy *old)
{
	if (old->active)
		set_mempolicy(old->mode, old->mask, sizeof(old->mask) * 8);
}

int os_numa_node_of(void *va)
{
	int node = -1;

	return get_mempolicy(&node, NULL, 0, va, MPOL_F_NODE | MPOL_F_ADDR) ? -errno : node;
}
