/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How much ordinary memory may still be taken: a plug beyond it would wake the
 * kernel's OOM killer instead of failing.
 */

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os.h"

#define PATH_LEN 4096

/* The number in a one-line file; UINT64_MAX for "max", 0 with false when it cannot be read. */
static bool read_number(const char *path, uint64_t *value)
{
	char line[64] = "";
	FILE *f = fopen(path, "re");

	if (f == NULL)
		return false;
	if (fgets(line, sizeof(line), f) == NULL)
		line[0] = 0;
	fclose(f);
	if (strncmp(line, "max", 3) == 0)
		*value = UINT64_MAX;
	else if (line[0])
		*value = strtoull(line, NULL, 10);
	else
		return false;
	return true;
}

/* Least (limit - usage) of a cgroup and its ancestors, from `dir` up to `root`. */
static uint64_t cgroup_headroom(
	char *dir, size_t root_len, const char *limit_name, const char *usage_name)
{
	uint64_t least = UINT64_MAX;

	while (strlen(dir) >= root_len) {
		char path[PATH_LEN + 64];
		uint64_t limit, usage, room;

		snprintf(path, sizeof(path), "%s/%s", dir, limit_name);
		if (read_number(path, &limit) && limit != UINT64_MAX) {
			snprintf(path, sizeof(path), "%s/%s", dir, usage_name);
			if (read_number(path, &usage)) {
				room = limit > usage ? limit - usage : 0;
				least = room < least ? room : least;
			}
		}
		if (strrchr(dir, '/') == NULL)
			break;
		*strrchr(dir, '/') = 0;
	}
	return least;
}

/* The cgroup of this process in the memory hierarchy, version 2 or 1. */
static uint64_t memcg_headroom(void)
{
	FILE *f = fopen("/proc/self/cgroup", "re");
	uint64_t least = UINT64_MAX;
	char line[PATH_LEN];

	while (f && fgets(line, sizeof(line), f)) {
		bool v2 = strncmp(line, "0::", 3) == 0;
		bool v1 = strstr(line, ":memory:") != NULL;
		const char *root = v2 ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory";
		char dir[PATH_LEN + 64];
		uint64_t room;

		if (!v1 && !v2)
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(dir, sizeof(dir), "%s%s", root, strchr(strchr(line, ':') + 1, ':') + 1);
		if (dir[strlen(dir) - 1] == '/')
			dir[strlen(dir) - 1] = 0;
		room = v2 ? cgroup_headroom(dir, strlen(root), "memory.max", "memory.current")
			  : cgroup_headroom(dir, strlen(root), "memory.limit_in_bytes",
				    "memory.usage_in_bytes");
		least = room < least ? room : least;
	}
	if (f)
		fclose(f);
	return least;
}

static uint64_t machine_headroom(void)
{
	FILE *f = fopen("/proc/meminfo", "re");
	unsigned long long kb = 0;
	char line[256];
	bool found = false;

	while (f && !found && fgets(line, sizeof(line), f))
		found = sscanf(line, "MemAvailable: %llu kB", &kb) == 1;
	if (f)
		fclose(f);
	return found ? (uint64_t)kb << 10 : UINT64_MAX;
}

/* The last number in a line of /proc/zoneinfo: "protection: (0, 487, 487)". */
static uint64_t last_number(const char *line)
{
	const char *at = strrchr(line, ',');

	return at ? strtoull(at + 1, NULL, 10) : 0;
}

/*
 * What the kernel gives of a node before it kills for more: in each zone what
 * is free above the mark at which it has done with reclaiming and above what is
 * kept for those who need low memory; and half of what it can drop.
 */
static uint64_t node_headroom(int node)
{
	FILE *f = fopen("/proc/zoneinfo", "re");
	uint64_t pages = 0, zone_free = 0, zone_high = 0, kept, n;
	bool found = false, ours = false;
	char line[256];
	int at;

	while (f && fgets(line, sizeof(line), f)) {
		if (sscanf(line, "Node %d,", &at) == 1)
			ours = at == node;
		if (!ours)
			continue;
		found = true;
		if (sscanf(line, " nr_inactive_file %" SCNu64, &n) == 1 ||
			sscanf(line, " nr_active_file %" SCNu64, &n) == 1 ||
			sscanf(line, " nr_slab_reclaimable %" SCNu64, &n) == 1)
			pages += n / 2;
		if (sscanf(line, " pages free %" SCNu64, &n) == 1)
			zone_free = n;
		if (sscanf(line, " high %" SCNu64, &n) == 1)
			zone_high = n;
		if (strstr(line, "protection:")) {
			kept = zone_high + last_number(line);
			pages += zone_free > kept ? zone_free - kept : 0;
		}
	}
	if (f)
		fclose(f);
	return found ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : UINT64_MAX;
}

uint64_t os_memory_headroom(int node)
{
	uint64_t group = memcg_headroom();
	uint64_t machine = machine_headroom();
	uint64_t here = node >= 0 && os_numa_several() ? node_headroom(node) : UINT64_MAX;
	uint64_t least = group < machine ? group : machine;

	return here < least ? here : least;
}

int os_memory_take(int node, uint64_t len)
{
	/* Under the writer mutex.  For each node: bytes that may be taken before asking again. */
	static struct {
		uint64_t len;
		uint64_t until; /* ... and until when. */
	} credits[OS_NODES];
	uint64_t headroom;

	if (len <= credits[node].len && os_now_ns() < credits[node].until) {
		credits[node].len -= len;
		return 0;
	}
	headroom = os_memory_headroom(node);
	if (len > headroom)
		return -ENOMEM;
	credits[node].len = (headroom - len) / 8;
	credits[node].until = os_now_ns() + 100000000;
	return 0;
}
