/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem's pages, and what they are compared with: the bare kernel work
 * (fallocate and punched hole of a memfd that is mapped once), the same inside
 * "rwlock and scan", and jemalloc.
 *
 * jemalloc is what a user would take instead where no other process needs the
 * pages, and there are two answers to what it costs.  "jemalloc" has a decay of 0: what is freed
 * goes back to the kernel at once, as ours does, and the next allocation takes clear pages from it.
 * "jemalloc-decay" is how it comes: for ten seconds what is freed stays with
 * the process, so neither side of the loop enters the kernel.  Then the pages
 * are neither given back nor cleared; it shows what a cache of pages would save.
 */
#include "page_engines.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef BENCH_JEMALLOC
#include <jemalloc/jemalloc.h>
#endif

#include <rcumem.h>

#include "baseline_scan.h"
#include "subject.h"

/* Of the baselines' files; only what is allocated takes memory. */
#define BACKING_LEN (1ull << 30)

static const char *rcumem_begin(size_t page_sz)
{
	(void)page_sz;
	return NULL;
}

static void *rcumem_alloc(size_t len, size_t page_sz)
{
	return rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);
}

static void rcumem_end(void)
{
}

static int bare_fd;
static void *bare_va;

static const char *bare_begin(size_t page_sz)
{
	unsigned int flags = page_sz == 4096 ? 0 : MFD_HUGETLB | MFD_HUGE_2MB;

	bare_fd = memfd_create("bare", MFD_CLOEXEC | flags);
	if (bare_fd < 0 || ftruncate(bare_fd, BACKING_LEN))
		return "no memfd of this page size";
	bare_va = mmap(
		NULL, BACKING_LEN, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, bare_fd, 0);
	return bare_va == MAP_FAILED ? "no address space" : NULL;
}

static void *bare_alloc(size_t len, size_t page_sz)
{
	(void)page_sz;
	return fallocate(bare_fd, 0, 0, (off_t)len) ? NULL : bare_va;
}

static int bare_free(void *addr, size_t len)
{
	(void)addr;
	return fallocate(bare_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)len);
}

static void bare_end(void)
{
	munmap(bare_va, BACKING_LEN);
	close(bare_fd);
}

static const char *scan_begin(size_t page_sz)
{
	if (subject_scan.learn())
		return "the baseline has no room";
	return scan_pages_create(BACKING_LEN, page_sz) ? "no memfd of this page size" : NULL;
}

static void *scan_alloc(size_t len, size_t page_sz)
{
	(void)page_sz;
	return scan_pages_alloc(len);
}

#ifdef BENCH_JEMALLOC
static unsigned int arena;

static int arena_control(const char *what, void *old, size_t *old_len, void *value, size_t len)
{
	char name[64];

	snprintf(name, sizeof(name), "arena.%u.%s", arena, what);
	return mallctl(name, old, old_len, value, len);
}

static const char *decay_begin(size_t page_sz)
{
	size_t len = sizeof(arena);

	(void)page_sz;
	return mallctl("arenas.create", &arena, &len, NULL, 0) ? "no arena" : NULL;
}

static void jemalloc_end(void)
{
	arena_control("destroy", NULL, NULL, NULL, 0);
}

static const char *jemalloc_begin(size_t page_sz)
{
	ssize_t now = 0;
	const char *why = decay_begin(page_sz);

	if (why)
		return why;
	if (!arena_control("dirty_decay_ms", NULL, NULL, &now, sizeof(now)) &&
		!arena_control("muzzy_decay_ms", NULL, NULL, &now, sizeof(now)))
		return NULL;
	jemalloc_end();
	return "the decay of an arena cannot be set";
}

static int jemalloc_flags(size_t align)
{
	return (int)(MALLOCX_ARENA(arena) | MALLOCX_TCACHE_NONE | MALLOCX_ALIGN(align));
}

static void *jemalloc_alloc(size_t len, size_t page_sz)
{
	return mallocx(len, jemalloc_flags(page_sz));
}

static int jemalloc_free(void *addr, size_t len)
{
	(void)len;
	dallocx(addr, MALLOCX_TCACHE_NONE);
	return 0;
}
#endif

const struct page_engine page_engines[] = {
	{"rcumem", rcumem_begin, rcumem_alloc, rcumem_pages_free, rcumem_end, rte_memseg_walk,
		false},
	{"bare", bare_begin, bare_alloc, bare_free, bare_end, NULL, false},
	{"scan", scan_begin, scan_alloc, scan_pages_free, scan_pages_destroy, scan_walk, false},
#ifdef BENCH_JEMALLOC
	{"jemalloc", jemalloc_begin, jemalloc_alloc, jemalloc_free, jemalloc_end, NULL, true},
	{"jemalloc-decay", decay_begin, jemalloc_alloc, jemalloc_free, jemalloc_end, NULL, true},
#endif
	{0},
};

const struct page_engine *page_engine_find(const char *name)
{
	const struct page_engine *engine = page_engines;

	while (strcmp(engine->name, name))
		engine++;
	return engine;
}
