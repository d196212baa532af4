/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One side of tools/bench-dpdk: reads "ROW THREADS" lines on
 * stdin and answers each with one sample.
 *
 * A sample is taken on two CPUs: with THREADS 1 on the one, then on the other;
 * with THREADS 2 on both at once.  The answer is "NS NS REDONE": nanoseconds
 * an operation on either CPU, and how many times the sample had to be taken
 * again because another program preempted a thread.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "peer.h"

#define SAMPLE_NS 2000000u /* A sample must fit between two preemptions. */
#define REDO_MAX  5u       /* Then the machine is too busy: the sample is taken as it is. */

/* One timed thread. */
struct timed {
	const struct peer_row *row;
	uint64_t laps;
	unsigned int count; /* Threads of this sample. */
	int cpu;
	double ns;      /* Out: for an operation. */
	bool preempted; /* Out. */
	bool wrong;     /* Out: an answer was not the right one. */
};

static atomic_uint started, finished;
static int cpus[2];
static unsigned int cpu_cnt;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void *timed_run(void *arg)
{
	struct timed *self = arg;
	cpu_set_t set;
	uint64_t begin, sum;
	long before;

	CPU_ZERO(&set);
	CPU_SET(self->cpu, &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
	sum = self->row->loop(1);
	self->wrong = sum != self->row->lap_checksum;
	/* Start together: a thread that ran ahead would have the machine to itself. */
	atomic_fetch_add(&started, 1);
	while (atomic_load(&started) < self->count)
		;
	before = preemptions();
	begin = now_ns();
	sum = self->row->loop(self->laps);
	self->ns = (double)(now_ns() - begin) / (double)(self->laps * self->row->lap_ops);
	self->preempted = preemptions() != before;
	self->wrong |= sum != self->row->lap_checksum * self->laps;
	/* Keep the others company until the last one has its figure. */
	atomic_fetch_add(&finished, 1);
	while (atomic_load(&finished) < self->count)
		self->row->loop(1);
	return NULL;
}

/* Run `count` threads at once. */
static int timed_start(struct timed *timed, unsigned int count)
{
	pthread_t threads[2];

	atomic_store(&started, 0);
	atomic_store(&finished, 0);
	for (unsigned int i = 0; i < count; i++) {
		timed[i].count = count;
		if (pthread_create(&threads[i], NULL, timed_run, &timed[i])) {
			fprintf(stderr, "peer: no thread\n");
			return -1;
		}
	}
	for (unsigned int i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
	for (unsigned int i = 0; i < count; i++) {
		if (timed[i].wrong) {
			fprintf(stderr, "peer: %s gave a wrong answer\n", timed[i].row->name);
			return -1;
		}
	}
	return 0;
}

/* Take one sample until nobody was preempted; counts the repeats in `*redone`. */
static int sample(struct timed *timed, unsigned int count, unsigned int *redone)
{
	for (unsigned int tries = 0;; tries++) {
		bool preempted = false;

		if (timed_start(timed, count))
			return -1;
		for (unsigned int i = 0; i < count; i++)
			preempted |= timed[i].preempted;
		if (!preempted || tries == REDO_MAX)
			return 0;
		(*redone)++;
	}
}

/* Laps that take SAMPLE_NS, for this row and number of threads. */
static uint64_t calibrate(const struct peer_row *row, unsigned int threads)
{
	struct timed timed[2] = {
		{.row = row, .laps = 1, .cpu = cpus[0]}, {.row = row, .laps = 1, .cpu = cpus[1]}};
	double lap_ns;

	for (;;) {
		if (timed_start(timed, threads))
			return 0;
		lap_ns = timed[0].ns * row->lap_ops;
		if (lap_ns * (double)timed[0].laps * 4 >= SAMPLE_NS)
			break;
		timed[0].laps *= 4;
		timed[1].laps *= 4;
	}
	return lap_ns >= SAMPLE_NS ? 1 : (uint64_t)(SAMPLE_NS / lap_ns);
}

static int answer(const struct peer_row *row, unsigned int index, unsigned int threads)
{
	static uint64_t laps[32][2]; /* By row and threads - 1; 0 until calibrated. */
	struct timed timed[2] = {{.row = row, .cpu = cpus[0]}, {.row = row, .cpu = cpus[1]}};
	unsigned int redone = 0;
	int err;

	if (!laps[index][threads - 1])
		laps[index][threads - 1] = calibrate(row, threads);
	timed[0].laps = timed[1].laps = laps[index][threads - 1];
	if (!timed[0].laps)
		return -1;
	if (threads == 2)
		err = sample(timed, 2, &redone);
	else
		err = sample(&timed[0], 1, &redone) || sample(&timed[1], 1, &redone) ? -1 : 0;
	if (!err)
		printf("%.4f %.4f %u\n", timed[0].ns, timed[1].ns, redone);
	return err;
}

/* The first two CPUs that this process may use; the same one twice when there is only one. */
static void find_cpus(void)
{
	cpu_set_t set;

	sched_getaffinity(0, sizeof(set), &set);
	for (int cpu = 0; cpu < CPU_SETSIZE && cpu_cnt < 2; cpu++)
		if (CPU_ISSET(cpu, &set))
			cpus[cpu_cnt++] = cpu;
	if (cpu_cnt == 1)
		cpus[1] = cpus[0];
}

static int serve(void)
{
	char name[32];
	unsigned int threads;

	while (scanf("%31s %u", name, &threads) == 2) {
		unsigned int index = 0;

		while (index < peer_row_cnt && strcmp(peer_rows[index].name, name))
			index++;
		if (index == peer_row_cnt || threads < 1 || threads > cpu_cnt) {
			fprintf(stderr, "peer: no such row: %s %u\n", name, threads);
			return -1;
		}
		if (answer(&peer_rows[index], index, threads))
			return -1;
		fflush(stdout);
	}
	return 0;
}

int peer_main(int argc, char **argv)
{
	int err;

	find_cpus(); /* Before EAL pins this thread. */
	if (peer_start(argc, argv))
		return 1;
	if (!peer_rows_prepare()) {
		peer_stop();
		return 1;
	}
	printf("ready %u %s\n", cpu_cnt, peer_version());
	fflush(stdout);
	err = serve();
	peer_stop();
	return err ? 1 : 0;
}
