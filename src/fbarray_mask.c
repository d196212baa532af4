/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Searches in a mask, a word at a time.  Invariants: fbarray_mask.h.
 *
 * Every search is one pass over words in the order of the scan.  A pass does
 * not know whether it goes up or down, nor whether it looks for used or free
 * indexes: scan_word() turns each word so that a 1 is a match and bit 0 comes
 * first.  Positions count from the first bit of the first word; the `skip`
 * bits before the start never match.
 */

#include <assert.h>

#include "fbarray_mask.h"

struct scan {
	const uint64_t *words;
	uint64_t invert;
	uint64_t last_bits; /* Bits of the last word that belong to the mask. */
	uint32_t first;     /* Index of the first word. */
	uint32_t n_words;
	uint32_t skip;
	uint32_t end; /* Positions: skip <= position < end. */
	bool down;
};

/* A run of matches: its first position and how many. */
struct run {
	uint32_t pos;
	uint32_t cnt;
};

static inline struct scan scan_begin(const struct fbmask *mask, uint32_t start, bool down)
{
	struct scan scan = {.words = mask->words, .invert = mask->invert, .down = down};
	uint32_t bit = start % FBMASK_WORD_BITS;

	assert(start < mask->len);
	scan.first = start / FBMASK_WORD_BITS;
	scan.skip = down ? FBMASK_WORD_BITS - 1 - bit : bit;
	scan.end = scan.skip + (down ? start + 1 : mask->len - start);
	scan.n_words = fbmask_word_cnt(scan.end);
	scan.last_bits = ~0ull >> (-scan.end % FBMASK_WORD_BITS); /* INV-FBMASK-2 */
	return scan;
}

static inline uint64_t reverse_bits(uint64_t w)
{
	w = ((w >> 1) & 0x5555555555555555ull) | ((w & 0x5555555555555555ull) << 1);
	w = ((w >> 2) & 0x3333333333333333ull) | ((w & 0x3333333333333333ull) << 2);
	w = ((w >> 4) & 0x0f0f0f0f0f0f0f0full) | ((w & 0x0f0f0f0f0f0f0f0full) << 4);
	return __builtin_bswap64(w);
}

/* The k-th word of a scan (INV-FBMASK-1: asked for once). */
static inline uint64_t scan_word(const struct scan *scan, uint32_t k)
{
	uint32_t i = scan->down ? scan->first - k : scan->first + k;
	/* Acquire pairs with fbmask_set() and fbmask_clear(), as in fbmask_is_used(). */
	uint64_t word = rcu_load_acquire(&scan->words[i]) ^ scan->invert;

	if (scan->down)
		word = reverse_bits(word);
	if (k == 0)
		word &= ~0ull << scan->skip;
	if (k == scan->n_words - 1)
		word &= scan->last_bits;
	return word;
}

static inline uint32_t low_ones(uint64_t w)
{
	return w == ~0ull ? FBMASK_WORD_BITS : (uint32_t)__builtin_ctzll(~w);
}

static inline uint32_t high_ones(uint64_t w)
{
	return w == ~0ull ? FBMASK_WORD_BITS : (uint32_t)__builtin_clzll(~w);
}

/* A bit for each place where `n` ones in a row begin, 1 <= n <= 64: log2(n) steps. */
static inline uint64_t runs_of(uint64_t w, uint32_t n)
{
	for (uint32_t have = 1; have < n && w;) {
		uint32_t more = n - have < have ? n - have : have;

		w &= w >> more;
		have += more;
	}
	return w;
}

/* Position of the first match, or `end`. */
static inline uint32_t scan_first(const struct scan *scan)
{
	for (uint32_t k = 0; k < scan->n_words; k++) {
		uint64_t word = scan_word(scan, k);

		if (word)
			return k * FBMASK_WORD_BITS + (uint32_t)__builtin_ctzll(word);
	}
	return scan->end;
}

