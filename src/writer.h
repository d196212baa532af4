/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef WRITER_H
#define WRITER_H

/*
 * Being the writer: one thread in all processes, by a robust mutex.
 *
 * Nobody waits for a reader, a callback or another process while owning it; but
 * recovery waits until a process that was killed is gone (process_wait_end()).
 */

#include "region.h"

/* 0 when the calling thread may call a writer: else -ENODEV, or -EDEADLK inside a section, walk or
 * callback. */
int writer_allowed(void);

/* The latter alone, which looks at nothing but the calling thread. */
bool writer_refused(void);

/* Around a whole writer call: an online QSBR reader is offline meanwhile. */
void writer_offline(void);
void writer_online(void);

/*
 * Take the mutex.  When its last owner died, finish or undo what it was doing
 * first.  Returns 0, -ETIMEDOUT (named in the log), or an error of recovery.
 */
int writer_lock(struct region *region);
void writer_unlock(struct region *region);

/* A whole writer call: allowed, offline, locked; 0 or -errno with nothing taken. */
int writer_begin(void);

/* Unlock and online; returns `result`. */
int writer_end(int result);

/* True when the calling thread owns the mutex: rte_mcfg_mem_write_lock() leaves it so. */
bool writer_is_owner(void);

/* Prepare the mutex of a new region: 0 or -errno. */
int writer_init(struct region *region);

/* Events and validators run between these two: writers called from them fail. */
void writer_callback_enter(void);
void writer_callback_exit(void);
bool writer_in_callback(void);

/* In the child of fork(). */
void writer_forget(void);

#endif /* WRITER_H */
