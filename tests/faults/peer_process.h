/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_PROCESS_H
#define PEER_PROCESS_H

#include <stdbool.h>

#include <rcumem.h>

enum peer_word {
	PEER_JOIN = 'j',  /* Join the runtime and leave it. */
	PEER_LOOK = 'l',  /* Observe it and check it. */
	PEER_COUNT = 'c', /* How many processes are attached? */
};

/* Fork it, with a runtime of its own if it is to `begin`: 0, or an errno. */
int peer_process_start(const struct rcumem_options *opts, bool begin);

/* What it answers: an errno or 0, or a number; 0 without a peer. */
int peer_process_ask(enum peer_word word);

void peer_process_stop(void);

#endif /* PEER_PROCESS_H */
