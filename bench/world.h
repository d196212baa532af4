/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WORLD_H
#define WORLD_H

/*
 * The memory that is looked up, the same for all subjects, and the addresses to
 * ask for.  To change it takes long, up to seconds: benchmarks are registered
 * in the order of their worlds.
 */

#include <stddef.h>
#include <stdint.h>

#include <rte_memory.h>

#define WORLD_WINDOW 32u /* Segments that WORLD_WINDOW_PATTERN keeps to. */

/* Which addresses are asked for, one after the other. */
enum world_pattern {
	WORLD_SEQUENTIAL,     /* The pages in turn. */
	WORLD_RANDOM,         /* Any page, drawn with a fixed seed. */
	WORLD_ONE,            /* The same page always. */
	WORLD_MISS,           /* Stack, heap, and the byte behind a list. */
	WORLD_WINDOW_PATTERN, /* Random among WORLD_WINDOW pages in a row, in the middle of all. */
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
	const struct rte_memseg *const *seg; /* `segments` of them, in the order of walks. */
	unsigned int runs;                   /* Of segments with neighbouring addresses. */
	unsigned int lists;
	uint64_t list_bytes;
	unsigned int id; /* Another one whenever the segments are others; never 0. */
};

extern struct world world;

/* Make the world so, all pages faulted in: NULL, or why it cannot be. */
const char *world_set(const struct world_point *point);

/* Only start the runtime: NULL, or why it does not. */
const char *world_start(void);

/* Give everything back. */
void world_end(void);

/* "sequential" and so on; "4KiB" and so on. */
const char *world_pattern_name(enum world_pattern pattern);
const char *world_page_name(size_t page_sz);

/* ---- By the library behind rte_memory.h: world_rcumem.c, world_dpdk.c ---- */

/* Start, unless that was done: NULL, or why it does not. */
const char *world_library_start(void);

/* Put exactly the pages of `point` in use: NULL, or why it cannot be. */
const char *world_library_take(const struct world_point *point);

void world_library_end(void);

#endif /* WORLD_H */
