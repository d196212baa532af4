/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "callback.h"
#include "external.h"
#include "lookup.h"
#include "silent.h"
#include "verdict.h"

struct stress_options options = {.seconds = 60, .readers = 1, .at_least = 1000};

static const char usage[] =
	"Usage: stress [OPTION]...\n"
	"\n"
	"Plug and unplug pages beside readers that check every answer.\n"
	"\n"
	"      --seconds N   how long (60); longer, up to ten times, where a count is too small\n"
	"      --readers N   threads of each kind, 1 to 8 (1)\n"
	"      --pages SIZE  4k, 2m, both, or auto: both where hugepages are free (auto)\n"
	"      --iova MODE   va or pa (va); pa needs root\n"
	"      --seed N      repeat a run's random choices\n"
	"      --at-least N  re-plugs within 1 ms, and lookups that straddle one (1000)\n"
	"\n"
	"Exit status: 0 all right, 1 not, 2 wrong usage, 77 not possible here.\n";

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

uint64_t random_u64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* ---- Options ---- */

#define HUGEPAGES_NEEDED 64

static long hugepages_free(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	long n = 0;

	if (file && fscanf(file, "%ld", &n) != 1)
		n = 0;
	if (file)
		fclose(file);
	return n;
}

static bool take_pages(const char *size)
{
	bool autom = strcmp(size, "auto") == 0;

	options.small = autom || strcmp(size, "4k") == 0 || strcmp(size, "both") == 0;
	options.large = strcmp(size, "2m") == 0 || strcmp(size, "both") == 0 ||
			(autom && hugepages_free() >= HUGEPAGES_NEEDED);
	return options.small || options.large;
}

static bool take_option(int option)
{
	switch (option) {
	case 's':
		options.seconds = (unsigned int)strtoul(optarg, NULL, 0);
		return options.seconds > 0;
	case 't':
		options.readers = (unsigned int)strtoul(optarg, NULL, 0);
		return options.readers > 0 && options.readers <= READERS_MAX;
	case 'p':
		return take_pages(optarg);
	case 'i':
		options.pa = strcmp(optarg, "pa") == 0;
		return options.pa || strcmp(optarg, "va") == 0;
	case 'r':
		options.seed = strtoull(optarg, NULL, 0);
		return true;
	case 'n':
		options.at_least = strtoull(optarg, NULL, 0);
		return true;
	default:
		return false;
	}
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {
		{"seconds", required_argument, NULL, 's'},
		{"readers", required_argument, NULL, 't'},
		{"pages", required_argument, NULL, 'p'},
		{"iova", required_argument, NULL, 'i'},
		{"seed", required_argument, NULL, 'r'},
		{"at-least", required_argument, NULL, 'n'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};
	int option;

	options.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	take_pages("auto");
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 'h') {
			fputs(usage, stdout);
			exit(0);
		}
		if (!take_option(option)) {
			fputs(usage, stderr);
			exit(2);
		}
	}
}

/* ---- The run ---- */

static void start(void)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.iova_mode = options.pa ? RCUMEM_IOVA_PA : RCUMEM_IOVA_VA,
		.page_sizes = RTE_PGSIZE_4K | (options.large ? RTE_PGSIZE_2M : 0),
		.list_len = 1ull << 30,
		.max_lists = 64,
		.max_readers = 64,
		.free_timeout_ms = 5,
	};

	/* Pages of 4 KiB have no physical IO address: nothing to look up by it. */
	if ((options.large && hugepages_free() < HUGEPAGES_NEEDED) ||
		(options.pa && !options.large)) {
		printf("skipped: %ld hugepages of 2 MiB are free, %d are needed\n",
			hugepages_free(), HUGEPAGES_NEEDED);
		exit(77);
	}
	setenv("RCUMEM_LOG", "error",
		0); /* Each reader that is waited for in vain would be told. */
	if (rcumem_init(&opts)) {
		printf("%s: rcumem_init: %s\n", rte_errno == EPERM ? "skipped" : "FAILED",
			strerror(rte_errno));
		exit(rte_errno == EPERM ? 77 : 1);
	}
	if (model_init() || external_init()) {
		printf("FAILED: no memory to begin with\n");
		exit(1);
	}
	report_signals();
}

static void tally_add(struct tally *sum, const struct tally *one)
{
	const uint64_t *from = (const uint64_t *)one;
	uint64_t *to = (uint64_t *)sum;

	for (size_t i = 0; i < sizeof(*sum) / sizeof(*to); i++)
		to[i] += from[i];
}

static void pass_time(void)
{
	uint64_t until = now_ns() + options.seconds * 1000000000ull;
	struct timespec nap = {.tv_nsec = 20000000};

	while (now_ns() < until && !stress_over())
		nanosleep(&nap, NULL);
	stress_end();
}

/* The last one is patient, the others are of the kinds in turn. */
static void reader_start(
	struct reader_start *start, pthread_t *thread, unsigned int i, bool patient, uint64_t seed)
{
	static const struct {
		void *(*main)(void *);
		const char *name;
	} kinds[KINDS + 1] = {
		{section_reader_main, "section reader"},
		{qsbr_reader_main, "QSBR reader"},
		{walk_reader_main, "walking reader"},
		{callback_reader_main, "reader in callbacks"},
		{patient_reader_main, "patient reader"},
	};
	unsigned int kind = patient ? KINDS : i % KINDS;

	*start = (struct reader_start){.reader = i, .seed = seed};
	snprintf(start->name, sizeof(start->name), "%s %u", kinds[kind].name, i / KINDS + 1);
	pthread_create(thread, NULL, kinds[kind].main, start);
}

static void run(uint64_t *seed, struct tally *sum)
{
	static void *(*const writers[])(void *) = {writer_main, external_main, nasty_main};
	static struct reader_start starts[READERS + 1];
	pthread_t threads[READERS + 1], writing[3];
	uint64_t seeds[3];
	unsigned int n = options.readers * KINDS;

	stress_begin();
	pause_possible();
	silent_possible();
	for (unsigned int i = 0; i < 3; i++) {
		seeds[i] = random_u64(seed);
		pthread_create(&writing[i], NULL, writers[i], &seeds[i]);
	}
	for (unsigned int i = 0; i <= n; i++)
		reader_start(&starts[i], &threads[i], i, i == n, random_u64(seed));
	pass_time();
	for (unsigned int i = 0; i < 3; i++)
		pthread_join(writing[i], NULL);
	for (unsigned int i = 0; i <= n; i++) {
		pthread_join(threads[i], NULL);
		tally_add(sum, &starts[i].tally);
	}
	events_end(sum);
}

int main(int argc, char **argv)
{
	struct tally sum = {0};
	unsigned int rounds = 0;
	uint64_t seed;
	int failed;

	setvbuf(stdout, NULL, _IOLBF, 0);
	take_options(argc, argv);
	start();
	printf("seed %#llx, %u s, %u readers of each kind, pages of%s%s, IO addresses %s\n",
		(unsigned long long)options.seed, options.seconds, options.readers,
		options.small ? " 4 KiB" : "", options.large ? " 2 MiB" : "",
		options.pa ? "physical" : "virtual");
	seed = options.seed;
	do
		run(&seed, &sum);
	while (++rounds < ROUNDS && !stress_failed() && report(NULL, &sum));
	if (rounds > 1)
		printf("        %u times as long: a count was too small\n", rounds);
	failed = stress_failed() ? 1 + report_ages(stdout, &sum) : report(stdout, &sum);
	if (rcumem_fini()) {
		printf("FAILED  rcumem_fini: errno %d\n", rte_errno);
		failed++;
	}
	return failed != 0;
}
