/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The world of `bench-dpdk`: 2 MiB pages of DPDK's EAL.
 *
 * EAL starts once in a process, so a larger world is made by its heap, which
 * grows by as many pages as it lacks, and there is no way back.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_malloc.h>

#include "world.h"

#define FREE_PAGES    "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"
#define PAGE_SZ       (2u << 20)
#define HEAP_OVERHEAD 4096u /* Room for the heap's own words in the pages that it grows by. */

static unsigned int pages; /* In use; 0 until EAL has started. */

static unsigned int pages_free(void)
{
	FILE *file = fopen(FREE_PAGES, "r");
	unsigned int cnt = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%u", &cnt) != 1)
		cnt = 0;
	fclose(file);
	return cnt;
}

/* EAL keeps pointers to its arguments. */
static const char *eal_start(unsigned int cnt)
{
	static char megabytes[16], prefix[48];
	static char *args[] = {"bench-dpdk", "--no-pci", "--no-telemetry", "--in-memory", "-l", "0",
		"-m", megabytes, "--file-prefix", prefix, "--log-level", "error", NULL};

	if (geteuid() != 0)
		return "DPDK needs root";
	snprintf(megabytes, sizeof(megabytes), "%u", cnt * (PAGE_SZ >> 20));
	snprintf(prefix, sizeof(prefix), "rcumem-bench-%d", (int)getpid());
	if (rte_eal_init((int)(sizeof(args) / sizeof(args[0])) - 1, args) < 0)
		return rte_strerror(rte_errno);
	pages = cnt;
	return NULL;
}

const char *world_library_start(void)
{
	return pages ? NULL : "EAL starts with its first world";
}

const char *world_library_take(const struct world_point *point)
{
	if (point->page_sz != PAGE_SZ)
		return "only 2 MiB pages here";
	if (point->segments < pages)
		return "EAL's memory has grown already: run the smaller world by itself";
	if (pages_free() < point->segments - pages)
		return "not enough free hugepages";
	if (!pages)
		return eal_start(point->segments);
	if (point->segments > pages &&
		!rte_malloc(NULL, (size_t)(point->segments - pages) * PAGE_SZ - HEAP_OVERHEAD, 0))
		return "the heap does not grow";
	pages = point->segments;
	return NULL;
}

/* EAL leaves its directory under /run behind, empty. */
void world_library_end(void)
{
	if (pages) {
		rte_eal_cleanup();
		rmdir(rte_eal_get_runtime_dir());
	}
	pages = 0;
}
