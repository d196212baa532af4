/* SPDX-License-Identifier: BSD-3-Clause */
/* Changing the indexes; what their words mean stands in index.h. */

#include <errno.h>

#include "index.h"
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

/* ---- Internal lists ---- */

static uint64_t list_last(const struct list_state *state)
{
	return segment_va(state, state->n_pages) - 1;
}

int index_list_add(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.word = (uint64_t)list << 16 | INDEX_RANGE};
	int err = rcu_radix_reserve(region->va_index, state->base, list_last(state));

	if (!err)
		rcu_radix_update(region->va_index, state->base, list_last(state), put_word, &ctx);
	return err;
}

/*
 * A direct word names one page.  A word of a level above the page's own must be
 * a node also where the range covers it whole, and so must one of the root
 * table, for the window has no others: reserving a part under each makes it so.
 */
int index_pages_reserve(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	const struct list_state *state = &region->states[list];
	uint64_t va = segment_va(state, first), end = segment_va(state, first + n);
	bool small = state->page_shift < RCU_RADIX_MID;
	uint64_t part = 1ull << (small ? state->page_shift : RCU_RADIX_MID);
	uint64_t above = 1ull << (small ? RCU_RADIX_MID : RCU_RADIX_TOP);
	int err = 0;

	for (; va < end && !err; va = (va / above + 1) * above)
		err = rcu_radix_reserve(region->va_index, va, va + part - 1);
	return err;
}

int index_iova_reserve(struct region *region, uint64_t iova, uint64_t len)
{
	return rcu_radix_reserve(region->iova_index, iova, iova + (len - 1));
}

/* Pages and words have the same size, or a page has several words: all of them name its descriptor.
 */
static uint64_t put_direct(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	const struct index_ctx *c = ctx;
	const struct list_state *state = &c->region->states[c->list];
	uint32_t page = (uint32_t)((base - state->base) >> state->page_shift);

	return (uint64_t)(uintptr_t)segment_public(c->region, c->list, page) |
	       (uint64_t)c->list << INDEX_LIST_SHIFT | INDEX_DIRECT;
}

void index_pages_direct(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	const struct list_state *state = &region->states[list];
	struct index_ctx ctx = {.region = region, .list = list};

	rcu_radix_update(region->va_index, segment_va(state, first),
		segment_va(state, first + n) - 1, put_direct, &ctx);
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

		if (i != c->list && state->kind != LIST_NONE && state->base <= last &&
			list_last(state) >= first)
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

int index_external_reserve(struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	int err = rcu_radix_reserve(region->va_index, state->base, list_last(state));

	for (uint32_t i = 0; !err && i < state->n_pieces; i++)
		err = rcu_radix_reserve(
			region->ext_index, state->pieces[i].first, state->pieces[i].last);
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
