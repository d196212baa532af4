/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_WALK_H
#define STRESS_WALK_H

/* Walks: what they show must be whole, in order, readable, and neither early nor late. */

#include "lookup.h"

/* One walk of a random kind that is a section by itself. */
void walk_sections(uint64_t *random);

/* ... one of the raw ones, in the caller's section. */
void walk_raw(uint64_t *random);

/* Lookups of all kinds; then stay for a while, and look at what was found again. */
void look_around(uint64_t *random, struct holds *holds);
void dawdle(uint64_t *random, struct holds *holds);

#endif /* STRESS_WALK_H */
