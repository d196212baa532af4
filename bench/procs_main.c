/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands of a process of tools/bench-processes; numbers are decimal.
 *
 *   start                 ok MICROSECONDS VERSION   start or join the runtime
 *   alloc LEN PAGE_SZ     ok MICROSECONDS ADDR      and write MARK into each page
 *   free ADDR LEN         ok MICROSECONDS
 *   touch ADDR LEN STEP   ok                        each byte there must be MARK
 *   idle                  ok SEGMENTS               an offline reader, and a thread that
 *                                                   walks once and sleeps
 *   listen                ok                        register an event callback
 *   events                ok ALLOCATED FREED        bytes that it was told of
 *   enter, leave          ok                        a read section
 *   quarantined           ok BYTES                  freed, waiting for readers
 *
 * The end of stdin ends the process.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_memory.h>

#include "procs.h"

#define MARK 0xa5u

/* A command: its answer is printed, or the reason of its failure returned. */
struct command {
	const char *name;
	const char *(*run)(uint64_t a, uint64_t b, uint64_t c);
};

static int arg_cnt;
static char **args;
static bool started;
static atomic_ullong told[2]; /* Bytes by enum rte_mem_event. */
static atomic_int walked = -1;

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

/* This thread on the first CPU, where EAL's command line puts its own; others go anywhere. */
static void pin(void)
{
	cpu_set_t set, one;
	int cpu = 0;

	sched_getaffinity(0, sizeof(set), &set);
	while (cpu < CPU_SETSIZE && !CPU_ISSET(cpu, &set))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	sched_setaffinity(0, sizeof(one), &one);
}

static const char *run_start(uint64_t a, uint64_t b, uint64_t c)
{
	double begin = now_us(), end;

	if (procs_start(arg_cnt, args))
		return procs_error();
	end = now_us();
	started = true;
	pin();
	printf("ok %.2f %s\n", end - begin, procs_version());
	return NULL;
}

static const char *run_alloc(uint64_t len, uint64_t page_sz, uint64_t c)
{
	uint64_t before = rte_eal_get_physmem_size();
	double begin = now_us(), end;
	char *addr = procs_alloc(len, page_sz);

	end = now_us();
	if (!addr)
		return procs_error();
	if (rte_eal_get_physmem_size() != before + len)
		return "the allocation did not plug as many bytes";
	for (uint64_t off = 0; off < len; off += page_sz)
		*(volatile unsigned char *)(addr + off) = MARK;
	printf("ok %.2f %ju\n", end - begin, (uintmax_t)(uintptr_t)addr);
	return NULL;
}

static const char *run_free(uint64_t addr, uint64_t len, uint64_t c)
{
	uint64_t before = rte_eal_get_physmem_size();
	double begin = now_us(), end;

	if (procs_free((void *)(uintptr_t)addr, len))
		return procs_error();
	end = now_us();
	if (rte_eal_get_physmem_size() != before - len)
		return "the free did not unplug as many bytes";
	printf("ok %.2f\n", end - begin);
	return NULL;
}

static const char *run_touch(uint64_t addr, uint64_t len, uint64_t step)
{
	for (uint64_t off = 0; off < len; off += step)
		if (*(volatile unsigned char *)(uintptr_t)(addr + off) != MARK)
			return "a byte is not what the other process wrote";
	puts("ok");
	return NULL;
}

static int count_segment(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	++*(int *)arg;
	return 0;
}

static void *walk_and_sleep(void *arg)
{
	int n = 0;

	rte_memseg_walk(count_segment, &n);
	atomic_store(&walked, n);
	while (pause())
		;
	return NULL;
}

static const char *run_idle(uint64_t a, uint64_t b, uint64_t c)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	pthread_t thread;

	if (procs_be_offline_reader())
		return procs_error();
	if (pthread_create(&thread, NULL, walk_and_sleep, NULL))
		return "no thread";
	while (atomic_load(&walked) < 0)
		nanosleep(&moment, NULL);
	printf("ok %d\n", atomic_load(&walked));
	return NULL;
}

static void count_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	atomic_fetch_add(&told[event], len);
}

static const char *run_listen(uint64_t a, uint64_t b, uint64_t c)
{
	if (rte_mem_event_callback_register("bench", count_event, NULL))
		return "the callback is refused";
	puts("ok");
	return NULL;
}

static const char *run_events(uint64_t a, uint64_t b, uint64_t c)
{
	printf("ok %llu %llu\n", atomic_load(&told[RTE_MEM_EVENT_ALLOC]),
		atomic_load(&told[RTE_MEM_EVENT_FREE]));
	return NULL;
}

static const char *run_enter(uint64_t a, uint64_t b, uint64_t c)
{
	if (procs_enter())
		return procs_error();
	puts("ok");
	return NULL;
}

static const char *run_leave(uint64_t a, uint64_t b, uint64_t c)
{
	procs_leave();
	puts("ok");
	return NULL;
}

static const char *run_quarantined(uint64_t a, uint64_t b, uint64_t c)
{
	printf("ok %zu\n", procs_quarantined());
	return NULL;
}

static const struct command commands[] = {
	{"start", run_start},
	{"alloc", run_alloc},
	{"free", run_free},
	{"touch", run_touch},
	{"idle", run_idle},
	{"listen", run_listen},
	{"events", run_events},
	{"enter", run_enter},
	{"leave", run_leave},
	{"quarantined", run_quarantined},
};

static const char *answer(const char *line)
{
	unsigned long long n[3] = {0};
	char name[16];

	if (sscanf(line, "%15s %llu %llu %llu", name, &n[0], &n[1], &n[2]) >= 1)
		for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
			if (!strcmp(commands[i].name, name))
				return commands[i].run(n[0], n[1], n[2]);
	return "no such command";
}

int main(int argc, char **argv)
{
	char line[128];

	arg_cnt = argc;
	args = argv;
	while (fgets(line, sizeof(line), stdin)) {
		const char *why = answer(line);

		if (why)
			printf("failed %s\n", why);
		fflush(stdout);
	}
	if (started)
		procs_stop();
	return 0;
}
