/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Does a reader notice that memory is plugged and unplugged beside it?
 *
 * Batches of 64 lookups are timed one by one on one CPU; on another a page is
 * plugged and unplugged 1000 times a second.  Phases with and without these
 * changes alternate every 100 ms, for a hypervisor takes the CPU away without a
 * trace: both sides then lose as much.  The idle phases are the figures that
 * begin with "idle_".  In the rows "changes:0" there are no changes in either:
 * how far the two sides are apart there is what the machine makes of nothing.
 *
 * One long interruption makes the maximum of a run, so "phase_max_" is there too:
 * of the longest batch of each phase, the median and the rest.
 *
 * Batches that may have been preempted (the thread was switched out against its
 * will, or waited for its CPU) are only counted.
 */
#include "all.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "baseline_scan.h"
#include "page_engines.h"
#include "shim.h"
#include "world.h"

#define BATCH     64u
#define SEGMENTS  256u
#define PHASE_NS  100000000u
#define CHANGE_NS 1000000u /* From one change to the next. */
#define GROUP_NS  1000000u /* Asking whether there was a preemption takes microseconds. */
#define GROUP_MAX 1024u

struct beside {
	const struct page_engine *engine; /* Whose pages change. */
	void *(*iova2virt)(rte_iova_t iova);
	size_t page_sz;
	bool changes;
};

/* The thread that changes; `wanted` is the reader's, the rest its own. */
static struct {
	pthread_t thread;
	atomic_bool stop, wanted, changing, failed;
	atomic_uint_fast64_t changes;
} changer;

/* ---- The thread that changes ---- */

static void change(const struct beside *beside)
{
	char *addr = beside->engine->alloc(beside->page_sz, beside->page_sz);

	if (!addr || beside->engine->free(addr, beside->page_sz))
		atomic_store(&changer.failed, true);
	atomic_fetch_add(&changer.changes, 1);
}

/* Wakes up as often when there is nothing to change. */
static void *changer_main(void *arg)
{
	uint64_t next = bench_now();

	bench_pin(1);
	while (!atomic_load(&changer.stop)) {
		bool wanted = atomic_load(&changer.wanted);
		uint64_t now;

		atomic_store(&changer.changing, wanted);
		if (wanted)
			change(arg);
		now = bench_now();
		/* Late is late: two changes in a row would be no even pace. */
		next = next + CHANGE_NS > now ? next + CHANGE_NS : now;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME,
			&(struct timespec){.tv_sec = (time_t)(next / 1000000000u),
				.tv_nsec = (long)(next % 1000000000u)},
			NULL);
	}
	return NULL;
}

static const char *beside_setup(const void *arg)
{
	const struct beside *beside = arg;
	struct world_point point = {
		.page_sz = beside->page_sz, .segments = SEGMENTS, .pattern = WORLD_RANDOM};
	const char *why = bench_cpus() < 2 ? "needs two CPUs" : world_set(&point);
	void *addr;

	if (why)
		return why;
	why = beside->engine->begin(beside->page_sz);
	if (why)
		return why;
	addr = beside->engine->alloc(beside->page_sz, beside->page_sz);
	if (!addr)
		why = "not enough free pages";
	else
		beside->engine->free(addr, beside->page_sz);
	atomic_store(&changer.stop, false);
	atomic_store(&changer.wanted, false);
	if (!why && pthread_create(&changer.thread, NULL, changer_main, (void *)beside))
		why = "no thread";
	if (why)
		beside->engine->end();
	return why;
}

static void beside_teardown(const void *arg)
{
	const struct beside *beside = arg;

	atomic_store(&changer.stop, true);
	pthread_join(changer.thread, NULL);
	beside->engine->end();
}

/* ---- The reader ---- */

/* What tells that the calling thread did not have its CPU all the time. */
struct interruptions {
	long switched;
	unsigned long long waited_ns;
};

static struct interruptions interruptions(int schedstat_fd)
{
	struct interruptions seen = {0};
	struct rusage usage;
	char line[96];
	ssize_t len = pread(schedstat_fd, line, sizeof(line) - 1, 0);

	if (len > 0) {
		line[len] = 0;
		sscanf(line, "%*u %llu", &seen.waited_ns);
	}
	getrusage(RUSAGE_THREAD, &usage);
	seen.switched = usage.ru_nivcsw;
	return seen;
}

