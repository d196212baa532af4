/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_EXTERNAL_H
#define STRESS_EXTERNAL_H

/*
 * External memory, registered and unregistered beside the pages: regions that
 * stand alone, two that have the same IO addresses, and two that share the
 * words of the index, for their pages are smaller than those.
 */

#include "stress.h"

struct reader_start {
	unsigned int reader; /* 0 to READERS - 1. */
	uint64_t seed;
	char name[32];
	struct tally tally;
};

/* First act of a reader thread. */
void reader_begin(struct reader_start *start);

/* Map the regions' memory: 0, or -1. */
int external_init(void);

/* One random lookup of one region; what a section finds is held. */
void external_lookup(uint64_t *random, bool section);

/* Look at everything held again; for the last time when the section ends. */
void external_recheck(bool end);

/* Now and then one that pauses until the region has gone and come back. */
void external_straddle(uint64_t *random);

/* Registrations and unregistrations so far. */
uint64_t external_changes(void);

/* In pause.c: pause at the next point of this name until `*generation` has grown by two. */
void pause_arm_external(const uint64_t *generation, const char *point);

#endif /* STRESS_EXTERNAL_H */
