/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Batch translation on any machine.  One address after the other, yet not one
 * waits for the other: the processor has the loads of several addresses in
 * flight, as there is no call between them.
 */

#include <string.h>

#include "batch.h"
#include "index.h"
#include "segment.h"

#define INLINE static inline __attribute__((always_inline))

/* True with the answer, as in batch_lanes.h; false: left to batch_one(). */
INLINE bool one_iova2virt(const struct rcu_radix_view *index, uint64_t iova, uint64_t *va)
{
	uint64_t word = rcu_radix_view_lookup(index, iova);

	*va = iova + word - INDEX_DIRECT;
	return index_tag(word) == INDEX_DIRECT;
}

INLINE bool one_same(const struct rcu_radix_view *index, uint64_t va, uint64_t *iova)
{
	*iova = va;
	return rcu_radix_view_lookup(index, va) == INDEX_DIRECT;
}

INLINE bool one_virt2iova(const struct runtime_view *view, uint64_t va, uint64_t *iova)
{
	uint64_t word = rcu_radix_view_lookup(&view->va_index, va);
	const struct segment_mirror *s;
	uint64_t page;

	if (index_tag(word) != INDEX_DIRECT ||
		(word & INDEX_SEGMENT_MASK) - view->descriptors >= view->descriptors_len)
		return false; /* Of the second kind is a word that is damaged. */
	s = (const struct segment_mirror *)(uintptr_t)(word & INDEX_SEGMENT_MASK);
	TEST_POINT("lookup.descriptor");
	/* Relaxed, both: the index decides what they are worth (INV-SEGMENT-2). */
	*iova = rcu_load_relaxed(&s->iova);
	page = rcu_load_relaxed(&s->addr);
	TEST_POINT("lookup.iova");
	word = rcu_radix_view_lookup(&view->iova_index, *iova);
	if (*iova + word - INDEX_DIRECT != page)
		return false;
	*iova += va - page;
	return true;
}

INLINE unsigned int all(const struct runtime_view *view, enum batch_kind kind, const char *from,
	char *to, unsigned int n)
{
	const struct rcu_radix_view *iova_index = &view->iova_index;
	unsigned int missed = 0;

	for (unsigned int i = 0; i < n; i++, from += sizeof(uint64_t), to += sizeof(uint64_t)) {
		uint64_t key, answer;
		bool found;

		memcpy(&key, from, sizeof(key));
		found = kind == BATCH_IOVA2VIRT ? one_iova2virt(iova_index, key, &answer)
			: kind == BATCH_SAME    ? one_same(iova_index, key, &answer)
						: one_virt2iova(view, key, &answer);
		if (__builtin_expect(found, 1))
			memcpy(to, &answer, sizeof(answer));
		else
			missed += 1 - batch_one(kind, key, to);
	}
	return n - missed;
}

static unsigned int kernel_iova2virt(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return all(view, BATCH_IOVA2VIRT, from, to, n);
}

static unsigned int kernel_virt2iova(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return all(view, BATCH_VIRT2IOVA, from, to, n);
}

static unsigned int kernel_same(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return all(view, BATCH_SAME, from, to, n);
}

const struct batch_kernel batch_plain = {
	.name = "plain",
	.run = {kernel_iova2virt, kernel_virt2iova, kernel_same},
};
