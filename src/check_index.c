/* SPDX-License-Identifier: BSD-3-Clause */
/* What the words of the indexes lead to. */

#include <inttypes.h>

#include "check_state.h"
#include "index.h"

/* The internal list that an address lies in, or -1. */
static int64_t list_of(const struct check *check, uint64_t va)
{
	uint64_t off = va - check->region->base;
	uint32_t lo = 0, hi = check->layout->n_internal;

	if (va < check->region->base || off < check->layout->len || off >= check->layout->span)
		return -1;
	while (lo + 1 < hi) { /* They stand one behind the other. */
		uint32_t mid = lo + (hi - lo) / 2;

		if (check->internal[mid].at.base <= off)
			lo = mid;
		else
			hi = mid;
	}
	return lo;
}

static void bad_word(struct check *check, enum check_tree tree, uint64_t base, uint64_t word)
{
	check_finding(check, "%s: word %#" PRIx64 " at %#" PRIx64 " leads to nothing",
		check_tree_name(tree), word, base);
}

/* Bytes under a word; 2^64 is not asked for: the highest shift is 57. */
static uint64_t span_of(unsigned int shift)
{
	return 1ull << shift;
}

/* ---- By virtual address ---- */

/* A word inside an internal list: which it must be. */
static bool internal_word_sound(
	const struct check *check, uint32_t list, uint64_t base, unsigned int shift, uint64_t word)
{
	const struct region_layout_list *at = &check->internal[list].at;
	uint64_t begin = check->region->base + at->base;
	uint64_t page = (base - begin) / at->page_sz;
	uint64_t slot = check->region->base + at->slots + page * sizeof(struct segment_mirror);

	if (span_of(shift) > at->len - (base - begin))
		return false;
	if (index_tag(word) == INDEX_RANGE)
		return word == ((uint64_t)list << 16 | INDEX_RANGE);
	if (index_tag(word) == INDEX_PAGES)
		return at->page_sz == 1ull << RCU_RADIX_MIN && shift == RCU_RADIX_MID &&
		       word == (slot | (uint64_t)list << INDEX_LIST_SHIFT | INDEX_PAGES);
	return span_of(shift) <= at->page_sz &&
	       word == (slot | (uint64_t)list << INDEX_LIST_SHIFT | INDEX_DIRECT);
}

static bool outer_word_sound(
	const struct check *check, uint64_t base, unsigned int shift, uint64_t word)
{
	uint64_t last = base + (span_of(shift) - 1);
	uint64_t begin = check->region->base + check->layout->len;
	uint64_t end = check->region->base + check->layout->span;
	uint32_t list = index_list(word);
	const struct list_state *state;

	if (base < end && last >= begin)
		return false;
	if (word == INDEX_MIXED)
		return true; /* It may outlive those that it was made for. */
	if (index_tag(word) != INDEX_EXTERNAL || index_piece(word) != 0 ||
		!check_external_shown(check, list))
		return false;
	state = &check->states[list];
	return state->base <= last && base <= segment_va(state, state->n_pages) - 1;
}

static void va_word(struct check *check, uint64_t base, unsigned int shift, uint64_t word)
{
	int64_t list = list_of(check, base);

	if (!check->still)
		return;
	check->covered += list < 0 ? 0 : span_of(shift);
	if (list < 0 ? !outer_word_sound(check, base, shift, word)
		     : !internal_word_sound(check, (uint32_t)list, base, shift, word))
		bad_word(check, CHECK_TREE_VA, base, word);
}

/* ---- By IO address ---- */

static void iova_word(struct check *check, uint64_t base, unsigned int shift, uint64_t word)
{
	uint64_t va = base + (word - INDEX_DIRECT), last = va + (span_of(shift) - 1);
	int64_t list = list_of(check, va);
	const struct check_list *l;
	uint64_t page, end;

	if (!check->still)
		return;
	if (index_tag(word) != INDEX_DIRECT || (word - INDEX_DIRECT) % 4096 || list < 0 ||
		list_of(check, last) != list || last < va) {
		bad_word(check, CHECK_TREE_IOVA, base, word);
		return;
	}
	check->indexed += span_of(shift);
	l = &check->internal[list];
	page = (va - check->region->base - l->at.base) / l->at.page_sz;
	end = (last - check->region->base - l->at.base) / l->at.page_sz;
	for (; page <= end; page++) {
		const struct segment_mirror *slots =
			(const void *)(check->image->base + l->at.slots);
		uint64_t begin = check->region->base + l->at.base + page * l->at.page_sz;

		if (check_bit(l->in_use, page) && slots[page].iova == begin - (word - INDEX_DIRECT))
			continue;
		check_finding(check,
			"%s: word %#" PRIx64 " at %#" PRIx64 " leads to list %u page %" PRIu64
			", which is not in use there",
			check_tree_name(CHECK_TREE_IOVA), word, base, (unsigned int)list, page);
		return;
	}
}

/* ---- External memory ---- */

static bool piece_there(const struct check *check, uint64_t word, uint64_t base, uint64_t last)
{
	uint32_t list = index_list(word), number = index_piece(word);
	const struct piece *piece;
	uint64_t off;

	if (!check_external_shown(check, list) || number >= check->states[list].n_pieces)
		return false;
	check_inside(check, (uint64_t)(uintptr_t)check->states[list].pieces, 0, &off);
	piece = (const struct piece *)(check->image->base + off) + number;
	return piece->first <= last && base <= piece->last;
}

static bool any_piece_there(const struct check *check, uint64_t base, uint64_t last)
{
	for (uint32_t i = check->layout->n_internal; i < check->region->max_lists; i++) {
		const struct list_state *state = &check->states[i];
		uint64_t off;

		if (!check_external_shown(check, i) || state->n_pieces == 0)
			continue;
		check_inside(check, (uint64_t)(uintptr_t)state->pieces, 0, &off);
		if (piece_touches(
			    (const void *)(check->image->base + off), state->n_pieces, base, last))
			return true;
	}
	return false;
}

static void ext_word(struct check *check, uint64_t base, unsigned int shift, uint64_t word)
{
	uint64_t last = base + (span_of(shift) - 1);

	if (!check->still)
		return;
	if (word == INDEX_MIXED ? !any_piece_there(check, base, last)
				: index_tag(word) != INDEX_EXTERNAL ||
					  !piece_there(check, word, base, last))
		bad_word(check, CHECK_TREE_EXT, base, word);
}

void check_index(struct check *check)
{
	check_tree(check, CHECK_TREE_VA, va_word);
	check_tree(check, CHECK_TREE_IOVA, iova_word);
	check_tree(check, CHECK_TREE_EXT, ext_word);
	/* Words are missing, if nothing was said of them above. */
	if (check->findings || !check->still)
		return;
	if (check->covered != check->layout->span - check->layout->len)
		check_finding(check, "%s: it does not cover the internal lists",
			check_tree_name(CHECK_TREE_VA));
	if (check->indexed != check->addressed)
		check_finding(check,
			"%s: it leads to %" PRIu64 " bytes, and %" PRIu64 " are in use",
			check_tree_name(CHECK_TREE_IOVA), check->indexed, check->addressed);
}
