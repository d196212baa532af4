/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORLD_H
#define WORLD_H

/*
 * The memory that is looked up: the same pages, described both in rcumem and
 * in the baseline, and the addresses to ask for.
 */

#include <stddef.h>
#include <stdint.h>

#include <rte_memory.h>

/* Which addresses are asked for, one after the other. */
enum world_pattern {
	WORLD_SEQUENTIAL, /* The pages in turn. */
	WORLD_RANDOM,     /* Any page, drawn with a fixed seed. */
	WORLD_ONE,        /* The same page always. */
	WORLD_MISS,       /* Stack, heap, and the byte behind a list. */
};

struct world_point {
	size_t page_sz;
	unsigned int segments; /* Pages in use; a power of two. */
	enum world_pattern pattern;
};

/* Immutable while a benchmark runs. */
struct world {
	const void **va;        /* `mask` + 1 addresses. */
	const rte_iova_t *iova; /* Their IO addresses. */
	uint32_t mask;
	unsigned int segments;
	uint64_t bytes;
};

extern struct world world;

/* Make the world so, all pages faulted in: NULL, or why it cannot be. */
const char *world_set(const struct world_point *point);

/* Only so many segments of 4 KiB in use, with a hole before each; 0: an empty list. */
const char *world_fragment(unsigned int segments);

/* Only start the runtime: NULL, or why it does not. */
const char *world_start(void);

/* Give everything back. */
void world_end(void);

/* "sequential" and so on; "4KiB" and so on. */
const char *world_pattern_name(enum world_pattern pattern);
const char *world_page_name(size_t page_sz);

#endif /* WORLD_H */
