/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_GRACE_H
#define STRESS_GRACE_H

/*
 * Torture of grace periods by themselves, in the manner of the kernel's
 * rcutorture: readers of every kind, in one process or several, beside writers
 * that replace an element again and again.
 *
 * A replaced element has age 1, and one more after each grace period that began
 * later.  What a reader finds in a section may be replaced while it stands
 * there, and that is all: at the section's end it is of age 0 or 1, never older.
 * At OLD an element is used again, poisoned before.
 *
 * INV-GRACE-1  An element is published with age 0, and unpublished with age 0;
 *              only its writer changes it.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "section.h"

#define PROCESSES_MAX   8
#define READERS_MAX     8 /* Threads of each kind. */
#define KINDS           4
#define WRITERS         2
#define OLD             10
#define ELEMENTS        32 /* Of a writer. */
#define READERS_AT_ONCE (PROCESSES_MAX * READERS_MAX * KINDS + PROCESSES_MAX)

struct element {
	uint64_t age;  /* In grace periods.  Its writer stores, readers load. */
	uint64_t mark; /* Plain: GOOD while readers may be there. */
} __attribute__((aligned(64)));

struct grace_shared {
	struct element *published[WRITERS];
	struct element elements[WRITERS][ELEMENTS];
	uint32_t open; /* More processes may attach. */
	uint32_t over;
	uint32_t failed;
	uint32_t rounds;
	uint64_t seed;
	uint64_t sections[KINDS];
	uint64_t ages[OLD + 1]; /* Of what readers found, at their section's end. */
	uint64_t grace_periods;
	uint64_t slowest_ns;
};

extern struct grace_shared *shared;
extern struct rcu_domain *domain;

bool grace_over(void);
void grace_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static inline uint64_t grace_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static inline uint32_t grace_random(uint64_t *state, uint32_t bound)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (uint32_t)(*state >> 33) % bound;
}

/* ---- grace_reader.c ---- */

extern const char *const kind_names[KINDS];

/* Threads of the first `kinds`, `readers` of each, as in other processes; returns when it is over.
 */
void readers_run(uint32_t readers, uint32_t kinds, uint32_t processes, uint64_t seed);

#endif /* STRESS_GRACE_H */
