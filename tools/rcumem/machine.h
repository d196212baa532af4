/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef MACHINE_H
#define MACHINE_H

/*
 * Facts about this machine and the limits of this process that decide what the
 * runtime can do.  Whatever cannot be read is left out: none of it is an error.
 */

#include <limits.h>
#include <stdint.h>
#include <stdio.h>

#include <rcumem.h>

#define MACHINE_MAX_POOLS 64
#define MACHINE_NO_LIMIT  UINT64_MAX

/* Hugepages of one size on one node. */
struct machine_pool {
	uint64_t page_sz;
	int node; /* -1: the kernel knows no nodes. */
	uint64_t total;
	uint64_t free;
	uint64_t surplus; /* Of the total, taken beyond the reservation. */
};

struct machine {
	struct rcumem_features features;
	char kernel[65];
	char arch[65];
	uint64_t page_sz; /* Of the processor, not a hugepage. */
	struct machine_pool pools[MACHINE_MAX_POOLS];
	unsigned int pool_cnt;
	uint64_t mem_total; /* Bytes; 0 when unknown. */
	uint64_t mem_available;
	uint64_t memlock_soft; /* RLIMIT_MEMLOCK; MACHINE_NO_LIMIT when unlimited. */
	uint64_t memlock_hard;
	uint64_t cgroup_limit;       /* The tightest of the cgroups this process is in. */
	char cgroup_where[PATH_MAX]; /* The file that says so; empty without a limit. */
	int overcommit;              /* vm.overcommit_memory; -1 when unknown. */
};

/* Fill `machine`: 0, or -1 with rte_errno of rcumem_features_get(). */
int machine_read(struct machine *machine);

/* The tightest memory limit of this process's cgroups (v1 and v2) and the file it stands in. */
uint64_t cgroup_memory_limit(char *where, size_t where_len);

/* First word of a file as a number: 0 or -1. */
int read_number(const char *path, uint64_t *value);

#endif /* MACHINE_H */
