/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does it cost to allocate pages and touch them, and to free them?
 *
 * Baselines: the bare kernel work (fallocate and punched hole of a memfd that
 * is mapped once), and "rwlock and scan" around the same.  The third axis is
 * how many segments of 4 KiB are in use beside.
 */
#include "all.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rcumem.h>

#include "baseline_scan.h"
#include "shim.h"
#include "world.h"

#define BACKING_LEN                                                                                \
	(1ull << 30) /* Of the baselines' files; only what is allocated takes memory.              \
		      */

struct pages;

/* One way to get pages and to give them back. */
struct engine {
	const char *name;
	const char *(*begin)(const struct pages *pages);
	void *(*alloc)(const struct pages *pages);
	int (*free)(const struct pages *pages, void *addr);
	void (*end)(void);
};

struct pages {
	size_t page_sz;
	size_t len;
	unsigned int beside; /* Segments of 4 KiB in use all the time. */
	const struct engine *engine;
	bool time_free; /* Sample the free, else the alloc. */
};

static int bare_fd;
static void *bare_va;

static const char *rcumem_begin(const struct pages *pages)
{
	(void)pages;
	return NULL;
}

static void *rcumem_alloc(const struct pages *pages)
{
	return rcumem_pages_alloc(pages->len, pages->page_sz, SOCKET_ID_ANY, 0);
}

static int rcumem_free(const struct pages *pages, void *addr)
{
	return rcumem_pages_free(addr, pages->len);
}

static void rcumem_end(void)
{
}

static const char *bare_begin(const struct pages *pages)
{
	unsigned int flags = pages->page_sz == 4096 ? 0 : MFD_HUGETLB | MFD_HUGE_2MB;

	bare_fd = memfd_create("bare", MFD_CLOEXEC | flags);
	if (bare_fd < 0 || ftruncate(bare_fd, BACKING_LEN))
		return "no memfd of this page size";
	bare_va = mmap(
		NULL, BACKING_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, bare_fd, 0);
	return bare_va == MAP_FAILED ? "no address space" : NULL;
}

static void *bare_alloc(const struct pages *pages)
{
	return fallocate(bare_fd, 0, 0, (off_t)pages->len) ? NULL : bare_va;
}

static int bare_free(const struct pages *pages, void *addr)
{
	(void)addr;
	return fallocate(bare_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)pages->len);
}

static void bare_end(void)
{
	munmap(bare_va, BACKING_LEN);
	close(bare_fd);
}

static const char *scan_begin(const struct pages *pages)
{
	return scan_pages_create(BACKING_LEN, pages->page_sz) ? "no memfd of this page size" : NULL;
}

static void *scan_alloc(const struct pages *pages)
{
	return scan_pages_alloc(pages->len);
}

static int scan_free(const struct pages *pages, void *addr)
{
	return scan_pages_free(addr, pages->len);
}

static const struct engine engines[] = {
	{"rcumem", rcumem_begin, rcumem_alloc, rcumem_free, rcumem_end},
	{"bare", bare_begin, bare_alloc, bare_free, bare_end},
	{"scan", scan_begin, scan_alloc, scan_free, scan_pages_destroy},
};

static const char *pages_setup(const void *arg)
{
	const struct pages *pages = arg;
	struct world_point beside = {
		.page_sz = 4096, .segments = pages->beside, .pattern = WORLD_SEQUENTIAL};
	const char *why = world_set(&beside);
	void *addr;

	if (why)
		return why;
	why = pages->engine->begin(pages);
	if (why)
		return why;
	/* Once untimed: it makes page tables, and tells whether there are pages at all. */
	addr = pages->engine->alloc(pages);
	if (!addr)
		why = "not enough free pages";
	else if (pages->engine->free(pages, addr))
		why = "a free failed";
	if (why)
		pages->engine->end();
	return why;
}

static void pages_teardown(const void *arg)
{
	const struct pages *pages = arg;

	pages->engine->end();
}

static void pages_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct pages *pages = arg;

	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t t0 = bench_now(), t1;
		char *addr = pages->engine->alloc(pages);

		if (!addr) {
			bench_wrong(state, "no pages");
			return;
		}
		for (size_t off = 0; off < pages->len; off += pages->page_sz)
			*(volatile char *)(addr + off) = 1;
		t1 = bench_now();
		if (!pages->time_free)
			bench_sample(state, t1 - t0);
		if (pages->engine->free(pages, addr))
			bench_wrong(state, "a free failed");
		if (pages->time_free)
			bench_sample(state, bench_now() - t1);
	}
}

static void add(struct pages *pages)
{
	static const struct bench bench = {.setup = pages_setup,
		.run = pages_run,
		.teardown = pages_teardown,
		.sampled = true};

	for (unsigned int i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
		pages->engine = &engines[i];
		bench_add(&bench, pages, sizeof(*pages), 1, "%s/%s/%s/pages:%zu/beside:%u",
			pages->time_free ? "free" : "alloc_and_touch", engines[i].name,
			world_page_name(pages->page_sz), pages->len / pages->page_sz,
			pages->beside);
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
	};

	for (unsigned int i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
		struct pages pages = points[i];

		add(&pages);
		pages.time_free = true;
		add(&pages);
	}
}
