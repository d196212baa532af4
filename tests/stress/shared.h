/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_SHARED_H
#define STRESS_SHARED_H

/*
 * The stress test of several processes: each plugs and unplugs pages, looks all
 * of them up, and walks.  What a right answer is, all of them know from memory
 * that they share, which is not the library's.
 *
 * INV-SHARED-1  A page is PRESENT only after its alloc has returned, and no more
 *               when its free begins; only the process whose page it is changes it.
 * INV-SHARED-2  `begun` is raised before an alloc, `ended` after its pages are
 *               PRESENT.  Where `begun` after a lookup is what `ended` was before
 *               it, no alloc was under way, and an ABSENT page must not be found.
 */

#include <sys/types.h>

#include "page.h"

#define PROCESSES_MAX 8
#define READER_KINDS  3
#define PLACES        2048 /* Pages of a size that are known; more are an error. */
#define SIZES         2
#define HELD          6 /* Allocations of a process at a time. */

enum place_state {
	PLACE_ABSENT,
	PLACE_PRESENT,
	PLACE_LEAVING,
};

/* The pages of one size: the first ones of their list. */
struct field {
	uint64_t page_sz;
	uint64_t base; /* Of the list. */
	uint32_t high; /* Pages ever used; grows. */
	uint64_t begun __attribute__((aligned(64)));
	uint64_t ended __attribute__((aligned(64)));
	uint64_t places[PLACES]; /* Generation << 2 | enum place_state. */
};

/* What a process did. */
struct deeds {
	uint64_t plugs, frees, refused;
	uint64_t lookups, must_find, must_miss, holds, walks, whole;
	uint64_t sections[READER_KINDS];
	uint64_t ages[3]; /* Of what was found, at its section's end: as in struct tally. */
};

#define THREADS_MAX (1 + READER_KINDS * READERS_MAX)
#define FILES_MAX   8

/* A file of the runtime: as long as anybody has it, its pages are taken. */
struct shared_file {
	uint64_t dev;
	uint64_t ino;
};

struct shared {
	uint32_t ready; /* Processes that have joined. */
	uint32_t done;  /* ... that hold nothing any more. */
	uint32_t level; /* Those that listen, when they have compared what they were told. */
	uint32_t over;
	uint32_t failed;
	uint64_t ids;    /* Of allocations. */
	uint64_t events; /* Told by those that listen. */
	uint64_t lost;   /* Pages that are left in the lists' files, when all was given back. */
	unsigned int n_files;
	struct shared_file files[FILES_MAX];
	unsigned int n_fields;
	struct field fields[SIZES];
	struct deeds deeds[PROCESSES_MAX][THREADS_MAX]; /* The first of each is the writer's. */
};

extern struct shared *shared;
extern __thread struct deeds *deeds; /* Of this thread. */

/* A page's state before a lookup, and what was under way. */
struct instant {
	uint64_t place;
	uint64_t allocs;
};

static inline struct instant instant_before(const struct field *field, uint32_t place)
{
	/* Acquire, both: pair with the stores of take() and give(). */
	uint64_t ended = rcu_load_acquire(&field->ended);

	return (struct instant){rcu_load_acquire(&field->places[place]), ended};
}

static inline struct instant instant_after(const struct field *field, uint32_t place)
{
	uint64_t state = rcu_load_acquire(&field->places[place]); /* Acquire, both: as above. */

	return (struct instant){state, rcu_load_acquire(&field->begun)};
}

/* The field of a page size, or NULL. */
static inline struct field *field_of(uint64_t page_sz)
{
	for (unsigned int i = 0; i < shared->n_fields; i++)
		if (shared->fields[i].page_sz == page_sz)
			return &shared->fields[i];
	return NULL;
}

static inline void *place_va(const struct field *field, uint32_t place)
{
	return (void *)(uintptr_t)(field->base + place * field->page_sz);
}

/* The writing half, until it is over; then it gives everything back. */
void writer_half(uint64_t seed);

/* The reading half: threads, by kind in turn. */
struct shared_reader {
	unsigned int kind;
	uint64_t seed;
	struct deeds *deeds;
};

extern const char *const reader_kinds[READER_KINDS];

void *reader_half(void *arg);

/* One of the processes, from its fork to its end: its exit status. */
int process_main(unsigned int process, uint64_t seed);

/* A listener's view of the pages. */
int view_begin(void);
void view_end(void);

/* ---- shared_report.c ---- */

long hugepages_free(void);
void nap_ms(unsigned int ms);

/* A count is too small so far. */
bool report_missed(void);

/* One line for each check: the number that failed. */
int report_all(const char *directory, bool good);

#endif /* STRESS_SHARED_H */
