/* SPDX-License-Identifier: BSD-3-Clause */
/* What eight processes did, and what is left of it. */

#include <stdio.h>
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

long shmem_kib(void)
{
	return number_in("/proc/meminfo", "Shmem: %ld");
}

#define N(x) ((unsigned long long)(x))

int report_all(const char *directory, bool good, long huge_before, long shmem_before)
{
	struct deeds sum = {0};
	unsigned int writers = 0;
	long huge = hugepages_free(), shmem;
	int failed = 0;

	for (unsigned int i = 0; i < PROCESSES; i++) {
		writers += shared->deeds[i].plugs > 0;
		for (size_t w = 0; w < sizeof(sum) / 8; w++)
			((uint64_t *)&sum)[w] += ((uint64_t *)&shared->deeds[i])[w];
	}
	for (int i = 0; i < 40; i++) {
		shmem = shmem_kib();
		if (shmem <= shmem_before + 256)
			break;
		nap_ms(50);
	}
	failed += verdict(good, "all processes have ended well");
	failed += verdict(writers == PROCESSES && sum.frees == sum.plugs,
		"%llu allocations by %u processes, %llu freed, %llu refused", N(sum.plugs), writers,
		N(sum.frees), N(sum.refused));
	failed += verdict(sum.must_find && sum.must_miss,
		"%llu answers, %llu that had to find, %llu that had to miss", N(sum.lookups),
		N(sum.must_find), N(sum.must_miss));
	failed += verdict(sum.holds && sum.walks && sum.whole,
		"%llu pages unchanged in sections, %llu walks with %llu whole allocations",
		N(sum.holds), N(sum.walks), N(sum.whole));
	failed += verdict(sum.events > 0, "%llu events told, each once", N(sum.events));
	failed += verdict(sum.lost == 0 && huge == huge_before && shmem <= shmem_before + 256,
		"%llu pages left in files; free hugepages %ld before, %ld after; shared memory %ld "
		"KiB before, %ld after",
		N(sum.lost), huge_before, huge, shmem_before, shmem);
	failed += verdict(rmdir(directory) == 0, "no file is left");
	return failed;
}
