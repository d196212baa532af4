/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASELINE_LOCK_H
#define BASELINE_LOCK_H

/*
 * The lock of baseline_scan.c: pthread's, or, with SCAN_SPIN, a spinning
 * reader-writer lock as DPDK has: one word that every reader adds to, and a
 * writer's bit that holds off newcomers.
 */

#ifdef SCAN_SPIN

#include <stdint.h>

#define SPIN_WRITER 1u
#define SPIN_READER 2u

static uint32_t spin_word;

static inline void spin_pause(void)
{
#if defined(__x86_64__)
	__builtin_ia32_pause();
#endif
}

static inline void scan_read_lock(void)
{
	for (;;) {
		while (__atomic_load_n(&spin_word, __ATOMIC_RELAXED) & SPIN_WRITER)
			spin_pause();
		if (!(__atomic_fetch_add(&spin_word, SPIN_READER, __ATOMIC_ACQUIRE) & SPIN_WRITER))
			return;
		__atomic_fetch_sub(&spin_word, SPIN_READER, __ATOMIC_RELAXED);
	}
}

static inline void scan_read_unlock(void)
{
	__atomic_fetch_sub(&spin_word, SPIN_READER, __ATOMIC_RELEASE);
}

static inline void scan_write_lock(void)
{
	uint32_t idle = 0;

	while (!__atomic_compare_exchange_n(
		&spin_word, &idle, SPIN_WRITER, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED)) {
		idle = 0;
		spin_pause();
	}
}

static inline void scan_write_unlock(void)
{
	__atomic_fetch_sub(&spin_word, SPIN_WRITER, __ATOMIC_RELEASE);
}

#else

#include <pthread.h>

static pthread_rwlock_t scan_rwlock = PTHREAD_RWLOCK_INITIALIZER;

#define scan_read_lock()    pthread_rwlock_rdlock(&scan_rwlock)
#define scan_read_unlock()  pthread_rwlock_unlock(&scan_rwlock)
#define scan_write_lock()   pthread_rwlock_wrlock(&scan_rwlock)
#define scan_write_unlock() pthread_rwlock_unlock(&scan_rwlock)

#endif

#endif /* BASELINE_LOCK_H */
