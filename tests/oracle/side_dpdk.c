/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * DPDK as Debian packages it.  With --no-huge it needs no privilege; in both modes it has its
 * shared files, so that arrays and lists can be detached and attached again.
 */

#include <stdio.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_log.h>

#include "side.h"

const bool side_silent = false;
unsigned int side_lists = RTE_MAX_MEMSEG_LISTS;

const char *side_start(unsigned int capacity, const char *huge)
{
	static char prefix[48], dir[256]; /* EAL keeps pointers to its arguments. */
	static char *args[] = {"oracle-dpdk", "--no-pci", "--no-telemetry", "-l", "0", "-m", "2",
		"--iova-mode", "va", "--base-virtaddr", DPDK_BASE_VA, "--log-level", "1",
		"--file-prefix", prefix, "--huge-dir", dir, NULL};
	int cnt = sizeof(args) / sizeof(args[0]) - 1;

	if (!huge) {
		args[--cnt] = NULL;
		args[cnt - 1] = "--no-huge";
	} else {
		snprintf(dir, sizeof(dir), "%s", huge);
	}
	snprintf(prefix, sizeof(prefix), "rcumem-oracle-%d", (int)getpid());
	if (rte_eal_init(cnt, args) < 0)
		return rte_strerror(rte_errno);
	return NULL;
}

/* EAL leaves its directory behind: `run` tells it a place that goes. */
void side_end(void)
{
	rte_eal_cleanup();
}

bool side_violate(const char *name)
{
	return false; /* DPDK is what is compared with. */
}

void side_violations(void)
{
}
