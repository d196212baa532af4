/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_CALLBACK_H
#define STRESS_CALLBACK_H

/* The raw readers in callbacks, of walks and of events; and what is refused. */

#include "lookup.h"

/* In a callback: walks and lookups without a section of their own, and a writer that is refused. */
void callback_read(uint64_t *random, struct holds *holds);

/* Register the callback of events, or unregister it; never inside a section. */
void events_toggle(void);
void events_end(struct tally *sum);

/* ---- nasty.c ---- */

/* Calls with bad arguments so far. */
uint64_t nasty_refused(void);

#endif /* STRESS_CALLBACK_H */
