/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_ERRNO_H
#define RTE_ERRNO_H

/**
 * @file
 * The error number of the compatible API, one for each thread.
 *
 * It means something only after a call that failed: success leaves it alone,
 * so an older failure stays readable in it.  Its values are those of <errno.h>.
 */

#include <rcumem_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** The calling thread's error number: an lvalue of type int, 0 in a new thread. */
#define rte_errno (*rcumem_errno_location())

/**
 * Where the calling thread keeps its error number; use rte_errno instead.
 *
 * @return
 *   Never NULL; the same address for every call of one thread.
 *
 * Errors     None.
 * Ownership  The thread's; gone when it ends.
 * Context    Any thread, callbacks included; before rcumem_init() too.
 * Progress   Wait-free.
 * Ordering   None: no other thread has business there.
 * Source     contract section 0 (error model).
 */
RCUMEM_API int *rcumem_errno_location(void) __attribute__((__const__));

/**
 * Describe an error number in words.
 *
 * The words are for people: they follow the locale and may change.
 *
 * @param errnum
 *   Any value; one that the system does not know is described by its number.
 * @return
 *   A string, never NULL.
 *
 * Errors     None; rte_errno and errno are left alone.
 * Ownership  The library's; valid until the calling thread's next call, or
 *            its end.
 * Context    Any thread, callbacks included; not a signal handler.
 * Progress   No lock of this library.
 * Ordering   None.
 * Source     contract section 0 (error model).
 */
RCUMEM_API const char *rte_strerror(int errnum);

#ifdef __cplusplus
}
#endif

#endif /* RTE_ERRNO_H */
