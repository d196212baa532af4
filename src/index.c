/* SPDX-License-Identifier: BSD-3-Clause */
/* Changing the indexes; what their words mean stands in index.h. */

#include <errno.h>

#include "index.h"
#include "log.h"
#include "piece.h"
#include "segment.h"

struct index_ctx {
	struct region *region;
	uint64_t word;
	uint32_t list;
};

static uint64_t put_word(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	return ((const struct index_ctx *)ctx)->word;
}

/* Before anything changes: all that an update of the range will need. */
static int reserve(struct rcu_radix *tree, uint64_t first, uint64_t last)
{
	int err = rcu_radix_reserve(tree, first, last);

	if (err == -ENOTRECOVERABLE)
		log_message(LOG_ERROR, "an index is damaged");
	return err;
}

/* ---- Internal lists ---- */

static uint64_t list_last(const struct list_state *state)
{
	return segment_va(state, state->n_pages) - 1;
}

int index_list_add(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.word = (uint64_t)list << 16 | INDEX_RANGE};
	int err = reserve(region->va_index, state->base, list_last(state));

	if (!err)
		rcu_radix_update(region->va_index, state->base, list_last(state), put_word, &ctx);
	return err;
}

/* Pages that 2 MiB words can name all of, one page or 512 of them. */
static bool pages_are_words(const struct list_state *state)
{
	return state->page_shift >= RCU_RADIX_MID || state->page_shift == RCU_RADIX_MIN;
}

/*
 * A direct word names one page, or all of its 512.  A word of a level above must
 * be a node also where the range covers it whole, and so must one of the root
 * table, for the window has no others: reserving a part under each makes it so.
 */
int index_pages_reserve(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	const struct list_state *state = &region->states[list];
	uint64_t va = segment_va(state, first), end = segment_va(state, first + n);
	bool words = pages_are_words(state);
	uint64_t part = 1ull << (words ? RCU_RADIX_MID : state->page_shift);
	uint64_t above = 1ull << (words ? RCU_RADIX_TOP : RCU_RADIX_MID);
	int err = 0;

	for (; va < end && !err; va = (va / above + 1) * above)
		err = reserve(region->va_index, va & -part, (va | (part - 1)));
	return err;
}

/* Words of 2 MiB, and larger ones for larger pages alone: the window has no others.  Words of 4 KiB
 * where a range covers 2 MiB in part. */
int index_iova_reserve(struct region *region, uint64_t iova, uint64_t len, unsigned int page_shift)
{
	uint64_t part = 1ull << (page_shift > RCU_RADIX_MID ? page_shift : RCU_RADIX_MID);
	uint64_t last = iova + (len - 1);
	int err;

	for (;;) {
		uint64_t end = iova | (part - 1);

		if (end > last)
			end = last;
		err = reserve(region->iova_index, iova, end);
		if (err || end == last)
			return err;
		iova = end + 1;
	}
}

/* Pages and words have the same size, or a page has several words: all of them name its descriptor.
 */
static uint64_t put_direct(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	const struct index_ctx *c = ctx;
	const struct list_state *state = &c->region->states[c->list];
	uint32_t page = (uint32_t)((base - state->base) >> state->page_shift);

	return (uint64_t)(uintptr_t)segment_public(c->region, c->list, page) |
	       (uint64_t)c->list << INDEX_LIST_SHIFT |
	       (shift > state->page_shift ? INDEX_PAGES : INDEX_DIRECT);
}

void index_pages_direct(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.region = region, .list = list};
	uint64_t part = 1ull << (pages_are_words(state) ? RCU_RADIX_MID : RCU_RADIX_MIN);

	rcu_radix_update(region->va_index, segment_va(state, first) & -part,
		(segment_va(state, first + n) - 1) | (part - 1), put_direct, &ctx);
}

void index_iova_set(struct region *region, uint64_t iova, uint64_t len, uint64_t va)
{
	struct index_ctx ctx = {.word = (va - iova) | INDEX_DIRECT};

	rcu_radix_update(region->iova_index, iova, iova + (len - 1), put_word, &ctx);
}

