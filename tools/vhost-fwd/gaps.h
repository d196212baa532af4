/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_GAPS_H
#define VHOST_GAPS_H

/*
 * How long the data loop leaves its queues alone, and why.
 *
 * A gap is the time between two moments at which the queues could be served;
 * a round that found a queue locked does not end it.
 *
 * INV-GAPS-1  A gap is "of a change" when it overlaps the control thread's
 *             change window, however little: from before the first mmap() of a
 *             change until after its last munmap() the window's word is odd.
 *             Counting too many gaps here is the safe side.
 * INV-GAPS-2  A gap above the limit is set aside only for the part of it that
 *             the kernel says the thread spent runnable and not running (run
 *             delay); what is left of it still counts.  A baseline is taken
 *             again at every gap of GAPS_LOOK_NS, so what is subtracted is at
 *             most this gap's own delay plus that of preemptions shorter than
 *             GAPS_LOOK_NS since the last look, and looks are at most
 *             GAPS_REFRESH_NS apart.
 * INV-GAPS-3  What stood still before a change began was not stopped by it: a gap
 *             above the limit is counted apart when it began GAPS_STANDING_NS or
 *             more before the only change that it overlaps.  A round that nothing
 *             stops takes a tenth of that.
 * INV-GAPS-4  Gaps above the limit are kept one by one, the newest GAPS_KEPT of
 *             them, set aside or not: more than a report each 400 ms can miss.
 */

#include <stdbool.h>
#include <stdint.h>

#include "shared.h"

#define GAPS_LIMIT_NS    100000
#define GAPS_LOOK_NS     50000
#define GAPS_STANDING_NS 20000
#define GAPS_REFRESH_NS  10000000
#define GAPS_KEPT        4096u

/* 32 buckets to a power of two: a bucket is at most 3 % wide. */
#define GAPS_SUB_SHIFT 5
#define GAPS_SUB       (1u << GAPS_SUB_SHIFT)
#define GAPS_BUCKETS   (64 * GAPS_SUB)

/* Written by the control thread only. */
struct change_window {
	uint64_t word;  /* Odd while a change is under way. */
	uint64_t begin; /* Time stamp of the newest change: before its word. */
} __attribute__((aligned(64)));

/* The kernel's account of the calling thread. */
struct sched_account {
	uint64_t nivcsw;       /* Involuntary context switches. */
	uint64_t run_delay_ns; /* Runnable, but not running. */
	uint64_t sleeps;       /* Voluntary context switches: it waited for something. */
	uint64_t faults;       /* Page faults. */
};

/* Written by the data thread, read by the control thread (relaxed: figures only). */
struct gaps_count {
	uint64_t all[GAPS_BUCKETS];       /* Gaps, by TSC cycles. */
	uint64_t of_change[GAPS_BUCKETS]; /* What is left of those that overlap a change. */
	uint64_t change_over;             /* Of these, above the limit. */
	uint64_t over_before;             /* Of these, begun before the change. */
	uint64_t standing;                /* Not of these: INV-GAPS-3. */
	uint64_t over_sleeps;             /* Sleeps seen in these: marks of a lock. */
	uint64_t over_faults;    /* Page faults seen in these: marks of memory not there. */
	uint64_t other_over;     /* The same outside any change: what happens anyway. */
	uint64_t aside;          /* Overlap a change, above the limit, set aside. */
	uint64_t aside_max;      /* Cycles. */
	uint64_t aside_nivcsw;   /* Switches seen in what was set aside. */
	uint64_t aside_delay_ns; /* Run delay seen in what was set aside. */
};

/* A gap above the limit, in time stamps, to compare with a trace of the kernel. */
struct gaps_long {
	uint64_t begin, end;
	uint64_t delay;   /* Cycles of run delay seen in it. */
	uint64_t overlap; /* 0: of no change; 1: began before the change; 2: in one. */
};

struct gaps {
	const struct change_window *window;
	double cycles_per_ns;
	uint64_t limit, look, standing, refresh; /* Cycles. */
	uint64_t last;                           /* When the queues were last served; 0: forget. */
	uint64_t last_word;
	uint64_t last_look;
	struct sched_account account;
	int schedstat_fd;
	struct gaps_count count;
	uint64_t kept_cnt;                /* Data thread stores, release: those before are whole. */
	struct gaps_long kept[GAPS_KEPT]; /* Data thread stores, relaxed; a ring. */
};

/* Cycles of the time stamp counter in a nanosecond, on arm64 of the virtual counter; takes 50
 * ms. */
double tsc_cycles_per_ns(void);

static inline uint64_t tsc_now(void)
{
#ifdef __aarch64__
	uint64_t now;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(now));
	return now;
#else
	return __builtin_ia32_rdtsc();
#endif
}

/* In the data thread, before its loop. */
void gaps_start(struct gaps *gaps, const struct change_window *window, double cycles_per_ns);
void gaps_stop(struct gaps *gaps);

/* A long gap: who caused it?  Also refreshes the baseline.  Returns the time after it. */
uint64_t gaps_look(struct gaps *gaps, uint64_t gap, bool of_change);

static inline unsigned int gaps_bucket(uint64_t cycles)
{
	unsigned int log2;

	if (cycles < GAPS_SUB)
		return (unsigned int)cycles;
	log2 = 63 - (unsigned int)__builtin_clzll(cycles);
	return (log2 - GAPS_SUB_SHIFT + 1) * GAPS_SUB +
	       (unsigned int)((cycles >> (log2 - GAPS_SUB_SHIFT)) - GAPS_SUB);
}

/* The least number of cycles that is in a later bucket. */
static inline uint64_t gaps_bucket_end(unsigned int bucket)
{
	unsigned int shift = bucket / GAPS_SUB - 1;

	if (bucket < GAPS_SUB)
		return bucket + 1;
	return (uint64_t)(bucket % GAPS_SUB + GAPS_SUB + 1) << shift;
}

/* The queues can be served now: end one gap and begin the next. */
static inline void gaps_mark(struct gaps *gaps)
{
	/* Acquire, both: pair with change_begin() and change_end().  The word is read on both
	 * sides of the clock, so that a window that opens between them counts for both gaps. */
	uint64_t word_before = shared_load_acquire(&gaps->window->word);
	uint64_t now = tsc_now();
	uint64_t word_after = shared_load_acquire(&gaps->window->word);
	uint64_t gap = now - gaps->last;

	if (gaps->last) {
		bool of_change = (gaps->last_word & 1) || word_after != gaps->last_word;

		counter_add(&gaps->count.all[gaps_bucket(gap)], 1);
		if (gap > gaps->look || now - gaps->last_look > gaps->refresh)
			now = gaps_look(gaps, gap, of_change);
		else if (of_change)
			counter_add(&gaps->count.of_change[gaps_bucket(gap)], 1);
	}
	gaps->last = now;
	gaps->last_word = word_before;
}

#endif /* VHOST_GAPS_H */
