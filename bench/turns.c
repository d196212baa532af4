/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Usage: bench --turns first|second IN OUT PAIRS ROW=ITERATIONS...
 *
 * Two such processes, started by tools/perf on one CPU, make PAIRS pairs of
 * turns for each row, the two turns of a pair one directly after the other:
 * first second, second first, first second, ...  A byte from IN says that the
 * other has ended, one to OUT that this one has.
 *
 * On standard output, for each row: its name, and for each pair two numbers of
 * nanoseconds of the thread's own time: of the calibration kernel, and of the
 * iterations.  The kernel is the same work in each turn and has nothing of the
 * library: where it differs within a pair, the machine has changed meanwhile.
 */
#include "turns.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PAIR_MAX     100000u
#define KERNEL_STEPS 20000u /* About 10 us. */
#define OTHER_ENDED  "the other side has ended"
#define WARM_SHARE   4u /* Untimed before each turn: the caches were the other's. */

struct turn {
	uint64_t kernel_ns;
	uint64_t run_ns;
};

struct side {
	bool is_first;
	int in, out;
	unsigned int pairs;
	struct turn turns[PAIR_MAX];
};

static uint64_t own_time(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Two chains at once, so that a neighbour on the same core is felt as well as its clock. */
static uint64_t kernel(void)
{
	uint64_t begin = own_time(), x = 1, y = 2, z = 3;

	for (unsigned int i = 0; i < KERNEL_STEPS; i++) {
		x += y ^ i;
		y += 3;
		z ^= z << 1 | i;
		/* Nothing is folded into a formula. */
		__asm__ volatile("" : "+r"(x), "+r"(y), "+r"(z));
	}
	return own_time() - begin;
}

static bool take_turn(struct turn *turn, const struct bench *bench, const void *arg, uint64_t count)
{
	uint64_t begin;
	bool good;

	turn->kernel_ns = kernel();
	good = bench_run_alone(bench, arg, count / WARM_SHARE + 1);
	begin = own_time();
	good = bench_run_alone(bench, arg, count) && good;
	turn->run_ns = own_time() - begin;
	return good;
}

/* Who had the second turn of a pair has the first of the next, and need not wait. */
static const char *take_turns(
	struct side *side, const struct bench *bench, const void *arg, uint64_t count)
{
	char byte = 0;

	for (unsigned int i = 0; i < side->pairs; i++) {
		bool is_mine = side->is_first == (i % 2 == 0);

		if (!is_mine && read(side->in, &byte, 1) != 1)
			return OTHER_ENDED;
		if (!take_turn(&side->turns[i], bench, arg, count))
			return "a wrong answer";
		if (is_mine && write(side->out, &byte, 1) != 1)
			return OTHER_ENDED;
	}
	return NULL;
}

static const char *measure(struct side *side, char *row)
{
	char *equals = strrchr(row, '=');
	uint64_t count = equals ? strtoull(equals + 1, NULL, 10) : 0;
	const struct bench *bench;
	const char *why;
	const void *arg;

	if (!count)
		return "no number of iterations";
	*equals = '\0';
	bench = bench_find(row, &arg);
	if (!bench || bench->sampled)
		return "no such row";
	why = bench->setup(arg);
	why = why ? why : take_turns(side, bench, arg, count);
	if (why)
		return why;
	if (bench->teardown)
		bench->teardown(arg);
	printf("%s", row);
	for (unsigned int i = 0; i < side->pairs; i++)
		printf(" %llu %llu", (unsigned long long)side->turns[i].kernel_ns,
			(unsigned long long)side->turns[i].run_ns);
	printf("\n");
	return NULL;
}

int turns_main(int argc, char **argv)
{
	static struct side side;

	if (argc < 5) {
		fprintf(stderr,
			"Usage: bench --turns first|second IN OUT PAIRS ROW=ITERATIONS...\n");
		return 2;
	}
	side.is_first = strcmp(argv[0], "first") == 0;
	signal(SIGPIPE, SIG_IGN); /* It is told instead. */
	side.in = atoi(argv[1]);
	side.out = atoi(argv[2]);
	side.pairs = (unsigned int)atoi(argv[3]);
	/* Even: then the first side, which has the last turn, goes on with the next row. */
	if (side.pairs == 0 || side.pairs % 2 || side.pairs > PAIR_MAX) {
		fprintf(stderr, "bench: PAIRS is even and %u at most\n", PAIR_MAX);
		return 2;
	}
	for (int i = 4; i < argc; i++) {
		const char *why = measure(&side, argv[i]);

		if (why) {
			fprintf(stderr, "bench: %s: %s\n", argv[i], why);
			return 1;
		}
	}
	return 0;
}
