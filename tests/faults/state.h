/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STATE_H
#define STATE_H

/*
 * What a process holds and what its runtime shows, as text that can be
 * compared: descriptors, mappings, threads, the runtime directory, pages of
 * every list, segments, lists, figures.
 */

#include <stdbool.h>
#include <stddef.h>

#define STATE_LEN (1u << 20)

struct state {
	size_t len;
	char text[STATE_LEN];
};

/* Everything; of the runtime only if there is one. */
void state_take(struct state *state, const char *dir);

/*
 * True when the two say the same; else the first line that only one of them has is in
 * `difference`.  Lines that contain one of `but`, which bars separate, may differ.
 */
bool state_same(const struct state *before, const struct state *after, const char *but,
	char *difference, size_t len);

/* What the checker finds in the runtime's region: 0, or a number; the first one in `finding`. */
int state_findings(char *finding, size_t len);

#endif /* STATE_H */
