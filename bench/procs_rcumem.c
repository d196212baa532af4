/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Our side of tools/bench-processes.  Usage: procs-rcumem PREFIX FREE_TIMEOUT_MS;
 * 0 milliseconds: the library's default.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "procs.h"

int procs_start(int argc, char **argv)
{
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};

	if (argc != 3) {
		rte_errno = EINVAL;
		return -1;
	}
	opts.prefix = argv[1];
	opts.free_timeout_ms = (unsigned int)strtoul(argv[2], NULL, 10);
	return rcumem_init(&opts);
}

void procs_stop(void)
{
	rcumem_reader_unregister();
	rcumem_fini();
}

const char *procs_version(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "rcumem %s", rcumem_version());
	return text;
}

void *procs_alloc(size_t len, size_t page_sz)
{
	return rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);
}

int procs_free(void *addr, size_t len)
{
	return rcumem_pages_free(addr, len);
}

const char *procs_error(void)
{
	return rte_strerror(rte_errno);
}

int procs_be_offline_reader(void)
{
	if (rcumem_reader_register())
		return -1;
	rcumem_reader_offline();
	return 0;
}

int procs_enter(void)
{
	return rcumem_read_lock();
}

void procs_leave(void)
{
	rcumem_read_unlock();
}

size_t procs_quarantined(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	return rcumem_stats_get(&stats) ? 0 : stats.quarantined_bytes;
}
