/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The DPDK side of tools/bench-processes.  The command line is EAL's.
 *
 * Whole pages come by way of the heap, which grows by what it lacks and gives
 * back what is empty.
 */
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>
#include <rte_version.h>

#include "procs.h"

#define HEAP_OVERHEAD 4096 /* Room for the heap's own words in the pages that it grows by. */

static const char *error = "";

int procs_start(int argc, char **argv)
{
	int args = rte_eal_init(argc, argv);

	error = rte_strerror(rte_errno);
	return args < 0 ? -1 : 0;
}

void procs_stop(void)
{
	rte_eal_cleanup();
}

const char *procs_version(void)
{
	return rte_version();
}

void *procs_alloc(size_t len, size_t page_sz)
{
	void *addr = rte_malloc(NULL, len - HEAP_OVERHEAD, 0);

	(void)page_sz; /* The only one that EAL was told of. */
	error = "no memory from the heap";
	return addr;
}

int procs_free(void *addr, size_t len)
{
	(void)len;
	rte_free(addr);
	return 0;
}

const char *procs_error(void)
{
	return error;
}

int procs_be_offline_reader(void)
{
	return 0; /* There are no readers: the memory lock is in shared memory. */
}

int procs_enter(void)
{
	error = "DPDK has no read sections";
	return -1;
}

void procs_leave(void)
{
}

size_t procs_quarantined(void)
{
	return 0;
}
