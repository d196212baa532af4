/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_ATOMIC_H
#define RCU_ATOMIC_H

/*
 * Atomic accesses whose order stands in their name.
 *
 * Raw __atomic builtins live here and nowhere else.  Each call elsewhere says
 * which access it pairs with, by function name, or why relaxed is enough; the
 * pairs are listed in docs/memory-model.md.
 */

#include <stdbool.h>
#include <stdint.h>

#include "planted.h"

#define rcu_load_relaxed(p)     __atomic_load_n((p), __ATOMIC_RELAXED)
#define rcu_load_acquire(p)     __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define rcu_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define rcu_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)

/* The store that makes new data reachable: a release, apart from rcu_store_release() so that it can
 * be planted. */
#define rcu_publish(p, v)                                                                          \
	do {                                                                                       \
		if (PLANTED(RELAXED_PUBLISH))                                                      \
			__atomic_store_n((p), (v), __ATOMIC_RELAXED);                              \
		else                                                                               \
			__atomic_store_n((p), (v), __ATOMIC_RELEASE);                              \
	} while (0)

#define rcu_fetch_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define rcu_fetch_or_release(p, v)  __atomic_fetch_or((p), (v), __ATOMIC_RELEASE)
#define rcu_fetch_and_release(p, v) __atomic_fetch_and((p), (v), __ATOMIC_RELEASE)

/* True when `*p` was `expected` and is `v` now. */
#define rcu_cas_acq_rel(p, expected, v)                                                            \
	({                                                                                         \
		__typeof__(*(p)) rcu_cas_old = (expected);                                         \
		__atomic_compare_exchange_n(                                                       \
			(p), &rcu_cas_old, (v), false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);        \
	})
#define rcu_exchange_seq_cst(p, v)  __atomic_exchange_n((p), (v), __ATOMIC_SEQ_CST)
#define rcu_add_fetch_seq_cst(p, v) __atomic_add_fetch((p), (v), __ATOMIC_SEQ_CST)

/* `*p` becomes at least `v`; a full barrier. */
static inline void rcu_fetch_max_seq_cst(uint32_t *p, uint32_t v)
{
	uint32_t old = __atomic_load_n(p, __ATOMIC_RELAXED);

	do {
		if (old >= v)
			v = old;
	} while (!__atomic_compare_exchange_n(
		p, &old, v, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED));
}

/* `*p` becomes at least `v`. */
static inline void rcu_fetch_max_release(uint64_t *p, uint64_t v)
{
	uint64_t old = __atomic_load_n(p, __ATOMIC_RELAXED);

	while (old < v &&
		!__atomic_compare_exchange_n(p, &old, v, false, __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
}

#if defined(__SANITIZE_THREAD__)
#define RCU_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define RCU_TSAN 1
#endif
#endif

#define rcu_compiler_barrier() __asm__ __volatile__("" ::: "memory")

/* A full fence; mfence rather than a locked instruction, so that no reader path contains one. */
static inline void rcu_fence_full(void)
{
#ifdef __x86_64__
	__asm__ __volatile__("mfence" ::: "memory");
#elif !defined(RCU_TSAN)
	__atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

static inline void rcu_cpu_relax(void)
{
#ifdef __x86_64__
	__builtin_ia32_pause();
#else
	rcu_compiler_barrier();
#endif
}

#endif /* RCU_ATOMIC_H */
