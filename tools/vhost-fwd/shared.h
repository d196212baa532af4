/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_SHARED_H
#define VHOST_SHARED_H

/*
 * Accesses to words that another thread or another process writes too.  The
 * order is in the name; each use says what it pairs with.
 */

#define shared_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define shared_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define shared_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define shared_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define shared_fence_full()        __atomic_thread_fence(__ATOMIC_SEQ_CST)

/* A counter with one writer: readers see some recent value, never a torn one. */
#define counter_add(p, n) shared_store_relaxed((p), *(p) + (n))

#endif /* VHOST_SHARED_H */
