/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EVENTS_H
#define EVENTS_H

/*
 * Callbacks and validators of this process.  The registries outlive the
 * runtime: registering before rcumem_init() counts.
 *
 * A process that has callbacks listens to the log (event_log.h).  Events are
 * told in the log's order, one at a time, by whichever thread holds the turn:
 * one that allocates or frees tells up to its own, and in a runtime that others
 * can join, a thread of the library's tells those of the others.
 */

#include <stdbool.h>
#include <stddef.h>

#include "region.h"

/* Begin to listen, if there are callbacks: 0 or -errno.  At init, when this process has its slot.
 */
int events_attach(struct region *region);

/* There are callbacks, or there is about to be one. */
bool events_wanted(void);

/*
 * Tell this process's callbacks up to event `event`.  0, or -ETIMEDOUT when
 * another thread's callback does not return.  No mutex of the runtime is held.
 */
int events_drain(struct region *region, uint64_t event);

/* Between these two no event is told in this process: 0, or -ETIMEDOUT. */
int events_hold(const struct region *region);
void events_release(void);

/* Ask every validator of the socket whose limit is reached: 0 or -EPERM. */
int validators_ask(int socket_id, size_t new_len);

/* rcumem_fini(): forget all. */
void events_fini(void);
void validators_fini(void);

/* In the child of fork(). */
void events_fork_child(void);
void validators_fork_child(void);

#endif /* EVENTS_H */
