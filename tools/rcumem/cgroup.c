/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The memory limit of the control groups that this process is in.
 *
 * A limit holds for everything below it, so the tightest one between the
 * process's group and the root counts.  Version 1 has a hierarchy of its own
 * for memory, version 2 one for all; a machine may have both mounted.
 */

#include <string.h>

#include "machine.h"

/* Version 1 writes the largest multiple of a page below 2^63 for "no limit". */
#define CGROUP1_UNLIMITED ((uint64_t)1 << 62)

struct limit {
	uint64_t bytes;
	char *where;
	size_t where_len;
};

/* Read <mount><group>/<file> and every parent's, keeping the smallest. */
static void walk_up(struct limit *limit, const char *mount, const char *group, const char *file)
{
	char path[PATH_MAX];
	char dir[PATH_MAX];
	char *slash;

	snprintf(dir, sizeof(dir), "%s", group);
	for (;;) {
		uint64_t bytes;
		int len = snprintf(path, sizeof(path), "%s%s/%s", mount, dir, file);

		/* "max" is not a number and so is no limit. */
		if (len > 0 && (size_t)len < sizeof(path) && read_number(path, &bytes) == 0 &&
			bytes < CGROUP1_UNLIMITED && bytes < limit->bytes) {
			limit->bytes = bytes;
			snprintf(limit->where, limit->where_len, "%s", path);
		}
		slash = strrchr(dir, '/');
		if (!slash)
			return;
		*slash = '\0';
	}
}

/* True when `controllers`, as in "cpu,cpuacct", has the memory controller. */
static int has_memory(const char *controllers)
{
	const char *found = strstr(controllers, "memory");

	return found && (found == controllers || found[-1] == ',') &&
	       (found[6] == ',' || found[6] == '\0');
}

/* One line of /proc/self/cgroup: "4:memory:/group", or "0::/group" for version 2. */
static void read_line(struct limit *limit, char *line)
{
	char *controllers = strchr(line, ':');
	char *group = controllers ? strchr(controllers + 1, ':') : NULL;

	if (!group)
		return;
	*controllers++ = '\0';
	*group++ = '\0';
	group[strcspn(group, "\n")] = '\0';
	if (has_memory(controllers)) {
		walk_up(limit, "/sys/fs/cgroup/memory", group, "memory.limit_in_bytes");
	} else if (!*controllers) {
		walk_up(limit, "/sys/fs/cgroup", group, "memory.max");
		walk_up(limit, "/sys/fs/cgroup/unified", group, "memory.max");
	}
}

uint64_t cgroup_memory_limit(char *where, size_t where_len)
{
	struct limit limit = {.bytes = MACHINE_NO_LIMIT, .where = where, .where_len = where_len};
	FILE *f = fopen("/proc/self/cgroup", "re");
	char line[PATH_MAX];

	where[0] = '\0';
	if (!f)
		return MACHINE_NO_LIMIT;
	while (fgets(line, sizeof(line), f))
		read_line(&limit, line);
	fclose(f);
	return limit.bytes;
}
