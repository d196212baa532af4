/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our side of tools/bench-dpdk.  Usage: peer-rcumem [pa|va].
 */
#include <stdio.h>
#include <string.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "peer.h"

static const char *mode = "va";
static void *pages;

int peer_start(int argc, char **argv)
{
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};

	if (argc > 1 && !strcmp(argv[1], "pa")) {
		mode = "pa";
		opts.iova_mode = RCUMEM_IOVA_PA;
	}
	if (rcumem_init(&opts)) {
		fprintf(stderr, "peer: rcumem does not start: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	pages = rcumem_pages_alloc(
		(size_t)PEER_PAGES * PEER_PAGE_SZ, PEER_PAGE_SZ, SOCKET_ID_ANY, 0);
	if (!pages) {
		fprintf(stderr, "peer: no %u pages: %s\n", PEER_PAGES, rte_strerror(rte_errno));
		rcumem_fini();
		return -1;
	}
	return 0;
}

void peer_stop(void)
{
	rcumem_pages_free(pages, (size_t)PEER_PAGES * PEER_PAGE_SZ);
	rcumem_fini();
}

const char *peer_version(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "rcumem %s, IOVA %s", rcumem_version(), mode);
	return text;
}
