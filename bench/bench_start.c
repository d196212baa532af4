/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a runtime take to start with so much memory, and to end?
 *
 * The figures are rcumem_init()'s, with "fini_" before the name rcumem_fini()'s.
 * Baseline "bare": a memfd of the same pages, mapped, and filled by as many
 * threads as there are CPUs: the clearing of the memory at its fastest, and
 * then what it takes to give it back.
 */
#include "all.h"

#include <linux/memfd.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "shim.h"
#include "world.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

#define FILLERS_MAX 64u

struct start {
	const char *name;
	size_t page_sz; /* 0: all that there are, and no memory. */
	size_t memory;  /* Bytes. */
	/* NULL, or why it does not work. */
	const char *(*begin)(const struct start *start);
	int (*end)(const struct start *start);
};

/* ---- rcumem ---- */

static const char *rcumem_begin(const struct start *start)
{
	struct rcumem_options opts = {.sz = sizeof(opts),
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = start->page_sz,
		.socket_mem = {start->memory}};

	return rcumem_init(&opts) ? rte_strerror(rte_errno) : NULL;
}

static int rcumem_end(const struct start *start)
{
	(void)start;
	return rcumem_fini();
}

/* ---- bare ---- */

static int bare_fd;
static char *bare_va;

struct filler {
	pthread_t thread;
	unsigned int cpu;
	char *va;
	size_t len;
	int err;
};

static void *fill(void *arg)
{
	struct filler *filler = arg;

	bench_pin(filler->cpu);
	filler->err = madvise(filler->va, filler->len, MADV_POPULATE_WRITE);
	return NULL;
}

/* All CPUs, each an equal share of whole pages. */
static bool fill_all(const struct start *start)
{
	struct filler fillers[FILLERS_MAX];
	unsigned int n = bench_cpus() < FILLERS_MAX ? bench_cpus() : FILLERS_MAX, made = 0;
	size_t pages = start->memory / start->page_sz;
	bool all = true;

	for (; made < n && all; made++) {
		struct filler *filler = &fillers[made];
		size_t first = pages * made / n, end = pages * (made + 1) / n;

		*filler = (struct filler){.cpu = made,
			.va = bare_va + first * start->page_sz,
			.len = (end - first) * start->page_sz};
		all = !pthread_create(&filler->thread, NULL, fill, filler);
	}
	made -= !all; /* The last one was not. */
	while (made--) {
		pthread_join(fillers[made].thread, NULL);
		all &= !fillers[made].err;
	}
	return all;
}

static int bare_end(const struct start *start)
{
	int err = bare_va ? munmap(bare_va, start->memory) : 0;

	return close(bare_fd) || err ? -1 : 0;
}

static const char *bare_begin(const struct start *start)
{
	unsigned int flags = start->page_sz > 4096 ? MFD_HUGETLB | MFD_HUGE_2MB : 0;
	void *va;

	bare_fd = memfd_create("bare", MFD_CLOEXEC | flags);
	bare_va = NULL;
	if (bare_fd < 0 || ftruncate(bare_fd, (off_t)start->memory))
		return "no memfd of this page size";
	if (start->memory == 0)
		return NULL;
	va = mmap(NULL, start->memory, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, bare_fd,
		0);
	if (va == MAP_FAILED)
		return "no address space";
	bare_va = va;
	if (fill_all(start))
		return NULL;
	bare_end(start);
	return "not enough free pages";
}

/* ---- Both ---- */

static const char *start_setup(const void *arg)
{
	const struct start *start = arg;
	const char *why;

	world_end(); /* There is one runtime in a process. */
	why = start->begin(start);
	if (!why && start->end(start))
		why = "it does not end";
	return why;
}

static void start_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct start *start = arg;

	bench_unpin(); /* As programs start, before their threads have their CPUs. */
	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t t0 = bench_now(), t1;
		const char *why = start->begin(start);

		if (why) {
			bench_wrong(state, why);
			return;
		}
		t1 = bench_now();
		bench_sample(state, t1 - t0);
		if (start->end(start))
			bench_wrong(state, "it does not end");
		bench_sample_beside(state, "fini_", bench_now() - t1);
	}
}

void bench_start_add(void)
{
	static const struct bench bench = {.setup = start_setup, .run = start_run, .sampled = true};
	static const struct {
		size_t page_sz, memory;
		const char *name;
	} points[] = {{0, 0, "memory:0"}, {4096, 1u << 30, "4KiB/memory:1GiB"},
		{2u << 20, 512u << 20, "2MiB/memory:512MiB"}};
	static const struct start kinds[] = {
		{.name = "rcumem", .begin = rcumem_begin, .end = rcumem_end},
		{.name = "bare", .begin = bare_begin, .end = bare_end},
	};

	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			struct start start = kinds[k];

			start.page_sz = points[i].page_sz;
			start.memory = points[i].memory;
			bench_add(&bench, &start, sizeof(start), 1, "start_up/%s/%s", start.name,
				points[i].name);
		}
	}
}
