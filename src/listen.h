/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LISTEN_H
#define LISTEN_H

/* Whether this process is told of events, and the thread that tells them of other processes. */

#include <stdbool.h>

#include "region.h"

/* Be told of events exactly while events_wanted(), which may have changed: 0 or -errno of starting
 * the thread. */
int listen_update(struct region *region);

/* End the thread.  Before the runtime goes. */
void listen_end(struct region *region);

/* In the child of fork(). */
void listen_fork_child(void);

#endif /* LISTEN_H */
