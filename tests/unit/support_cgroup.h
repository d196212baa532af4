/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_CGROUP_H
#define SUPPORT_CGROUP_H

/*
 * A memory cgroup for one test, of version 1 or 2, whichever the machine has.
 */

#include <fcntl.h>
#include <sys/stat.h>

#include "support.h"

#define CGROUP_V1 "/sys/fs/cgroup/memory"
#define CGROUP_V2 "/sys/fs/cgroup"

static inline int cgroup_write(const char *dir, const char *file, const char *text)
{
	char path[512];
	ssize_t written = -1;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", dir, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		written = write(fd, text, strlen(text));
		close(fd);
	}
	return written == (ssize_t)strlen(text) ? 0 : -1;
}

/* Make a cgroup whose processes may have `limit` bytes: 0, or -1 when that cannot be. */
static inline int cgroup_make(char *dir, size_t size, uint64_t limit)
{
	bool v1 = access(CGROUP_V1 "/memory.limit_in_bytes", F_OK) == 0;
	char text[32];

	snprintf(dir, size, "%s/rcumem-test-%d", v1 ? CGROUP_V1 : CGROUP_V2, (int)getpid());
	snprintf(text, sizeof(text), "%llu", (unsigned long long)limit);
	if (!v1)
		cgroup_write(CGROUP_V2, "cgroup.subtree_control", "+memory");
	if (mkdir(dir, 0755) != 0)
		return -1;
	if (cgroup_write(dir, v1 ? "memory.limit_in_bytes" : "memory.max", text) == 0)
		return 0;
	rmdir(dir);
	return -1;
}

/* Move this process into it. */
static inline int cgroup_enter(const char *dir)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", (int)getpid());
	return cgroup_write(dir, "cgroup.procs", text);
}

/* Once its processes have ended. */
static inline void cgroup_remove(const char *dir)
{
	for (int i = 0; i < 100 && rmdir(dir) != 0 && errno == EBUSY; i++)
		sleep_ms(20);
}

#endif /* SUPPORT_CGROUP_H */
