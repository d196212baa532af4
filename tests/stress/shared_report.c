/* SPDX-License-Identifier: BSD-3-Clause */
/* What eight processes did, and what is left of it. */

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "shared.h"
#include "verdict.h"

static long number_in(const char *path, const char *format)
{
	FILE *file = fopen(path, "re");
	char line[200];
	long n = 0;

	while (file && fgets(line, sizeof(line), file) && sscanf(line, format, &n) != 1)
		;
	if (file)
		fclose(file);
	return n;
}

long hugepages_free(void)
{
	return number_in("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "%ld");
}

/* ---- Whether anybody still has a file of the runtime: then its pages are still taken ---- */

static bool is_ours(uint64_t dev, uint64_t ino)
{
	for (unsigned int i = 0; i < shared->n_files; i++)
		if (shared->files[i].dev == dev && shared->files[i].ino == ino)
			return true;
	return false;
}

static bool maps_ours(const char *process)
{
	unsigned int major, minor;
	unsigned long long ino;
	char path[300], line[600];
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/maps", process);
	file = fopen(path, "re");
	while (file && !found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*s %*s %*s %x:%x %llu", &major, &minor, &ino) == 3 && ino &&
			is_ours(makedev(major, minor), ino);
	if (file)
		fclose(file);
	return found;
}

static bool has_ours_open(const char *process)
{
	char path[600];
	bool found = false;
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%s/fd", process);
	dir = opendir(path);
	while (dir && !found && (entry = readdir(dir))) {
		snprintf(path, sizeof(path), "/proc/%s/fd/%s", process, entry->d_name);
		found = stat(path, &st) == 0 && is_ours(st.st_dev, st.st_ino);
	}
	if (dir)
		closedir(dir);
	return found;
}

/* Processes that have a file of ours open or mapped. */
static unsigned int processes_with_ours(void)
{
	DIR *dir = opendir("/proc");
	struct dirent *entry;
	unsigned int n = 0;

	while (dir && (entry = readdir(dir)))
		if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name))
			n += has_ours_open(entry->d_name) || maps_ours(entry->d_name);
	if (dir)
		closedir(dir);
	return n;
}

#define N(x) ((unsigned long long)(x))

static void add_up(struct deeds *sum)
{
	const uint64_t *from;

	for (unsigned int i = 0; i < options.processes; i++)
		for (unsigned int t = 0; t < THREADS_MAX; t++) {
			from = (const uint64_t *)&shared->deeds[i][t];
			/* Relaxed: figures of threads that may go on. */
			for (size_t w = 0; w < sizeof(*sum) / sizeof(*from); w++)
				((uint64_t *)sum)[w] += rcu_load_relaxed(&from[w]);
		}
}

/* What is counted while they run; adds up. */
static int report_deeds(FILE *to, struct deeds *sum)
{
	unsigned int writers = 0;
	int failed = 0;

	add_up(sum);
	for (unsigned int i = 0; i < options.processes; i++)
		writers +=
			rcu_load_relaxed(&shared->deeds[i][0].plugs) > 0; /* Relaxed: as above. */
	failed += verdict(to, writers == options.processes,
		"%llu allocations by %u processes, %llu refused", N(sum->plugs), writers,
		N(sum->refused));
	failed += verdict(to, sum->must_find && sum->must_miss,
		"%llu answers, %llu that had to find, %llu that had to miss", N(sum->lookups),
		N(sum->must_find), N(sum->must_miss));
	failed += verdict(to, sum->holds && sum->walks && sum->whole,
		"%llu pages unchanged in sections, %llu walks with %llu whole allocations",
		N(sum->holds), N(sum->walks), N(sum->whole));
	for (unsigned int kind = 0; kind < READER_KINDS; kind++)
		failed += verdict(to, sum->sections[kind] > 0, "%llu %s", N(sum->sections[kind]),
			reader_kinds[kind]);
	failed += verdict(to, sum->ages[0] > 0 && sum->ages[1] > 0 && sum->ages[2] == 0,
		"age of what was found, at its section's end: 0 in use %llu, 1 its free had begun "
		"%llu, 2 and more %llu",
		N(sum->ages[0]), N(sum->ages[1]), N(sum->ages[2]));
	/* Relaxed: as above. */
	failed += verdict(to, rcu_load_relaxed(&shared->events) > 0, "%llu events told, each once",
		N(rcu_load_relaxed(&shared->events)));
	return failed;
}

bool report_missed(void)
{
	struct deeds sum = {0};

	return report_deeds(NULL, &sum) > 0;
}

int report_all(const char *directory, bool good)
{
	struct deeds sum = {0};
	unsigned int left = processes_with_ours();
	int failed = report_deeds(stdout, &sum);

	failed += verdict(stdout, good, "all processes have ended well");
	failed += verdict(stdout, sum.frees == sum.plugs, "%llu allocations freed", N(sum.frees));
	failed += verdict(stdout, shared->n_files > 1 && shared->lost == 0 && left == 0,
		"%llu pages left in %u files, which %u processes still have", N(shared->lost),
		shared->n_files, left);
	failed += verdict(stdout, rmdir(directory) == 0, "no file is left");
	return failed;
}
