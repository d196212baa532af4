/* SPDX-License-Identifier: BSD-3-Clause */
/* A bit for each page under two levels of "full" bits; pagemask.h has the invariant. */

#include "pagemask.h"
#include "point.h"

#define LEVELS 3

static uint64_t words_for(uint64_t bits)
{
	return (bits + 63) / 64;
}

/* Word offset and bit count of a level. */
static void level(uint32_t n, unsigned int k, uint64_t *off, uint64_t *bits)
{
	*off = 0;
	*bits = n;
	for (unsigned int i = 0; i < k; i++) {
		*off += words_for(*bits);
		*bits = words_for(*bits);
	}
}

uint64_t pagemask_size(uint32_t n)
{
	uint64_t off, bits;

	level(n, LEVELS, &off, &bits);
	return off * sizeof(uint64_t);
}

void pagemask_init(uint64_t *mask, uint32_t n)
{
	for (unsigned int k = 0; k < LEVELS; k++) {
		uint64_t off, bits;

		level(n, k, &off, &bits);
		if (bits % 64)
			mask[off + bits / 64] |= ~0ull << (bits % 64);
	}
}

bool pagemask_test(const uint64_t *mask, uint32_t page)
{
	return (mask[page / 64] >> (page % 64)) & 1;
}

/* Bits of word `w` that lie in [first, first + cnt). */
static uint64_t word_bits(uint64_t w, uint64_t first, uint64_t cnt)
{
	uint64_t lo = w * 64 < first ? first - w * 64 : 0;
	uint64_t hi = first + cnt - w * 64;

	return (hi >= 64 ? ~0ull : (1ull << hi) - 1) & (~0ull << lo);
}

void pagemask_set(uint64_t *mask, uint32_t n, uint32_t first, uint32_t cnt, bool taken)
{
	uint64_t from = first, len = cnt;

	for (unsigned int k = 0; k < LEVELS; k++) {
		uint64_t off, bits, w, end = (from + len - 1) / 64;

		level(n, k, &off, &bits);
		for (w = from / 64; w <= end; w++) {
			uint64_t change;

			/* Above the pages a bit follows the word below it. */
			if (k == 0) {
				change = word_bits(w, from, len);
			} else {
				uint64_t below_off, below_bits;

				level(n, k - 1, &below_off, &below_bits);
				change = 0;
				for (uint64_t b = w * 64 < from ? from : w * 64;
					b < from + len && b < w * 64 + 64; b++)
					if ((mask[below_off + b] == ~0ull) == taken)
						change |= 1ull << (b % 64);
			}
			TEST_POINT("pagemask.word");
			if (taken)
				mask[off + w] |= change;
			else
				mask[off + w] &= ~change;
		}
		TEST_POINT("pagemask.level");
		from = from / 64;
		len = end - from + 1;
	}
}

static int64_t find_one(const uint64_t *mask, uint32_t n)
{
	uint64_t off, bits, at = 0;
	unsigned int k = LEVELS - 1;

	level(n, k, &off, &bits);
	for (; at < words_for(bits) && mask[off + at] == ~0ull; at++)
		;
	if (at == words_for(bits))
		return -1;
	for (;;) {
		if (mask[off + at] == ~0ull)
			return -1; /* Damaged: the word above says that one is free. */
		at = at * 64 + (unsigned int)__builtin_ctzll(~mask[off + at]);
		if (at >= bits)
			return -1; /* Damaged: so is what is no page. */
		if (k == 0)
			return (int64_t)at;
		level(n, --k, &off, &bits);
	}
}

int64_t pagemask_find(const uint64_t *mask, uint32_t n, uint32_t cnt)
{
	uint64_t run = 0, words = words_for(n);

	if (cnt == 1)
		return find_one(mask, n);
	for (uint64_t w = 0; w < words; w++) {
		uint64_t word = mask[w];

		if (word == 0 && run + 64 < cnt) {
			run += 64;
			continue;
		}
		if (word == ~0ull) {
			run = 0;
			continue;
		}
		for (unsigned int i = 0; i < 64; i++) {
			run = (word >> i) & 1 ? 0 : run + 1;
			if (run == cnt) /* Beyond the last page it is damaged, too. */
				return w * 64 + i < n ? (int64_t)(w * 64 + i + 1 - cnt) : -1;
		}
	}
	return -1;
}