void index_iova_clear(struct region *region, uint64_t iova, uint64_t len)
{
	struct index_ctx ctx = {.word = 0};

	rcu_radix_update(region->iova_index, iova, iova + (len - 1), put_word, &ctx);
}

/* ---- External lists ---- */

static uint64_t external_word(uint32_t list, uint32_t piece)
{
	return (uint64_t)list << INDEX_LIST_SHIFT | (uint64_t)piece << 4 | INDEX_EXTERNAL;
}

/* Alone: the word of this list; else several. */
static uint64_t put_external(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	const struct index_ctx *c = ctx;

	return old == 0 || old == c->word ? c->word : INDEX_MIXED;
}

static bool other_range_touches(const struct index_ctx *c, uint64_t first, uint64_t last)
{
	for (uint32_t i = 0; i < c->region->max_lists; i++) {
		const struct list_state *state = &c->region->states[i];

		/* The words of one that is dying are gone. */
		if (i != c->list && state->kind != LIST_NONE && state->kind != LIST_DYING &&
			state->base <= last && list_last(state) >= first)
			return true;
	}
	return false;
}

static bool other_piece_touches(const struct index_ctx *c, uint64_t first, uint64_t last)
{
	for (uint32_t i = c->region->n_internal; i < c->region->max_lists; i++) {
		const struct list_state *state = &c->region->states[i];

		if (i != c->list && state->kind == LIST_EXTERNAL &&
			piece_touches(state->pieces, state->n_pieces, first, last))
			return true;
	}
	return false;
}

/* A word of this list becomes empty; one of several stays that while others touch it. */
static uint64_t drop(const struct index_ctx *c, uint64_t base, unsigned int shift, uint64_t old,
	bool (*others)(const struct index_ctx *, uint64_t, uint64_t))
{
	if (old == INDEX_MIXED)
		return others(c, base, base + ((1ull << shift) - 1)) ? INDEX_MIXED : 0;
	return index_tag(old) == INDEX_EXTERNAL && index_list(old) == c->list ? 0 : old;
}

static uint64_t drop_range(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	return drop(ctx, base, shift, old, other_range_touches);
}

static uint64_t drop_piece(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	return drop(ctx, base, shift, old, other_piece_touches);
}

/* False: there are not as many nodes left as the pieces need. */
static bool pieces_fit(const struct region *region, const struct list_state *state)
{
	uint32_t room = rcu_radix_room(region->ext_index);
	const uint64_t *before = NULL;

	for (uint32_t i = 0; i < state->n_pieces; i++) {
		const struct piece *piece = &state->pieces[i];
		uint32_t n =
			rcu_radix_missing(region->ext_index, piece->first, piece->last, before);

		if (n > room)
			return false;
		room -= n;
		before = &piece->last;
	}
	return true;
}

/* Nodes stay for ever, so none is made unless all can be: such addresses may be anywhere. */
int index_external_reserve(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	uint64_t last = list_last(state);
	int err;

	if (rcu_radix_missing(region->va_index, state->base, last, NULL) >
			rcu_radix_room(region->va_index) ||
		!pieces_fit(region, state))
		return -ENOSPC;
	err = reserve(region->va_index, state->base, last);
	for (uint32_t i = 0; !err && i < state->n_pieces; i++)
		err = reserve(region->ext_index, state->pieces[i].first, state->pieces[i].last);
	return err;
}

void index_external_add(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.region = region, .list = list, .word = external_word(list, 0)};

	rcu_radix_update(region->va_index, state->base, list_last(state), put_external, &ctx);
	for (uint32_t i = 0; i < state->n_pieces; i++) {
		ctx.word = external_word(list, i);
		rcu_radix_update(region->ext_index, state->pieces[i].first, state->pieces[i].last,
			put_external, &ctx);
	}
}

void index_external_remove(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.region = region, .list = list};

	rcu_radix_update(region->va_index, state->base, list_last(state), drop_range, &ctx);
	for (uint32_t i = 0; i < state->n_pieces; i++)
		rcu_radix_update(region->ext_index, state->pieces[i].first, state->pieces[i].last,
			drop_piece, &ctx);
}
