/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCU_SECTION_H
#define RCU_SECTION_H

/*
 * Read sections, QSBR readers and grace periods that span processes.
 *
 * Every reader thread owns one cache line in shared memory.  Its epoch word is
 * 0 while the thread holds nothing, else the value that the domain's sequence
 * had when its section began (or when it last announced a quiescent state).
 *
 * A writer unpublishes, draws a ticket (the next value of the sequence), makes
 * sure that a full barrier is passed between what readers store and load
 * (INV-SECTION-1), and scans the words.  A word that is 0 or not below the ticket belongs to a
 * reader that cannot hold what was unpublished.
 *
 *   reader                              writer
 *   A  word = sequence                  C  unpublish
 *   B  load what is published           D  ticket = ++sequence; membarrier
 *      ...                              E  scan the words
 *   F  word = 0 (release)
 *
 * INV-SECTION-1  A and B are ordered as seen by E: either E sees the word of A,
 *                or B sees C.  In a process that is alone the reader has only a
 *                compiler barrier; D is the other half.  Where other processes
 *                read too, and without membarrier, readers fence themselves:
 *                the kernel's barrier for all processes misses processors on which
 *                a thread of the same process ended (seen with Linux 6.18).
 * INV-SECTION-2  F pairs with E: everything read in the section happens before
 *                what the writer does after the scan.
 * INV-SECTION-3  A word never exceeds the sequence, and the sequence is above 0.
 * INV-SECTION-4  Only of a reader that E sees outside does D's barrier tell
 *                something.  A word that has reached the ticket was loaded from it,
 *                and its thread sees C from then on.  A slot is claimed by a full
 *                barrier before the first A of its thread: where E, after one of the
 *                writer's own, finds it free, whoever claims it sees C.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "atomic.h"

#define RCU_CACHE_LINE 64

/* One reader thread.  Lives in shared memory. */
struct rcu_reader {
	uint64_t epoch; /* Owner stores (release), writers load (acquire): see A, E, F. */
	uint32_t owner; /* Process slot + 1, 0 when free.  Claimed by compare-and-swap. */
	int32_t tid;    /* Owner only; for messages. */
} __attribute__((aligned(RCU_CACHE_LINE)));

/* What all processes share.  Lives in shared memory, the readers follow it. */
struct rcu_domain {
	uint64_t sequence
		__attribute__((aligned(RCU_CACHE_LINE))); /* Writers only, holding the writer mutex
							     or not: an atomic add. */
	uint32_t reader_max;                              /* Immutable. */
	uint32_t fences;      /* Set once: all readers fence themselves.  See rcu_share(). */
	uint32_t reader_high; /* Slots ever used; grows by atomic maximum, never shrinks. */
	struct rcu_reader readers[] __attribute__((aligned(RCU_CACHE_LINE)));
};

/* The calling thread's view of itself. */
struct rcu_thread {
	struct rcu_reader *reader; /* Meaningful while `generation` is rcu_generation. */
	struct rcu_domain *domain;
	uint32_t generation;     /* Of the attachment this thread registered with; 0 before. */
	uint32_t nesting;        /* Explicit sections. */
	bool qsbr;               /* Registered as a QSBR reader. */
	bool online;             /* ... and inside its long section. */
	bool fence;              /* Sections fence themselves.  Set by rcu_share(), too. */
	struct rcu_thread *next; /* Of those that have registered; under the lock of section.c. */
	struct rcu_thread **at;  /* Where that list leads here; NULL: nowhere. */
};

extern __thread struct rcu_thread rcu_self
	__attribute__((tls_model("initial-exec"), visibility("hidden")));

/* Counts attachments of this process, from 1: a thread registered with an earlier one registers
 * again. */
extern uint32_t rcu_generation __attribute__((visibility("hidden")));

/* Bytes that a domain of so many readers takes. */
size_t rcu_domain_size(uint32_t reader_max);

/* Prepare a zeroed domain.  Before any other use, one process only. */
void rcu_domain_init(struct rcu_domain *domain, uint32_t reader_max);

/*
 * Let this process use `domain` as process slot `owner`; `membarrier` tells
 * whether rcu_membarrier_register() succeeded.  Not beside another process
 * that has not called rcu_share().
 */
void rcu_attach(struct rcu_domain *domain, uint32_t owner, bool membarrier);

/* Before another process may attach: from here on readers fence themselves.  0, or -ENOMEM when the
 * kernel refused the barrier: then none may. */
int rcu_share(void);

/* Forget the domain: releases the slots of all threads of this process. */
void rcu_detach(void);

/* Release the slots of all threads of a process that has died or leaves. */
void rcu_release_owner(struct rcu_domain *domain, uint32_t owner);

/* In the child of fork(): forget the domain without touching it. */
void rcu_forget(void);

/* Ask the kernel for expedited barriers; call before threads exist (later it takes milliseconds).
 */
bool rcu_membarrier_register(void);

/* Register the calling thread: 0, -ENODEV or -ENOSPC.  Done by the first section when not before.
 */
int rcu_thread_register(void);

/*
 * True when the calling thread is inside an explicit section, or another
 * thread of this process inside any, the long one of QSBR included.
 */
bool rcu_process_in_section(void);

/* Number of registered readers, all processes. */
uint32_t rcu_reader_count(struct rcu_domain *domain);

/* Slots to look at, of a domain that may be damaged.  Acquire pairs with reader_claim(), which has
 * a full barrier after it. */
static inline uint32_t rcu_reader_high(const struct rcu_domain *domain)
{
	uint32_t high = rcu_load_acquire(&domain->reader_high);

	return high < domain->reader_max ? high : domain->reader_max;
}

