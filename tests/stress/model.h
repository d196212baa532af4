/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_MODEL_H
#define STRESS_MODEL_H

/*
 * What the writer knows about each page, for readers to compare with.
 *
 * A reader takes the state of a page before and after a lookup.  When it is
 * the same, and says that the page was in use (or was not) all the while, there
 * is one right answer; else any answer of the time between may be right.
 *
 * INV-MODEL-1  A page is PRESENT only after its alloc has returned, and no more
 *              when its free begins.
 * INV-MODEL-2  A page is ABSENT only after its free has returned, and `allocs`
 *              of its arena is odd while an alloc is under way: nobody knows yet
 *              which pages it takes.
 */

#include "page.h"

#define SLOTS_MAX 512

enum slot_state {
	SLOT_ABSENT,
	SLOT_PRESENT,
	SLOT_LEAVING, /* Free is under way. */
	SLOT_WAITING, /* Free has returned, readers may hold the page. */
};

/* One page's place.  Writer stores, readers load. */
struct slot {
	uint64_t state;        /* Generation << 2 | enum slot_state. */
	uint64_t iova;         /* Of this generation; stored before it is PRESENT. */
	uint64_t left_ns;      /* When its last free began; stored before it is LEAVING. */
	uint64_t replugs;      /* How often it was plugged again. */
	uint64_t fast_replugs; /* ... within 1 ms of its free. */
	uint64_t free_ns;      /* Writer only: when its last free returned. */
};

/* The pages of one size: the first ones of their list. */
struct arena {
	uint64_t page_sz;
	char *base; /* Of the list. */
	struct rte_memseg_list *msl;
	uint32_t n_slots; /* Pages that are used; no more than SLOTS_MAX. */
	uint64_t allocs;  /* Odd while an alloc is under way. */
	struct slot slots[SLOTS_MAX];
};

extern struct arena arenas[2];
extern unsigned int n_arenas;

/* Find the lists; called once, without other threads. */
int model_init(void);

/* The arena of a list, or NULL. */
struct arena *arena_of(const struct rte_memseg_list *msl);

static inline char *slot_va(const struct arena *arena, uint32_t slot)
{
	return arena->base + slot * arena->page_sz;
}

/* A page's state at one instant. */
struct moment {
	uint64_t state;
	uint64_t allocs;
};

static inline enum slot_state moment_state(const struct moment *moment)
{
	return (enum slot_state)(moment->state & 3);
}

static inline uint64_t moment_generation(const struct moment *moment)
{
	return moment->state >> 2;
}

struct moment moment_take(const struct arena *arena, uint32_t slot);

/* Allocations begun or ended so far. */
uint64_t model_operations(void);

enum expect {
	EXPECT_ANY,
	EXPECT_FOUND,
	EXPECT_NONE,
};

/* What a lookup between two moments must have found. */
enum expect model_expect(const struct moment *before, const struct moment *after);

/* Compare: fails as "late", or "early". */
void model_judge(const char *what, const struct arena *arena, uint32_t slot,
	const struct moment *before, const struct moment *after, bool found);

/* True when a page of this generation can have been found between two moments. */
bool model_possible(const struct moment *before, const struct moment *after, uint64_t generation);

/* ---- Requests of readers to the writer: re-plug this page now (pause.c) ---- */

struct request {
	uint64_t wanted; /* Arena << 32 | slot + 1; 0: none.  Reader stores, writer clears. */
} __attribute__((aligned(64)));

extern struct request requests[READERS];

#endif /* STRESS_MODEL_H */
