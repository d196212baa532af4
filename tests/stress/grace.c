/* SPDX-License-Identifier: BSD-3-Clause */
/* Writers, processes, and what they have seen together; grace.h says what is tortured. */

#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "grace.h"
#include "verdict.h"

#define LONGEST_NS 30000000000ull

struct grace_shared *shared;
struct rcu_domain *domain;

static struct {
	uint32_t seconds, readers, kinds, processes;
	bool fences;
	uint64_t seed;
} options = {.seconds = 10, .readers = 2, .kinds = KINDS, .processes = 1};

bool grace_over(void)
{
	return rcu_load_relaxed(&shared->over); /* Relaxed: some time is early enough. */
}

void grace_fail(const char *format, ...)
{
	char text[256];
	va_list args;

	if (!rcu_cas_acq_rel(&shared->failed, 0, 1)) /* Pairs with nothing: told once. */
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("FAILED early: process %d: %s (seed %#llx)\n", (int)getpid(), text,
		(unsigned long long)options.seed);
	fflush(stdout);
	rcu_store_relaxed(&shared->over, 1); /* Relaxed: as in grace_over(). */
}

/* ---- A writer ---- */

struct pipe {
	uint32_t writer;
	uint64_t random;
	struct element *old[OLD]; /* Replaced; the one of age i + 1 at i. */
	uint32_t next;
};

static void element_age(struct element *element, uint64_t age)
{
	rcu_store_relaxed(&element->age, age); /* Relaxed: the grace period orders. */
}

/* A grace period: by waiting for it, or by asking until it is over. */
static bool grace_period(struct pipe *pipe)
{
	uint64_t begin = grace_ns(), ticket = rcu_ticket(domain), took;
	struct rcu_culprit culprit;

	if (grace_random(&pipe->random, 8)) {
		if (rcu_wait(domain, RCU_EVERYBODY, ticket, LONGEST_NS, &culprit))
			grace_fail("a grace period does not end: process %u, thread %d",
				culprit.owner, culprit.tid);
	} else {
		while (!rcu_poll(domain, ticket, &culprit) && !grace_over())
			if (grace_ns() - begin > LONGEST_NS)
				grace_fail("a grace period is never over: process %u, thread %d",
					culprit.owner, culprit.tid);
	}
	took = grace_ns() - begin;
	if (took > rcu_load_relaxed(&shared->slowest_ns)) /* Relaxed, all: figures. */
		rcu_store_relaxed(&shared->slowest_ns, took);
	rcu_fetch_add_relaxed(&shared->grace_periods, 1);
	return !grace_over();
}

/* Publish the next element; the one before it gets into the pipe. */
static void replace(struct pipe *pipe)
{
	struct element **published = &shared->published[pipe->writer];
	struct element *before = rcu_load_relaxed(published); /* Relaxed: its own store. */
	struct element *next = &shared->elements[pipe->writer][pipe->next++ % ELEMENTS];

	element_age(next, 0);
	next->mark = (uint64_t)(uintptr_t)next;
	rcu_publish(published, next); /* Pairs with look(). */
	element_age(before, 1);
	pipe->old[0] = before;
}

static void *writer_main(void *arg)
{
	struct pipe *pipe = arg;

	while (!grace_over()) {
		replace(pipe);
		if (!grace_period(pipe))
			break;
		if (pipe->old[OLD - 1])
			pipe->old[OLD - 1]->mark = 0;
		for (uint32_t i = OLD - 1; i; i--) {
			pipe->old[i] = pipe->old[i - 1];
			if (pipe->old[i])
				element_age(pipe->old[i], i + 1);
		}
		pipe->old[0] = NULL;
		for (uint32_t i = grace_random(&pipe->random, 16); i; i--)
			rcu_cpu_relax();
	}
	return NULL;
}

/* ---- Processes ---- */

static void *time_main(void *arg)
{
	const struct timespec nap = {.tv_nsec = 20000000};
	uint64_t until = grace_ns() + options.seconds * 1000000000ull;

	/* The first process, which has attached, is alone for a while. */
	nanosleep(&nap, NULL);
	if (options.processes > 1 && rcu_share())
		grace_fail("the kernel refuses a barrier: no other process may attach");
	rcu_store_release(&shared->open, 1); /* Pairs with process_main(). */
	while (grace_ns() < until && !grace_over())
		nanosleep(&nap, NULL);
	rcu_store_relaxed(&shared->over, 1); /* Relaxed: as in grace_over(). */
	return arg;
}

