/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a descriptor; invariants in segment.h. */

#include "fbarray.h"
#include "point.h"
#include "segment.h"

static void mask_change(struct region *region, uint32_t list, uint32_t page, bool used)
{
	struct rte_fbarray *arr = &region->lists[list].memseg_arr;
	uint64_t *word = &fbarray_mask_words(arr)[page / 64];
	uint64_t bit = 1ull << (page % 64);
	bool was = (rcu_load_relaxed(word) & bit) != 0; /* Relaxed: under the mutex. */

	if (was == used)
		return;
	/* Release pairs with scan_word() and fbmask_is_used(): a used bit shows a complete
	 * descriptor. */
	rcu_store_release(
		word, used ? rcu_load_relaxed(word) | bit : rcu_load_relaxed(word) & ~bit);
	/* Relaxed: callers read the count without a lock and take it as a figure. */
	rcu_store_relaxed(&arr->count, used ? arr->count + 1 : arr->count - 1);
}

void segment_describe(
	struct region *region, uint32_t list, uint32_t page, uint64_t iova, uint32_t flags)
{
	const struct list_state *state = &region->states[list];
	struct segment_mirror *s = segment_mirror(region, list, page);
	uint32_t *generation = &state->generation[page];

	/*
	 * Release, here and in segment_clear(): pairs with the acquire of `iova`
	 * in segment_iova(), which then sees that the generation was even.
	 * The other members: relaxed, the store of `addr` publishes them.
	 */
	rcu_store_release(&s->iova, iova);
	rcu_store_relaxed(&s->len, 1ull << state->page_shift);
	rcu_store_relaxed(&s->hugepage_sz, 1ull << state->page_shift);
	rcu_store_relaxed(&s->socket_id, state->socket);
	rcu_store_relaxed(&s->nchannel, region->nchannel);
	rcu_store_relaxed(&s->nrank, region->nrank);
	rcu_store_relaxed(&s->flags, flags);
	/* Release pairs with the load of `addr` in get() (fd.c) and with callers' own:
	 * INV-SEGMENT-3. */
	rcu_publish(&s->addr, segment_va(state, page));
	mask_change(region, list, page, true);
	TEST_POINT("segment.described");
	/* Release pairs with the first load in segment_iova(). */
	if (state->kind == LIST_INTERNAL && !(rcu_load_relaxed(generation) & 1))
		rcu_store_release(generation, rcu_load_relaxed(generation) + 1);
}

void segment_withdraw(struct region *region, uint32_t list, uint32_t page)
{
	const struct list_state *state = &region->states[list];
	uint32_t *generation = &state->generation[page];

	/* Release pairs with the second load in segment_iova(), by way of `iova`: see
	 * segment_clear(). */
	if (state->kind == LIST_INTERNAL && (rcu_load_relaxed(generation) & 1))
		rcu_store_release(generation, rcu_load_relaxed(generation) + 1);
	mask_change(region, list, page, false);
	/* No store of `addr`: a walk of an earlier snapshot may still show the page
	 * (INV-SEGMENT-3). */
}

void segment_clear(struct region *region, uint32_t list, uint32_t page)
{
	struct segment_mirror *s = segment_mirror(region, list, page);

	/* Release pairs as in segment_describe(): NULL is seen only after the bit is clear. */
	rcu_store_release(&s->addr, 0);
	/* Release pairs with the acquire in segment_iova(): who reads this 0 sees the even
	 * generation too. */
	rcu_store_release(&s->iova, 0);
	/* Relaxed: who found the page in use has left its section, nobody relies on the rest. */
	rcu_store_relaxed(&s->len, 0);
	rcu_store_relaxed(&s->hugepage_sz, 0);
	rcu_store_relaxed(&s->socket_id, 0);
	rcu_store_relaxed(&s->nchannel, 0);
	rcu_store_relaxed(&s->nrank, 0);
	rcu_store_relaxed(&s->flags, 0);
}

void segment_recount(struct region *region, uint32_t list)
{
	struct rte_fbarray *arr = &region->lists[list].memseg_arr;
	const uint64_t *words = fbarray_mask_words(arr);
	unsigned int count = 0;

	for (uint32_t w = 0; w < (arr->len + 63) / 64; w++)
		count += (unsigned int)__builtin_popcountll(
			rcu_load_relaxed(&words[w])); /* Relaxed: under the mutex. */
	rcu_store_relaxed(&arr->count, count);        /* Relaxed: as in mask_change(). */
}

bool segment_iova(const struct region *region, uint32_t list, uint32_t page, uint64_t *iova)
{
	const uint32_t *generation = &region->states[list].generation[page];
	/* Acquire pairs with segment_describe(). */
	uint32_t before = rcu_load_acquire(generation);

	TEST_POINT("lookup.generation");
	/* Acquire pairs with segment_clear() and segment_describe(): a newer value comes with a
	 * newer generation. */
	*iova = rcu_load_acquire(&segment_mirror(region, list, page)->iova);
	TEST_POINT("lookup.iova");
	/* Relaxed: ordered after the load above by its acquire. */
	return (before & 1) && rcu_load_relaxed(generation) == before;
}
