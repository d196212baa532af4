/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_H
#define STRESS_H

/*
 * The stress test: one writer plugs and unplugs pages, another registers and
 * unregisters external memory, and four readers check every answer they get.
 *
 * What would be seen if the library broke a guarantee:
 *
 *   wrong     an answer that was right at no instant of the call
 *   torn      members, or a page's contents, of two different uses
 *   early     a page found before it is complete
 *   late      a page found after free has returned, or not found after alloc has
 *   recycled  a page found in a section that is another one before it ends
 *   partly    a walk that sees some pages of an allocation and not the others
 *
 * page.h says what is in the pages, model.h what a right answer is.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rcumem.h>
#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_memory.h>

#include "atomic.h"

#define READERS 4

struct stress_options {
	unsigned int seconds;
	uint64_t seed;
	bool small;        /* Pages of 4 KiB. */
	bool large;        /* Pages of 2 MiB. */
	bool pa;           /* IO addresses are physical. */
	uint64_t at_least; /* Re-plugs, and lookups that straddled one. */
};

extern struct stress_options options;

/* ---- report.c ---- */

/* What a thread did; its own, added up at the end. */
struct tally {
	uint64_t lookups;  /* Answers compared with the model. */
	uint64_t found;    /* ... that found something. */
	uint64_t must;     /* ... of which the model allowed one only. */
	uint64_t holds;    /* Pages and descriptors found in a section. */
	uint64_t rechecks; /* ... looked at again before its end. */
	uint64_t outlived; /* ... that stayed though their free had begun. */
	uint64_t walks;
	uint64_t whole;    /* Allocations of several pages that a walk saw, all of each. */
	uint64_t external; /* Answers about external memory compared with the model. */
	uint64_t external_straddled;
	uint64_t sections;
	uint64_t straddled; /* Lookups that a page was re-plugged in within 1 ms of its free. */
	uint64_t paused;    /* ... held at a pause point for it. */
	uint64_t age[32];   /* `outlived`, by log2 of the microseconds since the free began. */
};

/* What the writer did. */
struct writer_counts {
	uint64_t plugs;        /* Pages. */
	uint64_t fast_replugs; /* ... plugged again within 1 ms of their free. */
	uint64_t frees;        /* Calls. */
	uint64_t late_frees;   /* ... that returned while a reader held the pages. */
	uint64_t refused;      /* No hugepage left, or too much waiting: tried again later. */
	uint64_t took[32];     /* Frees, by log2 of the microseconds they took. */
};

extern struct writer_counts writer_counts;

/* 0 below 1, else 1 + log2. */
static inline unsigned int log2_bucket(uint64_t value)
{
	unsigned int bucket = value ? 64 - (unsigned int)__builtin_clzll(value) : 0;

	return bucket < 31 ? bucket : 31;
}

/* Name of the calling thread in messages. */
extern __thread const char *thread_name;
extern __thread struct tally *tally;

/* Set when the time is over or something failed. */
bool stress_over(void);
void stress_end(void);

/* The first failure is told, and ends the run. */
void stress_fail(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool stress_failed(void);

/* SIGBUS and SIGSEGV are failures. */
void report_signals(void);

/* One line for each check; the number that failed. */
int report(const struct tally *sum);

/* ---- Threads ---- */

void *writer_main(void *arg);
void *external_main(void *arg);
void *section_reader_main(void *arg); /* arg: seed. */
void *qsbr_reader_main(void *arg);
void *walk_reader_main(void *arg);

uint64_t now_ns(void);

/* Random numbers of a thread. */
uint64_t random_u64(uint64_t *state);
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(random_u64(state) >> 32) % bound;
}

#endif /* STRESS_H */