/* Nanoseconds of one batch, or 0 when an answer was wrong. */
static uint64_t batch(const struct beside *beside, uint32_t first)
{
	uintptr_t sum = 0, expected = 0;
	uint64_t begin = bench_now(), end;

	for (uint32_t i = 0; i < BATCH; i++)
		sum += (uintptr_t)beside->iova2virt(world.iova[(first + i) & world.mask]);
	end = bench_now();
	for (uint32_t i = 0; i < BATCH; i++)
		expected += (uintptr_t)world.va[(first + i) & world.mask];
	return sum == expected ? end - begin : 0;
}

/* The two kinds of phases; "" is for the main figures. */
struct side {
	const char *prefix;
	const char *max_prefix; /* Of the longest batch of each phase. */
	uint64_t preempted;     /* Batches. */
};

/* Time a group of batches into `ns`: how many; *preempted tells that they do not count. */
static uint32_t group(struct bench_state *state, const struct beside *beside, int schedstat_fd,
	uint64_t *ns, bool *preempted)
{
	static uint32_t first;
	struct interruptions before = interruptions(schedstat_fd), after;
	uint64_t end = bench_now() + GROUP_NS;
	uint32_t n = 0;

	batch(beside, first); /* The system calls left the caches and the predictors cold. */
	do {
		ns[n] = batch(beside, first += BATCH);
		if (!ns[n])
			bench_wrong(state, "a wrong address");
		n++;
	} while (n < GROUP_MAX && bench_now() < end);
	after = interruptions(schedstat_fd);
	*preempted = after.switched != before.switched || after.waited_ns != before.waited_ns;
	return n;
}

static void phase(
	struct bench_state *state, const struct beside *beside, struct side *side, int schedstat_fd)
{
	static uint64_t ns[GROUP_MAX];
	uint64_t end = bench_now() + PHASE_NS, max = 0;

	while (bench_now() < end) {
		bool preempted;
		uint32_t n = group(state, beside, schedstat_fd, ns, &preempted);

		if (preempted)
			side->preempted += n;
		for (uint32_t i = 0; i < n && !preempted; i++) {
			max = ns[i] > max ? ns[i] : max;
			if (*side->prefix)
				bench_sample_beside(state, side->prefix, ns[i]);
			else
				bench_sample(state, ns[i]);
		}
	}
	bench_sample_beside(state, side->max_prefix, max);
}

static void changes_want(bool wanted)
{
	atomic_store(&changer.wanted, wanted);
	while (atomic_load(&changer.changing) != wanted)
		;
}

/* An iteration is a phase with changes and one without. */
static void beside_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct beside *beside = arg;
	int schedstat_fd = open("/proc/thread-self/schedstat", O_RDONLY | O_CLOEXEC);
	struct side changing = {"", "phase_max_", 0}, idle = {"idle_", "idle_phase_max_", 0};

	atomic_store(&changer.changes, 0);
	for (uint64_t i = 0; i < iterations; i++) {
		changes_want(beside->changes);
		phase(state, beside, &changing, schedstat_fd);
		changes_want(false);
		phase(state, beside, &idle, schedstat_fd);
		bench_spent(state, PHASE_NS);
	}
	close(schedstat_fd);
	if (atomic_load(&changer.failed))
		bench_wrong(state, "a page could not be plugged or unplugged");
	bench_counter(state, "preempted", (double)changing.preempted);
	bench_counter(state, "idle_preempted", (double)idle.preempted);
	bench_counter(state, "changes_per_s",
		(double)atomic_load(&changer.changes) * 1e9 / PHASE_NS / (double)iterations);
}

static void add(struct beside *beside)
{
	static const struct bench bench = {.setup = beside_setup,
		.run = beside_run,
		.teardown = beside_teardown,
		.sampled = true};

	for (int changes = 0; changes <= 1; changes++) {
		beside->changes = changes;
		bench_add(&bench, beside, sizeof(*beside), 1,
			"batch_beside_hotplug/%s/%s/random/segments:%u/changes:%u",
			beside->engine->name, world_page_name(beside->page_sz), SEGMENTS,
			changes ? 1000000000u / CHANGE_NS : 0);
	}
}

void bench_beside_add(void)
{
	static const size_t page_szs[] = {2u << 20, 4096};

	for (unsigned int i = 0; i < sizeof(page_szs) / sizeof(page_szs[0]); i++) {
		struct beside rcumem = {.engine = page_engine_find("rcumem"),
			.iova2virt = rte_mem_iova2virt,
			.page_sz = page_szs[i]};
		struct beside scan = {.engine = page_engine_find("scan"),
			.iova2virt = scan_iova2virt,
			.page_sz = page_szs[i]};

		add(&rcumem);
		add(&scan);
	}
}
