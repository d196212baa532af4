/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EVENTS_H
#define EVENTS_H

/*
 * Callbacks and validators of this process.  The registries outlive the
 * runtime: registering before rcumem_init() counts.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rte_memory.h>

/* True when a memory event callback is registered. */
bool events_wanted(void);

/*
 * Tell every callback, in registration order.  One event at a time; no mutex
 * of the runtime is held.  Returns 0, or -ETIMEDOUT when another thread's
 * event does not end: then nobody was told.
 */
int events_deliver(enum rte_mem_event type, const void *addr, size_t len);

/* Ask every validator of the socket whose limit is reached: 0 or -EPERM. */
int validators_ask(int socket_id, size_t new_len);

/* rcumem_fini(): forget all. */
void events_fini(void);
void validators_fini(void);

/* In the child of fork(). */
void events_fork_child(void);
void validators_fork_child(void);

#endif /* EVENTS_H */
