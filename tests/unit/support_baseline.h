/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_BASELINE_H
#define SUPPORT_BASELINE_H

/*
 * What a process holds of the kernel: taken before a case, compared after it.
 */

#include <dirent.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include <rte_memory.h>

/* The page size of this run. */
static uint64_t page_sz = RTE_PGSIZE_4K;

/* What a case must leave as it was. */
static struct {
	int fds;
	int maps;
	long hugepages;
} baseline;

/* ---- What the process holds ---- */

static inline int open_fds(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	while (dir && readdir(dir))
		n++;
	if (dir)
		closedir(dir);
	return n;
}

static inline int memfd_maps(void)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	char line[512];
	int n = 0;

	while (maps && fgets(line, sizeof(line), maps))
		n += strstr(line, "memfd:") != NULL;
	if (maps)
		fclose(maps);
	return n;
}

static inline long file_number(const char *path)
{
	FILE *file = fopen(path, "re");
	long number = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%ld", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static inline long hugepages_free(void)
{
	return file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
}

static inline void sleep_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts) != 0 && errno == EINTR)
		;
}

static inline void baseline_take(void)
{
	baseline.fds = open_fds();
	baseline.maps = memfd_maps();
	baseline.hugepages = hugepages_free();
}

/* 0 when everything is back where it began; else it says what is not. */
static inline int baseline_check(void)
{
	int fds = open_fds();
	int maps = memfd_maps();
	long hugepages = hugepages_free();

	/* The pool belongs to the machine: others may hold a page for a moment. */
	for (int i = 0; i < 40 && page_sz != RTE_PGSIZE_4K && hugepages < baseline.hugepages; i++) {
		sleep_ms(50);
		hugepages = hugepages_free();
	}
	if (fds != baseline.fds)
		print_error("descriptors: %d before, %d after\n", baseline.fds, fds);
	if (maps != baseline.maps)
		print_error("memfd mappings: %d before, %d after\n", baseline.maps, maps);
	if (page_sz != RTE_PGSIZE_4K && hugepages < baseline.hugepages)
		print_error("hugepages: %ld before, %ld after\n", baseline.hugepages, hugepages);
	else
		hugepages = baseline.hugepages;
	return fds == baseline.fds && maps == baseline.maps && hugepages == baseline.hugepages ? 0
											       : -1;
}

#endif /* SUPPORT_BASELINE_H */
