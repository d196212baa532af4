/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_H
#define STRESS_H

/*
 * Torture: one writer plugs and unplugs pages, another registers and unregisters
 * external memory and turns events on and off, a third asks for what must be
 * refused; readers of four kinds check every answer they get.
 *
 * What would be seen if the library broke a guarantee:
 *
 *   wrong     an answer that was right at no instant of the call
 *   torn      members, or a page's contents, of two different uses
 *   early     a page found before it is complete
 *   late      a page found after free has returned, or not found after alloc has
 *   recycled  a page found in a section that is another one, or free, before it ends
 *   partly    a walk that sees some pages of an allocation and not the others
 *   noisy     a system call of a reader
 *   blocked   a writer that waits for a reader with the mutex
 *   allowed   a writer's call in a callback or section, or bad input, that succeeds
 *
 * page.h says what is in the pages, model.h what a right answer is.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rcumem.h>
#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_memory.h>

#include "atomic.h"

#define KINDS       4
#define READERS_MAX 8 /* Of each kind. */
#define READERS     (KINDS * READERS_MAX)
#define PATIENCE    6 /* Beginnings and ends of allocations. */

struct stress_options {
	unsigned int seconds;
	unsigned int readers;   /* Of each kind. */
	unsigned int processes; /* Of those that share a runtime. */
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
	uint64_t walks;
	uint64_t whole;    /* Allocations of several pages that a walk saw, all of each. */
	uint64_t external; /* Answers about external memory compared with the model. */
	uint64_t external_straddled;
	uint64_t sections;
	uint64_t straddled; /* Lookups that a page was re-plugged in within 1 ms of its free. */
	uint64_t paused;    /* ... held at a pause point for it. */
	uint64_t callbacks; /* Of walks and events, in which the raw readers were used. */
	uint64_t events;    /* ... of events. */
	uint64_t refused;   /* Writers' calls in sections and callbacks. */
	uint64_t silent;    /* Rounds in which a system call would have been seen. */
	uint64_t patient;   /* Sections that outlasted several operations of the writer. */
	/* What was found, by its age at the section's end: 0 in use, 1 its free had begun,
	 * 2 that was over. */
	uint64_t ages[3];
	uint64_t waited[32]; /* Those of age 1, by log2 of the microseconds since then. */
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
void stress_begin(void);
void stress_end(void);

/* The first failure is told, and ends the run. */
void stress_fail(const char *kind, const char *format, ...) __attribute__((format(printf, 2, 3)));
bool stress_failed(void);

/* SIGBUS and SIGSEGV are failures. */
void report_signals(void);

/* One line for each check; the number that failed.  Without a file nothing is written. */
int report(FILE *to, const struct tally *sum);

/* How old was what readers found: of a run that failed, too. */
int report_ages(FILE *to, const struct tally *sum);

/* ---- Threads ---- */

void *writer_main(void *arg);
void *external_main(void *arg);
void *nasty_main(void *arg);
void *section_reader_main(void *arg); /* arg: seed. */
void *qsbr_reader_main(void *arg);
void *walk_reader_main(void *arg);
void *callback_reader_main(void *arg);
void *patient_reader_main(void *arg);

uint64_t now_ns(void);

/* Random numbers of a thread. */
uint64_t random_u64(uint64_t *state);
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(random_u64(state) >> 32) % bound;
}

#endif /* STRESS_H */
