/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of a descriptor; invariants in segment.h. */

#include "fbarray.h"
#include "index.h"
#include "point.h"
#include "segment.h"

/* Set or clear bits of a mask word, and count them. */
static void mask_change(struct rte_fbarray *arr, uint32_t at, uint64_t bits, bool used)
{
	uint64_t *word = &fbarray_mask_words(arr)[at];
	uint64_t old = rcu_load_relaxed(word); /* Relaxed: under the mutex. */
	uint64_t new = used ? old | bits : old & ~bits;
	unsigned int changed = (unsigned int)__builtin_popcountll(old ^ new);

	TEST_POINT("segment.mask");
	/* Release pairs with scan_word() and fbmask_is_used(): a used bit shows a complete
	 * descriptor. */
	rcu_store_release(word, new);
	TEST_POINT("segment.count");
	/* Relaxed: callers read the count without a lock and take it as a figure. */
	rcu_store_relaxed(&arr->count, used ? arr->count + changed : arr->count - changed);
}

void segment_describe(
	struct region *region, uint32_t list, uint32_t page, uint64_t iova, uint32_t flags)
{
	const struct list_state *state = &region->states[list];
	struct segment_mirror *s = segment_mirror(region, list, page);

	/* Relaxed, all up to `addr`: its store publishes them; segment_iova() checks `iova`
	 * against the index. */
	rcu_store_relaxed(&s->iova, iova);
	rcu_store_relaxed(&s->len, 1ull << state->page_shift);
	rcu_store_relaxed(&s->hugepage_sz, 1ull << state->page_shift);
	rcu_store_relaxed(&s->socket_id, state->socket);
	rcu_store_relaxed(&s->nchannel, region->nchannel);
	rcu_store_relaxed(&s->nrank, region->nrank);
	rcu_store_relaxed(&s->flags, flags);
	TEST_POINT("segment.filled");
	/* Release pairs with callers' own loads of `addr`: INV-SEGMENT-3. */
	rcu_publish(&s->addr, segment_va(state, page));
	TEST_POINT("segment.addressed");
	mask_change(&region->lists[list].memseg_arr, page / 64, 1ull << (page % 64), true);
	TEST_POINT("segment.described");
}

void segment_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n)
{
	struct rte_fbarray *arr = &region->lists[list].memseg_arr;
	uint32_t last = first + n - 1;

	for (uint32_t at = first / 64; at <= last / 64; at++) {
		uint64_t bits = ~0ull << (at == first / 64 ? first % 64 : 0);

		TEST_POINT("withdraw.word");
		mask_change(arr, at, bits & ~0ull >> (at == last / 64 ? 63 - last % 64 : 0), false);
	}
	/* No store of `addr`: a walk of an earlier snapshot may still show the page
	 * (INV-SEGMENT-3). */
	if (PLANTED(DESCRIPTOR_EARLY))
		for (uint32_t page = first; page <= last; page++)
			segment_clear(region, list, page);
}

void segment_clear(struct region *region, uint32_t list, uint32_t page)
{
	struct segment_mirror *s = segment_mirror(region, list, page);

	/* Release pairs as in segment_describe(): NULL is seen only after the bit is clear. */
	rcu_store_release(&s->addr, 0);
	TEST_POINT("segment.cleared");
	/* Relaxed, all of these: who found the page in use has left its section, nobody relies on
	 * the rest. */
	rcu_store_relaxed(&s->iova, 0);
	rcu_store_relaxed(&s->len, 0);
	rcu_store_relaxed(&s->hugepage_sz, 0);
	rcu_store_relaxed(&s->socket_id, 0);
	rcu_store_relaxed(&s->nchannel, 0);
	rcu_store_relaxed(&s->nrank, 0);
	rcu_store_relaxed(&s->flags, 0);
	rcu_tell_other(
		region->domain, &fbarray_mask_words(&region->lists[list].memseg_arr)[page / 64]);
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
	uint64_t word;

	TEST_POINT("lookup.descriptor");
	/* Relaxed: old or new, the index decides what it is worth (INV-SEGMENT-2). */
	*iova = rcu_load_relaxed(&segment_mirror(region, list, page)->iova);
	TEST_POINT("lookup.iova");
	/* Linearization point: the last load of the descent. */
	word = rcu_radix_lookup(region->iova_index, *iova);
	return index_tag(word) == INDEX_DIRECT &&
	       *iova + (word - INDEX_DIRECT) == segment_va(&region->states[list], page);
}
