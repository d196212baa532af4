/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROCESS_H
#define PROCESS_H

/*
 * Process slots: who lives, and what becomes of what the dead held.
 *
 * A process holds its slot by a lock on one byte of the lock file, which the
 * kernel drops when its last thread has gone, however that came about, and
 * which a child of fork() does not have.  It holds for any other process on
 * the machine, in whatever PID namespace.
 *
 * INV-PROCESS-1  A slot that is ALIVE and whose byte is not locked belongs to
 *                a process that has died; whoever owns the writer mutex may
 *                reap it.
 * INV-PROCESS-2  Reaping may be begun again at any step; the slot is FREE only
 *                after the last.
 */

#include "region.h"

/* A new, empty lock file: its fd, or -errno. */
int process_lock_file(void);

/* ---- With the writer mutex ---- */

/* Take a free slot for this process and lock its byte: the slot, or -EUSERS. */
int process_claim(struct region *region);

/* Give back everything that the dead of the runtime held. */
void process_reap_dead(struct region *region);

/*
 * Give back everything that this slot's process holds, and the slot: its
 * process has died or is leaving.  0, or -errno, and the slot stays DYING until
 * somebody tries again: readers are in the way (EAGAIN), or the record of a list
 * is damaged (ENOTRECOVERABLE).
 */
int process_reap(struct region *region, uint32_t slot);

/*
 * Wait until no thread of a process whose writer died runs any more; false when
 * that takes longer.  This process is not waited for.
 */
bool process_wait_end(uint32_t slot, uint64_t timeout_ns);

/* Reap those of `slots` that have died; false when all live. */
bool process_reap_found(struct region *region, uint64_t slots);

/* ---- Without ---- */

/* True when the slot's process does not live any more, reaped or not. */
bool process_is_dead(const struct region *region, uint32_t slot);

/* True when one of `slots` has died. */
bool process_among_dead(const struct region *region, uint64_t slots);

/* Reap those of `slots` that have died; false when there is none. */
bool process_reap_among(struct region *region, uint64_t slots);

/*
 * Wait until readers have passed `ticket`, the dead not counted: 0, or
 * -ETIMEDOUT, and the log says who holds up `what`.
 */
int process_wait_readers(
	struct region *region, uint64_t ticket, uint64_t timeout_ns, const char *what);

/* The same for what only this process's readers can hold. */
int process_wait_own_readers(
	struct region *region, uint64_t ticket, uint64_t timeout_ns, const char *what);

/* The log says who holds up `what`. */
void process_blame(
	const struct region *region, const struct rcu_culprit *culprit, const char *what);

#endif /* PROCESS_H */
