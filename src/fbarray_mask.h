/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FBARRAY_MASK_H
#define FBARRAY_MASK_H

/*
 * Searches in a mask of bits that other threads change meanwhile.
 *
 * Index i is bit i % 64 of word i / 64.  A set bit is a used index.
 *
 * INV-FBMASK-1  A search loads each word at most once, in the order of the
 *               scan.  What it finds within one word existed at one instant; a
 *               run that spans words, or an answer that skips some, may mix
 *               instants while others change the mask.  Without changes during
 *               the search it is exact.
 * INV-FBMASK-2  Bits at and above `len` are never part of an answer, whatever
 *               they hold.
 * INV-FBMASK-3  A change is one atomic read-modify-write of the word, and that
 *               is its linearization point: neighbours changed at the same time
 *               are never lost.
 *
 * Every function is wait-free: at most len / 64 + 1 loads, or one change.
 */

#include <stdbool.h>
#include <stdint.h>

#include "atomic.h"

#define FBMASK_WORD_BITS 64
#define FBMASK_NONE      UINT32_MAX /* No such index: `len` is at most INT32_MAX. */

/* What turns a bit that is looked for into a 1. */
#define FBMASK_USED 0ull
#define FBMASK_FREE (~0ull)

struct fbmask {
	const uint64_t *words;
	uint32_t len;    /* Indexes, 1 to INT32_MAX. */
	uint64_t invert; /* FBMASK_USED or FBMASK_FREE: what the functions below call "matching". */
};

static inline uint32_t fbmask_word_cnt(uint32_t len)
{
	return (uint32_t)(((uint64_t)len + FBMASK_WORD_BITS - 1) / FBMASK_WORD_BITS);
}

static inline uint64_t fbmask_bit(uint32_t idx)
{
	return 1ull << (idx % FBMASK_WORD_BITS);
}

static inline bool fbmask_is_used(const uint64_t *words, uint32_t idx)
{
	/* Acquire pairs with fbmask_set(): what the setter wrote into the element is complete; and
	 * with fbmask_clear(): its last accesses to the element are over. */
	return rcu_load_acquire(&words[idx / FBMASK_WORD_BITS]) & fbmask_bit(idx);
}

/* Use an index: true when it was free. */
static inline bool fbmask_set(uint64_t *words, uint32_t idx)
{
	/* Release pairs with fbmask_is_used() and scan_word(): the element is complete for whoever
	 * sees the bit (INV-FBMASK-3). */
	uint64_t old = rcu_fetch_or_release(&words[idx / FBMASK_WORD_BITS], fbmask_bit(idx));

	return !(old & fbmask_bit(idx));
}

/* Free an index: true when it was used. */
static inline bool fbmask_clear(uint64_t *words, uint32_t idx)
{
	/* Release pairs with fbmask_is_used() and scan_word(): whoever sees the index free, and
	 * fills it anew, does so after what this thread did with it. */
	uint64_t old = rcu_fetch_and_release(&words[idx / FBMASK_WORD_BITS], ~fbmask_bit(idx));

	return old & fbmask_bit(idx);
}

/*
 * All searches: `start` is below `len`, `n` is 1 to `len`; an index, or FBMASK_NONE.
 */

/* The first matching index from `start` up; from `start` down. */
uint32_t fbmask_next(const struct fbmask *mask, uint32_t start);
uint32_t fbmask_prev(const struct fbmask *mask, uint32_t start);

/* The lowest index of the first `n` matching ones in a row: of those at or above `start`, the
 * lowest; of those at or below it, the highest. */
uint32_t fbmask_next_n(const struct fbmask *mask, uint32_t start, uint32_t n);
uint32_t fbmask_prev_n(const struct fbmask *mask, uint32_t start, uint32_t n);

/* How many indexes match in a row, `start` included: from it up; from it down.  May be 0. */
uint32_t fbmask_run(const struct fbmask *mask, uint32_t start);
uint32_t fbmask_rev_run(const struct fbmask *mask, uint32_t start);

/* The lowest index of the longest matching run within [start, len), of equal ones the lowest;
 * within [0, start], of equal ones the highest. */
uint32_t fbmask_biggest(const struct fbmask *mask, uint32_t start);
uint32_t fbmask_rev_biggest(const struct fbmask *mask, uint32_t start);

#endif /* FBARRAY_MASK_H */
