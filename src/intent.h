/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INTENT_H
#define INTENT_H

/*
 * What the writer is about to do, kept where its successor finds it.
 *
 * Every change of what lookups and walks see happens between intent_begin()
 * and intent_end(); slots, pins, arrays and events are each changed by one store
 * last, or looked after when their process is reaped.  Each step may be repeated and leaves the
 * state as doing it once would, so that a successor runs the whole operation again, forwards or
 * backwards, and may itself die at any step.
 */

#include "region.h"

void intent_begin(struct region *region, enum intent_op op, uint32_t list, uint32_t first,
	uint32_t n, uint64_t seq, uint32_t record);
void intent_end(struct region *region);

/* False: what it was doing, or on what, cannot be so; nothing of it is to be touched. */
bool intent_sound(const struct region *region);

/* It is not sound: no writer comes after this one.  A robust mutex could say so itself, but that of
 * glibc 2.36 is left locked by who tries it then. */
void intent_give_up(struct region *region);
bool intent_given_up(const struct region *region);

/* Owner of the mutex of a dead writer: finish or undo what it was doing, which is sound. */
void intent_recover(struct region *region);

#endif /* INTENT_H */
