/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * DPDK's own EAL: for each socket where it says its memory is, and where the
 * kernel says it is.  A line for each, as test_dpdk reads them:
 * "node SOCKET SAYS KERNEL".  Then it stays until its input ends.
 */

#include <numaif.h>
#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_memory.h>
#include <rte_memzone.h>

#define LEN (4u << 20)

static int report(int socket)
{
	const struct rte_memzone *zone;
	const struct rte_memseg *ms;
	char name[32];
	int kernel = -1;

	snprintf(name, sizeof(name), "on %d", socket);
	zone = rte_memzone_reserve_aligned(name, LEN, socket, 0, 2u << 20);
	if (zone == NULL)
		return 1;
	*(volatile char *)zone->addr = 1;
	ms = rte_mem_virt2memseg(zone->addr, NULL);
	if (ms == NULL || get_mempolicy(&kernel, NULL, 0, zone->addr, MPOL_F_NODE | MPOL_F_ADDR))
		return 1;
	printf("node %d %d %d\n", socket, ms->socket_id, kernel);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = rte_eal_init(argc, argv) < 0;
	char byte;

	for (unsigned int i = 0; !failed && i < rte_socket_count(); i++)
		failed = report(rte_socket_id_by_idx(i));
	printf("end %d\n", failed);
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return failed;
}