/* True when the calling thread is inside an explicit section. */
static inline bool rcu_in_section(void)
{
	return rcu_self.nesting != 0;
}

/* True when the calling thread has a slot in the present domain. */
static inline bool rcu_is_registered(void)
{
	/* Relaxed: who could see the wrong value races with rcu_detach(), which its caller forbids.
	 */
	return rcu_self.generation == rcu_load_relaxed(&rcu_generation);
}

/* True when the calling thread is a QSBR reader of the present attachment. */
static inline bool rcu_is_qsbr(void)
{
	return rcu_self.qsbr && rcu_is_registered();
}

/* The caller's word takes the present sequence: A in the diagram. */
static inline void rcu_word_set(void)
{
	struct rcu_reader *reader = rcu_self.reader;

	/* Acquire pairs with rcu_ticket(): a word that reaches a ticket belongs to a reader that
	 * sees what was unpublished before it. */
	uint64_t now = rcu_load_acquire(&rcu_self.domain->sequence);
#ifdef RCU_TSAN
	rcu_exchange_seq_cst(
		&reader->epoch, now); /* ThreadSanitizer knows neither the barrier nor fences. */
#else
	/* Release pairs with rcu_scan(): a quiescent state ends what came before it, like F. */
	rcu_store_release(&reader->epoch, now);
	rcu_compiler_barrier(); /* INV-SECTION-1: the barrier of the writer is the other half. */
	/* Plain, and loaded after the store: rcu_share() has a barrier after it changes the byte.
	 */
	if (rcu_self.fence)
		rcu_fence_full();
#endif
}

/* Enter a section: 0, or -errno of rcu_thread_register(). */
static inline int rcu_section_enter(void)
{
	if (__builtin_expect(!rcu_is_registered(), 0)) {
		int err = rcu_thread_register();

		if (err)
			return err;
	}
	if (rcu_self.nesting++ == 0 && !rcu_self.online)
		rcu_word_set();
	else
		rcu_compiler_barrier();
	return 0;
}

static inline void rcu_section_exit(void)
{
	if (rcu_self.nesting == 0)
		return;
	if (--rcu_self.nesting == 0 && !rcu_self.online)
		/* Release pairs with rcu_scan(): F in the diagram (INV-SECTION-2). */
		rcu_store_release(&rcu_self.reader->epoch, 0);
}

/* QSBR: 0, -EALREADY, -EDEADLK, or -errno of rcu_thread_register(). */
int rcu_qsbr_register(void);
/* 0, -EINVAL (is none) or -EDEADLK (inside a section). */
int rcu_qsbr_unregister(void);
void rcu_qsbr_offline(void);
void rcu_qsbr_online(void);

static inline void rcu_qsbr_quiescent(void)
{
	if (rcu_is_qsbr() && rcu_self.online && rcu_self.nesting == 0)
		rcu_word_set();
}

/* ---- Writers ---- */

/* Who holds up a grace period. */
struct rcu_culprit {
	uint32_t owner; /* Process slot. */
	int32_t tid;
};

#define RCU_EVERYBODY UINT32_MAX

/* A ticket for everything unpublished so far: D without the barrier. */
uint64_t rcu_ticket(struct rcu_domain *domain);

/*
 * Barrier and one scan: true when every reader has passed `ticket`.  Never
 * waits, so it may be called with the writer mutex held.
 */
bool rcu_poll(struct rcu_domain *domain, uint64_t ticket, struct rcu_culprit *culprit);

/* A full barrier in every running thread of this process: false when the kernel refused it. */
bool rcu_barrier_process(void);

/* The oldest epoch that a reader of process slot `owner`, or of RCU_EVERYBODY, holds, after a
 * barrier; UINT64_MAX when none: whatever has a ticket at or below it is free.  0 when the kernel
 * refused the barrier: then nothing is. */
uint64_t rcu_oldest(struct rcu_domain *domain, uint32_t owner, struct rcu_culprit *culprit);

/* Poll until all of `owner` or RCU_EVERYBODY have passed or `timeout_ns` is over: 0 or -ETIMEDOUT
 * with the culprit. */
int rcu_wait(struct rcu_domain *domain, uint32_t owner, uint64_t ticket, uint64_t timeout_ns,
	struct rcu_culprit *culprit);

/*
 * ---- For ThreadSanitizer, which sees one process; nothing in other builds ----
 *
 * A lock that processes hand on orders what they do.  What one has done before it
 * gave the lock away is seen by its own readers when they load what the next owner
 * stored; what a scan of that owner found of its readers, when it has the lock again.
 */

/* After the lock has come from another process: sections that it has seen are over. */
static inline void rcu_told_by_other(struct rcu_domain *domain)
{
#ifdef RCU_TSAN
	/* Acquire: as in rcu_scan(). */
	for (uint32_t i = 0; i < rcu_reader_high(domain); i++)
		(void)rcu_load_acquire(&domain->readers[i].epoch);
#else
	(void)domain;
#endif
}

/* Before the lock is given away, when others may be there: of a word that the next may store. */
static inline void rcu_tell_other(const struct rcu_domain *domain, uint64_t *word)
{
#ifdef RCU_TSAN
	/* Relaxed: set before there is another.  Release pairs with loads of what that one stores.
	 */
	if (rcu_load_relaxed(&domain->fences))
		rcu_fetch_or_release(word, 0);
#else
	(void)domain;
	(void)word;
#endif
}

#endif /* RCU_SECTION_H */
