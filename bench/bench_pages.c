/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does it cost to allocate pages and touch them, and to free them?
 *
 * The third axis is what else there is: how many segments of 4 KiB are in use
 * beside (0: nothing at all), the same with a hole before each, or a thread that
 * walks over the segments all the time.  page_engines.c says what is compared.
 */
#include "all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fragment.h"
#include "page_engines.h"
#include "shim.h"
#include "world.h"

struct pages {
	size_t page_sz;
	size_t len;
	unsigned int beside; /* Segments of 4 KiB in use all the time. */
	bool fragmented;     /* ... each with a hole before it. */
	bool walker;         /* A thread walks over them. */
	const struct page_engine *engine;
	bool time_free; /* Sample the free, else the alloc. */
};

static pthread_t walker_thread;
static atomic_bool walker_stop;
static atomic_uint_fast64_t walker_walks;

static int sum_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	(void)list;
	*(uint64_t *)arg += ms->len;
	return 0;
}

static void *walker_main(void *arg)
{
	const struct page_engine *engine = arg;
	volatile uint64_t bytes = 0;

	bench_pin(1);
	while (!atomic_load(&walker_stop)) {
		uint64_t sum = 0;

		engine->walk(sum_segment, &sum);
		bytes = sum;
		atomic_fetch_add(&walker_walks, 1);
	}
	(void)bytes;
	return NULL;
}

static const char *walker_start(const struct page_engine *engine)
{
	if (bench_cpus() < 2)
		return "needs two CPUs";
	atomic_store(&walker_stop, false);
	atomic_store(&walker_walks, 0);
	if (pthread_create(&walker_thread, NULL, walker_main, (void *)engine))
		return "no thread";
	while (!atomic_load(&walker_walks))
		;
	return NULL;
}

static const char *beside_set(const struct pages *pages)
{
	struct world_point beside = {
		.page_sz = 4096, .segments = pages->beside, .pattern = WORLD_SEQUENTIAL};

	return pages->fragmented || !pages->beside ? fragment_set(pages->beside)
						   : world_set(&beside);
}

static const char *pages_setup(const void *arg)
{
	const struct pages *pages = arg;
	const char *why = beside_set(pages);
	void *addr;

	if (why)
		return why;
	why = pages->engine->begin(pages->page_sz);
	if (why)
		return why;
	/* Once untimed: it makes page tables, and tells whether there are pages at all. */
	addr = pages->engine->alloc(pages->len, pages->page_sz);
	if (!addr)
		why = "not enough free pages";
	else if (pages->engine->free(addr, pages->len))
		why = "a free failed";
	else if (pages->walker)
		why = walker_start(pages->engine);
	if (why)
		pages->engine->end();
	return why;
}

static void pages_teardown(const void *arg)
{
	const struct pages *pages = arg;

	if (pages->walker) {
		atomic_store(&walker_stop, true);
		pthread_join(walker_thread, NULL);
	}
	pages->engine->end();
}

static void pages_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct pages *pages = arg;
	const struct page_engine *engine = pages->engine;
	uint64_t walks = atomic_load(&walker_walks), begin = bench_now();

	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t t0 = bench_now(), t1, t2;
		char *addr = engine->alloc(pages->len, pages->page_sz);

		if (!addr) {
			bench_wrong(state, "no pages");
			return;
		}
		for (size_t off = 0; off < pages->len; off += pages->page_sz)
			*(volatile char *)(addr + off) = 1;
		t1 = bench_now();
		if (engine->free(addr, pages->len))
			bench_wrong(state, "a free failed");
		t2 = bench_now();
		bench_sample(state, pages->time_free ? t2 - t1 : t1 - t0);
		bench_spent(state, pages->time_free ? t1 - t0 : t2 - t1);
	}
	if (pages->walker) /* The other side's share: a walker that starves would make a fine row.
			    */
		bench_counter(state, "walk_ns",
			(double)(bench_now() - begin) /
				(double)(atomic_load(&walker_walks) - walks + 1));
}

static void add(const struct pages *point)
{
	static const struct bench bench = {.setup = pages_setup,
		.run = pages_run,
		.teardown = pages_teardown,
		.sampled = true};
	struct pages pages = *point;

	for (pages.engine = page_engines; pages.engine->name; pages.engine++) {
		const struct page_engine *engine = pages.engine;

		if ((engine->small_only && pages.page_sz != 4096) ||
			(pages.fragmented && engine->walk != rte_memseg_walk) ||
			(pages.walker && !engine->walk))
			continue;
		bench_add(&bench, &pages, sizeof(pages), 1, "%s/%s/%s/pages:%zu/%s:%u%s",
			pages.time_free ? "free" : "alloc_and_touch", engine->name,
			world_page_name(pages.page_sz), pages.len / pages.page_sz,
			pages.fragmented ? "fragmented" : "beside", pages.beside,
			pages.walker ? "/walkers:1" : "");
	}
}

void bench_pages_add(void)
{
	static const struct pages points[] = {
		{.page_sz = 4096, .len = 4096, .beside = 32},
		{.page_sz = 4096, .len = 4096, .beside = 65536},
		{.page_sz = 4096, .len = 4096 * 512, .beside = 32},
		{.page_sz = 2u << 20, .len = 2u << 20, .beside = 32},
		{.page_sz = 2u << 20, .len = 3u * (2u << 20), .beside = 32},
		{.page_sz = 2u << 20, .len = 256u * (2u << 20), .beside = 32},
		{.page_sz = 2u << 20, .len = 3u * (2u << 20), .beside = 32, .walker = true},
		{.page_sz = 2u << 20, .len = 3u * (2u << 20), .beside = 256, .walker = true},
		{.page_sz = 4096, .len = 4096, .beside = 0},
		{.page_sz = 4096, .len = 4096, .beside = 1000000, .fragmented = true},
	};

	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct pages pages = points[i];

		add(&pages);
		pages.time_free = true;
		add(&pages);
	}
}
