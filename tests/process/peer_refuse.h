/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_REFUSE_H
#define PEER_REFUSE_H

/* Joining that must be refused: with an errno and one message, and nothing is held of it. */

#include "peer_case.h"

/* Descriptors and mappings, as one number that must come back. */
static inline int64_t op_held(const int64_t *arg)
{
	(void)arg;
	return open_fds() * 1000 + memfd_maps();
}

static inline int lines_of(const struct peer *peer)
{
	int n = 0;

	for (const char *c = peer_log(peer); *c; c++)
		n += *c == '\n';
	return n;
}

/* Joining fails so, with these words in the only line, and nothing is left of it: how many ms it
 * took. */
static inline int64_t refused(struct peer *newcomer, int err, const char *words)
{
	int64_t ms;

	int64_t held = peer_call(newcomer, op_held, 0);
	int lines = lines_of(newcomer);

	peer_fails(newcomer, err, op_init, RCUMEM_ATTACH_JOIN);
	ms = peer_ms(newcomer);
	if (lines_of(newcomer) != lines + 1)
		fail_msg("not one message but:\n%s", peer_log(newcomer));
	assert_logged(newcomer, words);
	assert_int_equal(peer_call(newcomer, op_held, 0), held);
	return ms;
}

#endif /* PEER_REFUSE_H */