/* Position of the first `n` matches in a row, or `end`. */
static inline uint32_t scan_first_n(const struct scan *scan, uint32_t n)
{
	uint32_t carry = 0; /* Matches at the end of the words before. */

	for (uint32_t k = 0; k < scan->n_words; k++) {
		uint64_t word = scan_word(scan, k);
		uint32_t base = k * FBMASK_WORD_BITS;
		uint64_t runs;

		if (carry + low_ones(word) >= n)
			return base - carry;
		if (word == ~0ull) {
			carry += FBMASK_WORD_BITS;
			continue;
		}
		runs = n <= FBMASK_WORD_BITS ? runs_of(word, n) : 0;
		if (runs)
			return base + (uint32_t)__builtin_ctzll(runs);
		carry = high_ones(word);
	}
	return scan->end;
}

/*
 * The longest run, of equal ones the first; 0 matches when there is none.
 * Inside a word only runs longer than the best so far are looked at, so that
 * there are at most 64 of them in the whole pass.
 */
static inline struct run scan_longest(const struct scan *scan)
{
	struct run best = {0, 0};
	uint32_t carry = 0; /* As in scan_first_n(). */

	for (uint32_t k = 0; k < scan->n_words; k++) {
		uint64_t word = scan_word(scan, k);
		uint32_t base = k * FBMASK_WORD_BITS;
		uint32_t head = low_ones(word);
		uint64_t runs;

		if (carry + head > best.cnt)
			best = (struct run){base - carry, carry + head};
		if (word == ~0ull) {
			carry += FBMASK_WORD_BITS;
			continue;
		}
		while (best.cnt < FBMASK_WORD_BITS && (runs = runs_of(word, best.cnt + 1))) {
			uint32_t bit = (uint32_t)__builtin_ctzll(runs);

			best = (struct run){base + bit, low_ones(word >> bit)};
		}
		carry = high_ones(word);
	}
	return best;
}

/* The lowest index of the `n` positions from `pos` on. */
static inline uint32_t scan_lowest(
	const struct scan *scan, uint32_t start, uint32_t pos, uint32_t n)
{
	if (n == 0 || pos == scan->end)
		return FBMASK_NONE;
	pos -= scan->skip;
	return scan->down ? start - pos - (n - 1) : start + pos;
}

static inline uint32_t find_first(const struct fbmask *mask, uint32_t start, bool down)
{
	struct scan scan = scan_begin(mask, start, down);

	return scan_lowest(&scan, start, scan_first(&scan), 1);
}

static inline uint32_t find_n(const struct fbmask *mask, uint32_t start, uint32_t n, bool down)
{
	struct scan scan = scan_begin(mask, start, down);

	assert(n > 0);
	return scan_lowest(&scan, start, scan_first_n(&scan, n), n);
}

/* A run ends where the first index that does not match is. */
static inline uint32_t count_run(const struct fbmask *mask, uint32_t start, bool down)
{
	struct fbmask inverse = {mask->words, mask->len, ~mask->invert};
	struct scan scan = scan_begin(&inverse, start, down);

	return scan_first(&scan) - scan.skip;
}

static inline uint32_t find_biggest(const struct fbmask *mask, uint32_t start, bool down)
{
	struct scan scan = scan_begin(mask, start, down);
	struct run best = scan_longest(&scan);

	return scan_lowest(&scan, start, best.pos, best.cnt);
}

uint32_t fbmask_next(const struct fbmask *mask, uint32_t start)
{
	return find_first(mask, start, false);
}

uint32_t fbmask_prev(const struct fbmask *mask, uint32_t start)
{
	return find_first(mask, start, true);
}

uint32_t fbmask_next_n(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	return find_n(mask, start, n, false);
}

uint32_t fbmask_prev_n(const struct fbmask *mask, uint32_t start, uint32_t n)
{
	return find_n(mask, start, n, true);
}

uint32_t fbmask_run(const struct fbmask *mask, uint32_t start)
{
	return count_run(mask, start, false);
}

uint32_t fbmask_rev_run(const struct fbmask *mask, uint32_t start)
{
	return count_run(mask, start, true);
}

uint32_t fbmask_biggest(const struct fbmask *mask, uint32_t start)
{
	return find_biggest(mask, start, false);
}

uint32_t fbmask_rev_biggest(const struct fbmask *mask, uint32_t start)
{
	return find_biggest(mask, start, true);
}
