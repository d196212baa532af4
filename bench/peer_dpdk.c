/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DPDK side of tools/bench-dpdk.  The command line is EAL's: it must ask
 * for 512 MiB of 2 MiB pages.
 */
#include <stdio.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_version.h>

#include "peer.h"

int peer_start(int argc, char **argv)
{
	if (rte_eal_init(argc, argv) < 0) {
		fprintf(stderr, "peer: EAL does not start: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	return 0;
}

void peer_stop(void)
{
	rte_eal_cleanup();
}

const char *peer_version(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s, IOVA %s", rte_version(),
		rte_eal_iova_mode() == RTE_IOVA_PA ? "pa" : "va");
	return text;
}
