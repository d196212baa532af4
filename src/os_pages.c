/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugging and unplugging pages of a backing file, and what sizes there are. */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/falloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "os.h"

/*
 * One call may be interrupted before it has done anything, and tmpfs undoes
 * what it had done: small steps, halved at each interruption, always get on.
 */
#define PLUG_STEP (1ull << 20)

int os_pages_plug(int fd, uint64_t off, uint64_t len, uint64_t page_sz)
{
	uint64_t step = page_sz > PLUG_STEP ? page_sz : PLUG_STEP;
	uint64_t done = 0;

	/*
	 * fallocate() clears hugepages, one after the other: it is faster where it
	 * finds them.  It also finds those missing that could not be had, and
	 * ordinary pages it does not clear.
	 */
	if (page_sz > OS_PAGE)
		os_fill_file(fd, off, len, page_sz);
	while (done < len) {
		uint64_t part = len - done < step ? len - done : step;

		if (fallocate(fd, 0, (off_t)(off + done), (off_t)part) == 0) {
			done += part;
			continue;
		}
		if (errno == EINTR) {
			if (step > page_sz)
				step /= 2;
			continue;
		}
		os_pages_unplug(fd, off, len); /* What was filled ahead, too. */
		return -ENOMEM; /* ENOSPC is the file system's word for "no pages left". */
	}
	return 0;
}

int os_pages_unplug(int fd, uint64_t off, uint64_t len)
{
	while (len &&
		fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)len)) {
		if (errno != EINTR)
			return -errno;
	}
	return 0;
}

uint64_t os_page_sizes(void)
{
	uint64_t sizes = OS_PAGE;
	DIR *dir = opendir("/sys/kernel/mm/hugepages");
	struct dirent *entry;
	unsigned long long kb;

	while (dir && (entry = readdir(dir)))
		if (sscanf(entry->d_name, "hugepages-%llukB", &kb) == 1)
			sizes |= kb << 10;
	if (dir)
		closedir(dir);
	return sizes;
}

uint64_t os_hugepages_free(uint64_t page_sz)
{
	unsigned long long n = 0;
	char path[128];
	FILE *f;

	if (page_sz == OS_PAGE)
		return 0;
	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%llukB/free_hugepages",
		(unsigned long long)page_sz >> 10);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}
