/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight processes on one runtime: starting them, their end, and what is left then. */

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "shared.h"
#include "verdict.h"

#define HUGEPAGES_NEEDED 96

struct stress_options options = {.seconds = 60, .readers = 1, .processes = PROCESSES_MAX};
struct shared *shared;

static char directory[64];

uint64_t random_u64(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

bool stress_over(void)
{
	return rcu_load_relaxed(&shared->over); /* Relaxed, here and below: some time. */
}

bool stress_failed(void)
{
	return rcu_load_relaxed(&shared->failed);
}

void stress_fail(const char *kind, const char *format, ...)
{
	va_list args;
	char text[400];

	if (!rcu_cas_acq_rel(&shared->failed, 0, 1)) /* Pairs with nothing. */
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	printf("FAILED %s: process %d: %s (seed %#llx)\n", kind, (int)getpid(), text,
		(unsigned long long)options.seed);
	fflush(stdout);
	rcu_store_relaxed(&shared->over, 1);
}

void nap_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- The parent, which has no runtime ---- */

static void pass_time(void)
{
	unsigned int tenths = 0, most = options.seconds * 10 * ROUNDS;

	for (; tenths < most && !stress_over(); tenths++) {
		if (tenths >= options.seconds * 10 && !report_missed())
			break;
		nap_ms(100);
	}
	if (tenths > options.seconds * 10)
		printf("        after %u.%u s: a count was too small\n", tenths / 10, tenths % 10);
}

static bool run(void)
{
	pid_t pids[PROCESSES_MAX];
	uint64_t seed = options.seed;
	bool good = true;
	int status;

	for (unsigned int i = 0; i < options.processes; i++) {
		uint64_t own = random_u64(&seed);

		pids[i] = fork();
		if (pids[i] == 0)
			_exit(process_main(i, own));
	}
	pass_time();
	rcu_store_relaxed(&shared->over, 1);
	for (unsigned int i = 0; i < options.processes; i++) {
		for (int ms = 0; ms < 60000 && waitpid(pids[i], &status, WNOHANG) == 0; ms++) {
			nap_ms(1);
			if (ms == 59998) {
				printf("FAILED  process %u hangs\n", i);
				kill(pids[i], SIGKILL);
				waitpid(pids[i], &status, 0);
				good = false;
				break;
			}
		}
		good &= WIFEXITED(status) && WEXITSTATUS(status) == 0;
	}
	return good && !stress_failed();
}

static const char usage[] =
	"Usage: stress-processes [OPTION]...\n"
	"\n"
	"Processes that share a runtime plug and unplug pages beside readers.\n"
	"\n"
	"      --seconds N    how long (60); longer, up to ten times, where a count is too small\n"
	"      --processes N  2 to 8 (8)\n"
	"      --readers N    threads of each kind in each process, 1 to 8 (1)\n"
	"      --pages SIZE   4k, both, or auto (auto)\n"
	"      --seed N       repeat a run's random choices\n"
	"\n"
	"Exit status: 0 all right, 1 not, 2 wrong usage.\n";

static void take_number(int option)
{
	unsigned long n = strtoul(optarg, NULL, 0);

	if (option == 's')
		options.seconds = (unsigned int)n;
	else if (option == 'n' && n >= 2 && n <= PROCESSES_MAX)
		options.processes = (unsigned int)n;
	else if (option == 't' && n >= 1 && n <= READERS_MAX)
		options.readers = (unsigned int)n;
	else {
		fputs(usage, stderr);
		exit(2);
	}
}

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {{"seconds", required_argument, NULL, 's'},
		{"processes", required_argument, NULL, 'n'},
		{"readers", required_argument, NULL, 't'}, {"pages", required_argument, NULL, 'p'},
		{"seed", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *pages = "auto";
	int option;

	options.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 's' || option == 'n' || option == 't')
			take_number(option);
		else if (option == 'p')
			pages = optarg;
		else if (option == 'r')
			options.seed = strtoull(optarg, NULL, 0);
		else {
			fputs(usage, option == 'h' ? stdout : stderr);
			exit(option == 'h' ? 0 : 2);
		}
	}
	options.large = strcmp(pages, "both") == 0 ||
			(strcmp(pages, "auto") == 0 && hugepages_free() >= HUGEPAGES_NEEDED);
}

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	take_options(argc, argv);
	snprintf(directory, sizeof(directory), "/tmp/rcumem-stress-XXXXXX");
	if (!mkdtemp(directory) || setenv("RCUMEM_RUNTIME_DIR", directory, 1))
		return 1;
	setenv("RCUMEM_LOG", "error", 0);
	shared = mmap(
		NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED)
		return 1;
	memset(shared, 0, sizeof(*shared));
	printf("seed %#llx, %u processes, %u readers of each kind, %u s, pages of 4 KiB%s\n",
		(unsigned long long)options.seed, options.processes, options.readers,
		options.seconds, options.large ? " and 2 MiB" : "");
	return report_all(directory, run()) != 0;
}