static int process_main(uint32_t process)
{
	uint64_t seed = options.seed + process * 1000003 + shared->rounds * 500009;
	static struct pipe pipes[WRITERS];
	pthread_t threads[WRITERS], timer;
	bool barrier = rcu_membarrier_register() && !options.fences;

	/* Pairs with time_main(). */
	while (process && !rcu_load_acquire(&shared->open) && !grace_over())
		sched_yield();
	rcu_attach(domain, process, barrier);
	if (!process)
		pthread_create(&timer, NULL, time_main, NULL);
	for (uint32_t w = 0; process == 0 && w < WRITERS; w++) {
		pipes[w] = (struct pipe){.writer = w, .random = seed + 77 * w, .next = 1};
		pthread_create(&threads[w], NULL, writer_main, &pipes[w]);
	}
	readers_run(options.readers, options.kinds, options.processes, seed);
	for (uint32_t w = 0; process == 0 && w < WRITERS; w++)
		pthread_join(threads[w], NULL);
	if (!process)
		pthread_join(timer, NULL);
	rcu_detach();
	return 0;
}

/* Nobody is there. */
static void prepare(size_t len)
{
	memset(domain, 0, len);
	rcu_domain_init(domain, READERS_AT_ONCE);
	shared->open = shared->over = 0;
	for (uint32_t w = 0; w < WRITERS; w++) {
		struct element *first = &shared->elements[w][0];

		*first = (struct element){.mark = (uintptr_t)first};
		shared->published[w] = first;
	}
}

static bool run(void)
{
	pid_t pids[PROCESSES_MAX];
	bool good = true;
	int status;

	for (uint32_t p = 1; p < options.processes; p++) {
		pids[p] = fork();
		if (pids[p] == 0)
			_exit(prctl(PR_SET_PDEATHSIG, SIGKILL) || process_main(p));
	}
	process_main(0);
	for (uint32_t p = 1; p < options.processes; p++) {
		waitpid(pids[p], &status, 0);
		good &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good;
}

static int report(FILE *to, bool good)
{
	uint64_t old = 0;
	int failed = verdict(to, good && !shared->failed, "all processes have ended well");

	for (uint32_t kind = 0; kind < options.kinds; kind++)
		failed += verdict(to, shared->sections[kind] > 0, "%llu %s",
			(unsigned long long)shared->sections[kind], kind_names[kind]);
	for (uint32_t age = 2; age <= OLD; age++)
		old += shared->ages[age];
	failed += verdict(to, shared->ages[0] && shared->ages[1] && old == 0,
		"what was found was 0 grace periods old at the section's end %llu times, 1 %llu "
		"times, more %llu times",
		(unsigned long long)shared->ages[0], (unsigned long long)shared->ages[1],
		(unsigned long long)old);
	failed +=
		verdict(to, shared->grace_periods > OLD, "%llu grace periods, the slowest %llu us",
			(unsigned long long)shared->grace_periods,
			(unsigned long long)shared->slowest_ns / 1000);
	return failed;
}

/* ---- Options ---- */

static const char usage[] =
	"Usage: grace [OPTION]...\n"
	"\n"
	"Torture grace periods: nothing found in a section is older than one of them.\n"
	"\n"
	"      --seconds N    how long (10); longer, up to ten times, where a count is too small\n"
	"      --readers N    threads of each kind in each process, 1 to 8 (2)\n"
	"      --kinds N      sections, and QSBR, and both mixed, and short threads (4)\n"
	"      --processes N  1 to 8 (1)\n"
	"      --fences       readers fence themselves, as where the kernel has no membarrier\n"
	"      --seed N       repeat a run's random choices\n"
	"\n"
	"Exit status: 0 all right, 1 not, 2 wrong usage.\n";

static uint32_t number(uint32_t max)
{
	unsigned long n = strtoul(optarg, NULL, 0);

	if (n == 0 || n > max) {
		fputs(usage, stderr);
		exit(2);
	}
	return (uint32_t)n;
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {{"seconds", required_argument, NULL, 's'},
		{"readers", required_argument, NULL, 'n'}, {"kinds", required_argument, NULL, 'k'},
		{"processes", required_argument, NULL, 'p'}, {"fences", no_argument, NULL, 'f'},
		{"seed", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {0}};
	int option;

	options.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 's')
			options.seconds = number(1000000);
		else if (option == 'n')
			options.readers = number(READERS_MAX);
		else if (option == 'k')
			options.kinds = number(KINDS);
		else if (option == 'p')
			options.processes = number(PROCESSES_MAX);
		else if (option == 'f')
			options.fences = true;
		else if (option == 'r')
			options.seed = strtoull(optarg, NULL, 0);
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
}

int main(int argc, char **argv)
{
	size_t len = rcu_domain_size(READERS_AT_ONCE);
	bool good;

	setvbuf(stdout, NULL, _IOLBF, 0);
	take_options(argc, argv);
	domain = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (domain == MAP_FAILED || shared == MAP_FAILED)
		return 1;
	printf("seed %#llx, %u s, %u processes, %u readers of each kind, %s\n",
		(unsigned long long)options.seed, options.seconds, options.processes,
		options.readers, options.fences ? "fences" : "membarrier");
	do {
		prepare(len);
		good = run();
	} while (++shared->rounds < ROUNDS && good && !shared->failed && report(NULL, good));
	if (shared->rounds > 1)
		printf("        %u times as long: a count was too small\n", shared->rounds);
	return report(stdout, good) != 0;
}
