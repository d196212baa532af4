/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_EAL_MEMCONFIG_H
#define RTE_EAL_MEMCONFIG_H

/**
 * @file
 * The hotplug lock, for code that was written to take it.
 *
 * No function of this library needs these calls around it.  The names say
 * "lock", but a reader here excludes nobody and a writer excludes writers only:
 *
 *                | another reader | a lookup or walk | a writer
 *   read_lock    | goes on        | goes on          | goes on, frees nothing found here
 *   write_lock   | goes on        | goes on          | waits
 *
 * Code that relied on "no hotplug while I hold the read lock" gets something
 * weaker and usually enough: what it found stays as it was.
 *
 * The functions return nothing.  Code that must know whether they worked sets
 * rte_errno to 0 first: a call that fails sets it, one that works does not.
 */

#include <stdbool.h>

#include <rcumem_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Begin a read section, as rcumem_read_lock() does.
 *
 * Hotplug goes on meanwhile; segments, lists and memory that lookups find
 * inside stay valid until the matching unlock.  Sections nest.
 *
 * Errors     In rte_errno: ENODEV (no runtime), ENOSPC (no reader slot for this
 *            thread; only its first section can meet it, rcumem_thread_init()
 *            asks ahead).  Then there is no section, and the unlock is ignored.
 * Context    Any thread, callbacks and walks included.
 * Progress   Wait-free.  One store to the thread's own cache line.
 * Ordering   Every lookup inside sees at least the operations completed before.
 * Source     contract 1.10, W7-W9.  Differs: never waits, may nest, and does
 *            not keep writers away.
 */
RCUMEM_API void rte_mcfg_mem_read_lock(void);

/**
 * End a read section.
 *
 * Errors     None; a call without a section is ignored.
 * Ownership  What was found inside may go away from here on.
 * Context    The thread that began the section.
 * Progress   Wait-free.  One store to the thread's own cache line.
 * Ordering   Everything read inside happens before the memory is reused.
 * Source     contract 1.10.
 */
RCUMEM_API void rte_mcfg_mem_read_unlock(void);

/**
 * Take the writer mutex: until the unlock no other thread of any process
 * plugs, unplugs or registers memory.
 *
 * Readers are not kept out and see no half-done change.  The mutex does not
 * nest, and the holder's own writer calls fail with EDEADLK.  A process that
 * dies holding it is noticed by the next writer.
 *
 * Errors     In rte_errno, and the mutex is not held: EDEADLK (inside a
 *            section, walk or callback, or held by this thread already),
 *            ETIMEDOUT (another writer holds it; named in the log), ENODEV.
 * Context    Any thread; an online QSBR reader passes a quiescent state.
 * Progress   Waits for another writer, at most the runtime's lock timeout.
 * Ordering   Sees everything that earlier writers did.
 * Source     contract 1.10, section 8.  Differs: robust, bounded, never hangs.
 */
RCUMEM_API void rte_mcfg_mem_write_lock(void);

/**
 * Give the writer mutex back.
 *
 * Errors     None; ignored when the calling thread does not hold it.
 * Context    The thread that took it.
 * Progress   At most one system call, to wake a waiter.
 * Ordering   The next writer sees everything done before.
 * Source     contract 1.10.
 */
RCUMEM_API void rte_mcfg_mem_write_unlock(void);

/**
 * Tell whether all pages of a list share one file descriptor.
 *
 * @return
 *   Always true: a page is found in its list's file by its offset.
 *
 * Errors     None.
 * Context    Any thread, before rcumem_init() too.
 * Progress   Wait-free: a constant.
 * Ordering   None.
 * Source     contract 1.10, section 5.
 */
RCUMEM_API bool rte_mcfg_get_single_file_segments(void);

#ifdef __cplusplus
}
#endif

#endif /* RTE_EAL_MEMCONFIG_H */
