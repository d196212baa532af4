/* SPDX-License-Identifier: BSD-3-Clause */
/* Eight processes on one runtime: starting them, their end, and what is left then. */

#include <dirent.h>
#include <getopt.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "runtime.h"
#include "shared.h"

#define LISTENERS        2
#define HUGEPAGES_NEEDED 96

struct stress_options options = {.seconds = 60};
struct shared *shared;
struct deeds *deeds;

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

static void on_fault(int signal, siginfo_t *info, void *context)
{
	(void)context;
	stress_fail("recycled", "signal %d at %p: memory that was found is gone", signal,
		info->si_addr);
	_exit(1);
}

void nap_ms(unsigned int ms)
{
	nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
}

/* ---- One of the processes ---- */

/* Wait until a number of them have come so far; false when that takes too long. */
static bool meet(uint32_t *count, uint32_t all)
{
	for (int ms = 0; ms < 30000; ms++) {
		if (rcu_load_acquire(count) >= all) /* Pairs with the adds of the others. */
			return true;
		nap_ms(1);
	}
	stress_fail("wrong", "the others do not come");
	return false;
}

static int join_in(unsigned int process)
{
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.prefix = "stress",
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = RTE_PGSIZE_4K | (options.large ? RTE_PGSIZE_2M : 0),
		.list_len = 1ull << 30,
		.max_lists = 64,
		.max_readers = 64,
		.free_timeout_ms = 5,
	};

	if (rcumem_init(&opts)) {
		stress_fail("wrong", "rcumem_init: errno %d", rte_errno);
		return -1;
	}
	return process < LISTENERS ? view_begin() : 0;
}

/* The first one: where the lists are. */
static void find_fields(void)
{
	uint64_t sizes[SIZES] = {RTE_PGSIZE_4K, RTE_PGSIZE_2M};

	for (unsigned int i = 0; i < (options.large ? 2u : 1u); i++) {
		void *va = rcumem_pages_alloc(sizes[i], sizes[i], SOCKET_ID_ANY, 0);
		struct field *field = &shared->fields[shared->n_fields];

		if (!va)
			continue;
		field->page_sz = sizes[i];
		field->base = (uint64_t)(uintptr_t)rte_mem_virt2memseg_list(va)->base_va;
		rcumem_pages_free(va, sizes[i]);
		shared->n_fields++;
	}
}

/* The last one: pages that the lists' files still have when all was given back. */
static uint64_t pages_left(void)
{
	const struct region *region = runtime_region();
	uint64_t left = 0;

	for (unsigned int i = 0; i < shared->n_fields; i++) {
		uint64_t page_sz = shared->fields[i].page_sz;
		void *va = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);

		if (rcumem_synchronize(1000) == 0 && va) /* Then whatever waits is reclaimed. */
			rcumem_pages_free(va, page_sz);
	}
	for (uint32_t i = 0; i < region->n_internal; i++) {
		struct stat st;

		if (fstat(runtime.list_fds[i], &st) == 0)
			left += (uint64_t)st.st_blocks * 512 >> region->states[i].page_shift;
	}
	return left;
}

static int process_main(unsigned int process, uint64_t seed)
{
	uint64_t seeds[2] = {random_u64(&seed), random_u64(&seed)};
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};
	pthread_t reader;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
	deeds = &shared->deeds[process];
	if (process && !meet(&shared->ready, 1))
		return 1;
	if (join_in(process))
		return 1;
	if (process == 0)
		find_fields();
	rcu_add_fetch_seq_cst(&shared->ready, 1); /* Pairs with meet(). */
	if (!meet(&shared->ready, PROCESSES))
		return 1;
	pthread_create(&reader, NULL, reader_half, &seeds[0]);
	writer_half(seeds[1]);
	pthread_join(reader, NULL);
	rcu_add_fetch_seq_cst(&shared->done, 1); /* Pairs with meet(). */
	if (!stress_failed() && meet(&shared->done, PROCESSES)) {
		if (process < LISTENERS)
			view_end();
		if (process == 0)
			deeds->lost = pages_left();
	}
	if (rcumem_fini())
		stress_fail("wrong", "rcumem_fini: errno %d", rte_errno);
	return stress_failed();
}

/* ---- The parent, which has no runtime ---- */

static bool run(void)
{
	pid_t pids[PROCESSES];
	uint64_t seed = options.seed;
	bool good = true;
	int status;

	for (unsigned int i = 0; i < PROCESSES; i++) {
		uint64_t own = random_u64(&seed);

		pids[i] = fork();
		if (pids[i] == 0)
			_exit(process_main(i, own));
	}
	for (unsigned int s = 0; s < options.seconds * 10 && !stress_over(); s++)
		nap_ms(100);
	rcu_store_relaxed(&shared->over, 1);
	for (unsigned int i = 0; i < PROCESSES; i++) {
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
	"Usage: stress-processes [--seconds N] [--pages 4k|both|auto] [--seed N]\n";

static void take_options(int argc, char **argv)
{
	static const struct option known[] = {{"seconds", required_argument, NULL, 's'},
		{"pages", required_argument, NULL, 'p'}, {"seed", required_argument, NULL, 'r'},
		{"help", no_argument, NULL, 'h'}, {0}};
	const char *pages = "auto";
	int option;

	options.seed = (uint64_t)time(NULL) << 20 ^ (uint64_t)getpid();
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (option == 's')
			options.seconds = (unsigned int)strtoul(optarg, NULL, 0);
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
	long huge, shmem;

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
	huge = hugepages_free();
	shmem = shmem_kib();
	printf("seed %#llx, %d processes, %u s, pages of 4 KiB%s\n",
		(unsigned long long)options.seed, PROCESSES, options.seconds,
		options.large ? " and 2 MiB" : "");
	return report_all(directory, run(), huge, shmem) != 0;
}
