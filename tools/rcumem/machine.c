/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Facts about this machine, read from /proc and /sys.
 */

#include <dirent.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "machine.h"

int read_number(const char *path, uint64_t *value)
{
	FILE *f = fopen(path, "re");
	int fields;

	if (!f)
		return -1;
	fields = fscanf(f, "%" SCNu64, value);
	fclose(f);
	return fields == 1 ? 0 : -1;
}

static uint64_t read_pool_file(const char *dir, const char *pool, const char *name)
{
	char path[PATH_MAX];
	uint64_t value;
	int len = snprintf(path, sizeof(path), "%s/%s/%s", dir, pool, name);

	if (len < 0 || (size_t)len >= sizeof(path) || read_number(path, &value))
		return 0;
	return value;
}

/* One pool for each hugepages-<n>kB below `dir`. */
static void read_pools(struct machine *machine, const char *dir, int node)
{
	DIR *d = opendir(dir);
	struct dirent *entry;

	if (!d)
		return;
	while ((entry = readdir(d)) && machine->pool_cnt < MACHINE_MAX_POOLS) {
		struct machine_pool *pool = &machine->pools[machine->pool_cnt];
		uint64_t kb;

		if (sscanf(entry->d_name, "hugepages-%" SCNu64 "kB", &kb) != 1)
			continue;
		pool->page_sz = kb << 10;
		pool->node = node;
		pool->total = read_pool_file(dir, entry->d_name, "nr_hugepages");
		pool->free = read_pool_file(dir, entry->d_name, "free_hugepages");
		pool->surplus = read_pool_file(dir, entry->d_name, "surplus_hugepages");
		machine->pool_cnt++;
	}
	closedir(d);
}

static int compare_pools(const void *a, const void *b)
{
	const struct machine_pool *x = a;
	const struct machine_pool *y = b;

	if (x->page_sz != y->page_sz)
		return x->page_sz < y->page_sz ? -1 : 1;
	return x->node - y->node;
}

static void read_all_pools(struct machine *machine)
{
	for (int node = 0; node < RCUMEM_MAX_SOCKETS; node++) {
		char dir[64];

		snprintf(dir, sizeof(dir), "/sys/devices/system/node/node%d/hugepages", node);
		read_pools(machine, dir, node);
	}
	if (!machine->pool_cnt)
		read_pools(machine, "/sys/kernel/mm/hugepages", -1);
	qsort(machine->pools, machine->pool_cnt, sizeof(machine->pools[0]), compare_pools);
}

static void read_meminfo(struct machine *machine)
{
	FILE *f = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t kb;

	if (!f)
		return;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "MemTotal: %" SCNu64, &kb) == 1)
			machine->mem_total = kb << 10;
		else if (sscanf(line, "MemAvailable: %" SCNu64, &kb) == 1)
			machine->mem_available = kb << 10;
	}
	fclose(f);
}

static uint64_t limit_bytes(rlim_t limit)
{
	return limit == RLIM_INFINITY ? MACHINE_NO_LIMIT : (uint64_t)limit;
}

static void read_limits(struct machine *machine)
{
	struct rlimit limit;
	uint64_t value;

	machine->memlock_soft = MACHINE_NO_LIMIT;
	machine->memlock_hard = MACHINE_NO_LIMIT;
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0) {
		machine->memlock_soft = limit_bytes(limit.rlim_cur);
		machine->memlock_hard = limit_bytes(limit.rlim_max);
	}
	machine->cgroup_limit =
		cgroup_memory_limit(machine->cgroup_where, sizeof(machine->cgroup_where));
	machine->overcommit = -1;
	if (read_number("/proc/sys/vm/overcommit_memory", &value) == 0)
		machine->overcommit = (int)value;
}

int machine_read(struct machine *machine)
{
	struct utsname name;

	memset(machine, 0, sizeof(*machine));
	machine->features.sz = sizeof(machine->features);
	if (rcumem_features_get(&machine->features))
		return -1;
	if (uname(&name) == 0) {
		snprintf(machine->kernel, sizeof(machine->kernel), "%s", name.release);
		snprintf(machine->arch, sizeof(machine->arch), "%s", name.machine);
	}
	machine->page_sz = (uint64_t)sysconf(_SC_PAGESIZE);
	read_all_pools(machine);
	read_meminfo(machine);
	read_limits(machine);
	return 0;
}
