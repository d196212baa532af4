/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_LOOKUP_H
#define STRESS_LOOKUP_H

/* One lookup of any kind, compared with the model; and what was found in a section, looked at
 * again. */

#include "model.h"

/* What a reader found and counts on until its section ends. */
struct hold {
	const struct arena *arena;
	uint32_t slot;
	uint64_t generation;         /* 0: it was not filled in yet. */
	const struct rte_memseg *ms; /* Or NULL: found by IO address. */
	struct rte_memseg said;      /* What the descriptor said then. */
};

#define HOLDS_MAX 64

struct holds {
	struct hold hold[HOLDS_MAX];
	unsigned int n;
};

/* A random lookup of a random page; in a section what it finds is held. */
void lookup_random(uint64_t *random, struct holds *holds);

/* A lookup outside of sections, with a pause in it until the page has been re-plugged. */
void lookup_straddle(unsigned int reader, uint64_t *random);

/* Look at everything held again. */
void holds_recheck(struct holds *holds);

/* ... for the last time, and forget it: the section ends. */
void holds_end(struct holds *holds);

/* Hold a page found in a section between two moments; NULL `ms`: by its address only. */
void holds_add(struct holds *holds, const struct arena *arena, uint32_t slot,
	const struct rte_memseg *ms, const struct moment *before);

/* ---- pause.c ---- */

/* Whether this build has pause points. */
bool pause_possible(void);

/*
 * Let the calling thread pause when it next comes to a point of this name,
 * until the page has been re-plugged, or not for long.
 */
void pause_arm(unsigned int reader, const struct arena *arena, uint32_t slot, const char *point);

/* Done with it: true when the page was re-plugged meanwhile; its moment when the pause ended. */
bool pause_disarm(struct moment *resumed);

#endif /* STRESS_LOOKUP_H */
