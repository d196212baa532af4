/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef AGENT_H
#define AGENT_H

/*
 * The thread that answers newcomers, in a process whose runtime has a name.  Of
 * what is shared it changes only whether readers fence themselves (rcu_share()),
 * and it never takes the writer mutex.
 */

#include "region.h"
#include "rundir.h"

/* Listen in the directory as this process's slot: 0 or -errno. */
int agent_start(struct region *region, const struct rundir *dir);

void agent_stop(void);

/* In the child of fork(). */
void agent_fork_child(void);

#endif /* AGENT_H */
