/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugs so large that several threads clear their pages. */

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <sys/mman.h>

#include "support.h"

static size_t large_n(void)
{
	return page_sz == RTE_PGSIZE_4K ? 16384 : 24;
}

static bool all_zero(const char *at, size_t len)
{
	return at[0] == 0 && memcmp(at, at + 1, len - 1) == 0;
}

/* ---- The pages ---- */

/* Bit 63 of its word in pagemap: mapped here, so that its first use takes no fault. */
static bool all_mapped(const char *pages, size_t n)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	bool all = fd >= 0;

	for (size_t i = 0; i < n && all; i++) {
		uint64_t word = 0;
		off_t at = (off_t)(((uintptr_t)pages + i * page_sz) / (4 * KIB) * sizeof(word));

		all = pread(fd, &word, sizeof(word), at) == sizeof(word) && word >> 63;
	}
	if (fd >= 0)
		close(fd);
	return all;
}

static void much_memory_comes_mapped_and_cleared(void **state)
{
	size_t n = large_n();

	(void)state;
	for (int round = 0; round < 2; round++) {
		char *pages = pages_get(n);

		assert_true(all_mapped(pages, n));
		assert_true(all_zero(pages, n * page_sz));
		memset(pages, 0xa5, n * page_sz);
		pages_put(pages, n);
	}
}

/* ---- The threads ---- */

/* Threads of this process; the number, and what the newest other than `known` may run on. */
static int threads_now(int known, int *cpus_of_other)
{
	DIR *dir = opendir("/proc/self/task");
	const struct dirent *entry;
	int n = 0;

	while (dir && (entry = readdir(dir))) {
		int tid = atoi(entry->d_name);
		cpu_set_t cpus;

		if (tid == 0)
			continue;
		n++;
		if (cpus_of_other && tid > known &&
			sched_getaffinity(tid, sizeof(cpus), &cpus) == 0 &&
			CPU_COUNT(&cpus) > *cpus_of_other)
			*cpus_of_other = CPU_COUNT(&cpus);
	}
	if (dir)
		closedir(dir);
	return n;
}

struct watch {
	bool stop; /* Atomic. */
	int most;  /* Threads. */
	int cpus;  /* That one of them could run on. */
};

static void *watch_threads(void *arg)
{
	struct watch *watch = arg;
	int self = gettid();

	while (!__atomic_load_n(&watch->stop, __ATOMIC_RELAXED)) {
		int n = threads_now(self, &watch->cpus);

		watch->most = n > watch->most ? n : watch->most;
	}
	return NULL;
}

/* Plug and unplug while another thread looks for helpers. */
static struct watch watch_plugs(void)
{
	struct watch watch = {0};
	pthread_t watcher;

	if (pthread_create(&watcher, NULL, watch_threads, &watch))
		return watch;
	for (int i = 0; i < 50; i++) {
		char *pages = rcumem_pages_alloc(large_n() * page_sz, page_sz, SOCKET_ID_ANY, 0);

		if (pages)
			rcumem_pages_free(pages, large_n() * page_sz);
	}
	__atomic_store_n(&watch.stop, true, __ATOMIC_RELAXED);
	pthread_join(watcher, NULL);
	return watch;
}

/* A reader may be pinned to any CPU that is not the caller's. */
static void helpers_run_where_the_caller_may_and_end_with_the_call(void **state)
{
	cpu_set_t all, one;
	struct watch watch;
	int before;

	(void)state;
	assert_int_equal(sched_getaffinity(0, sizeof(all), &all), 0);
	if (CPU_COUNT(&all) < 2)
		skip();
	before = threads_now(0, NULL);
	CPU_ZERO(&one);
	for (int cpu = 0; CPU_COUNT(&one) == 0; cpu++)
		if (CPU_ISSET(cpu, &all))
			CPU_SET(cpu, &one);
	watch = watch_plugs();
	assert_true(watch.most > before + 1);
	assert_int_equal(watch.cpus, CPU_COUNT(&all));
	sched_setaffinity(0, sizeof(one), &one);
	watch = watch_plugs();
	sched_setaffinity(0, sizeof(all), &all);
	assert_int_equal(watch.most, before + 1); /* With the one that watches. */
	/* A thread that was joined is listed for a moment more. */
	for (int i = 0; i < 1000 && threads_now(0, NULL) > before; i++)
		sleep_ms(1);
	assert_int_equal(threads_now(0, NULL), before);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(much_memory_comes_mapped_and_cleared),
		CASE(helpers_run_where_the_caller_may_and_end_with_the_call),
	};

	return RUN_CASES("os_fill", cases);
}
