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
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_memory.h>

/* The page size of this run. */
static uint64_t page_sz = RTE_PGSIZE_4K;

/* What a case must leave as it was. */
static struct {
	int fds;
	int maps;
	long hugepages; /* Taken from the pool. */
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

#define HUGEPAGES "/sys/kernel/mm/hugepages/hugepages-2048kB/"

static inline long hugepages_free(void)
{
	return file_number(HUGEPAGES "free_hugepages");
}

/* Taken from the pool, by whomever; unlike the free ones not changed by who resizes it. */
static inline long hugepages_taken(void)
{
	return file_number(HUGEPAGES "nr_hugepages") - hugepages_free();
}

/* Does another process have hugepages?  Then the pool tells nothing about this one. */
static inline bool others_have_hugepages(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		char path[300], line[256];
		FILE *status;

		if (atoi(entry->d_name) <= 0 || atoi(entry->d_name) == getpid())
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		status = fopen(path, "re");
		while (status && !found && fgets(line, sizeof(line), status))
			found = strncmp(line, "HugetlbPages:", 13) == 0 && atol(line + 13) > 0;
		if (status)
			fclose(status);
	}
	if (proc)
		closedir(proc);
	return found;
}

/* Of this thread: unlike the clock on the wall not that of other programs, which have business on
 * this machine, too. */
static inline uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
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
	baseline.hugepages = hugepages_taken();
}

/* Are as many hugepages taken as before?  The kernel gives back the last ones a moment later. */
static inline bool hugepages_are_back(void)
{
	for (int i = 0; i < 40; i++) {
		if (page_sz == RTE_PGSIZE_4K || hugepages_taken() <= baseline.hugepages)
			return true;
		sleep_ms(50);
	}
	if (others_have_hugepages()) {
		print_message("hugepages: others take some as well, not compared\n");
		return true;
	}
	print_error(
		"hugepages taken: %ld before, %ld after\n", baseline.hugepages, hugepages_taken());
	return false;
}

/* 0 when everything is back where it began; else it says what is not. */
static inline int baseline_check(void)
{
	int fds = open_fds();
	int maps = memfd_maps();
	bool hugepages = hugepages_are_back();

	if (fds != baseline.fds)
		print_error("descriptors: %d before, %d after\n", baseline.fds, fds);
	if (maps != baseline.maps)
		print_error("memfd mappings: %d before, %d after\n", baseline.maps, maps);
	return fds == baseline.fds && maps == baseline.maps && hugepages ? 0 : -1;
}

#endif /* SUPPORT_BASELINE_H */
