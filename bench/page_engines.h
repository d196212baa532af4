/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PAGE_ENGINES_H
#define PAGE_ENGINES_H

/*
 * The ways to get pages and to give them back that bench_pages.c compares.  One is in use at a
 * time, by one thread; walk() may run beside in others.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rte_memory.h>

struct page_engine {
	const char *name;
	/* Prepare for pages of this size: NULL, or why there are none. */
	const char *(*begin)(size_t page_sz);
	void *(*alloc)(size_t len, size_t page_sz); /* NULL: no pages left. */
	int (*free)(void *addr, size_t len);
	void (*end)(void);
	int (*walk)(rte_memseg_walk_t func, void *arg); /* NULL: it keeps no segments. */
	bool small_only;                                /* Knows pages of 4 KiB only. */
};

/* Ends with an entry without a name. */
extern const struct page_engine page_engines[];

/* The one of that name, which there is. */
const struct page_engine *page_engine_find(const char *name);

#endif /* PAGE_ENGINES_H */
