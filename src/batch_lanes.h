/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BATCH_LANES_H
#define BATCH_LANES_H

/*
 * The kernels' source, the same for all: batch_*.c choose the lanes and
 * include it.  Invariants: batch.h.
 */

#include <stdbool.h>
#include <stddef.h>

#include "batch.h"
#include "index.h"
#include "radix_lanes.h"
#include "segment.h"

struct batch_answers {
	struct rcu_lanes words;
	struct rcu_lanes_mask found; /* Other lanes are left to batch_one(). */
};

/* Both indexes, and how to look into them. */
struct batch_index {
	struct rcu_lanes_view va;
	struct rcu_lanes_view iova;
	const struct runtime_view *view;
	bool far; /* From the root; else in the window. */
};

RCU_LANES_INLINE struct batch_index batch_index(const struct runtime_view *view, bool far)
{
	return (struct batch_index){
		rcu_lanes_view(&view->va_index), rcu_lanes_view(&view->iova_index), view, far};
}

RCU_LANES_INLINE struct rcu_lanes batch_words(
	const struct batch_index *index, const struct rcu_lanes_view *view, struct rcu_lanes keys)
{
	return index->far ? rcu_lanes_far(view, keys) : rcu_lanes_near(view, keys);
}

/* Where words of iova_index lead from these IO addresses. */
RCU_LANES_INLINE struct rcu_lanes batch_lead(struct rcu_lanes iovas, struct rcu_lanes words)
{
	return rcu_lanes_plus(rcu_lanes_add(iovas, words), 0 - INDEX_DIRECT);
}

/* Linearization point of each lane: the last load of its descent, as in rte_mem_iova2virt(). */
RCU_LANES_INLINE struct batch_answers batch_iova2virt(
	const struct batch_index *index, struct rcu_lanes iovas)
{
	struct rcu_lanes words = batch_words(index, &index->iova, iovas);

	return (struct batch_answers){
		batch_lead(iovas, words), rcu_lanes_are(words, RCU_RADIX_TAG, INDEX_DIRECT)};
}

/*
 * Where IO addresses are virtual addresses there is nothing to look for but
 * whether the page is in use: the index leads from the address to itself, by a
 * word that says "the difference is 0".  Linearization point: as above.
 */
RCU_LANES_INLINE struct batch_answers batch_same(
	const struct batch_index *index, struct rcu_lanes vas)
{
	struct rcu_lanes words = batch_words(index, &index->iova, vas);

	return (struct batch_answers){vas, rcu_lanes_are(words, ~0ull, INDEX_DIRECT)};
}

/*
 * As segment_iova(): the descriptor's `iova` may be of any time, and is right
 * now if the index leads from it to the page (INV-SEGMENT-2).  Which page that
 * is the descriptor's `addr` says: it is NULL or always the same, and NULL is
 * no page's address, so that a cleared descriptor is left to batch_one().  A
 * word other than DIRECT leads nowhere: to no multiple of a page; nor is one
 * believed that names no descriptor, for it is damaged.
 */
RCU_LANES_INLINE struct batch_answers batch_virt2iova(
	const struct batch_index *index, struct rcu_lanes vas)
{
	struct rcu_lanes words = batch_words(index, &index->va, vas);
	struct rcu_lanes_mask found = rcu_lanes_are(words, RCU_RADIX_TAG, INDEX_DIRECT);
	struct rcu_lanes zero = rcu_lanes_all(0);
	struct rcu_lanes at = rcu_lanes_and(words, INDEX_SEGMENT_MASK);
	struct rcu_lanes iovas, pages;

	/* Descriptors stand at multiples of 16 bytes, and `iova` and `addr` are their first 16. */
	found = rcu_lanes_both(found, rcu_lanes_within(at, rcu_lanes_all(index->view->descriptors),
					      rcu_lanes_all(index->view->descriptors_len / 16), 4));
	TEST_POINT("lookup.descriptor");
	iovas = rcu_lanes_load(zero, found, offsetof(struct segment_mirror, iova), at, 1);
	pages = rcu_lanes_load(zero, found, offsetof(struct segment_mirror, addr), at, 1);
	TEST_POINT("lookup.iova");
	words = batch_words(index, &index->iova, iovas);
	found = rcu_lanes_both(found, rcu_lanes_equal(batch_lead(iovas, words), pages));
	return (struct batch_answers){rcu_lanes_add(iovas, rcu_lanes_sub(vas, pages)), found};
}

RCU_LANES_INLINE struct batch_answers batch_look(
	const struct batch_index *index, enum batch_kind kind, struct rcu_lanes keys)
{
	return kind == BATCH_IOVA2VIRT ? batch_iova2virt(index, keys)
	       : kind == BATCH_SAME    ? batch_same(index, keys)
				       : batch_virt2iova(index, keys);
}

/* Lanes left over look up the first key, so that they do not leave the window if it does not. */
RCU_LANES_INLINE struct rcu_lanes batch_read(const char *from, unsigned int n)
{
	return n == RCU_LANES ? rcu_lanes_read(from) : rcu_lanes_read_some(from, n);
}

RCU_LANES_INLINE void batch_write(char *to, struct rcu_lanes words, unsigned int n)
{
	if (n == RCU_LANES)
		rcu_lanes_write(to, words);
	else
		rcu_lanes_write_some(to, words, n);
}

RCU_LANES_INLINE uint32_t batch_valid(unsigned int n)
{
	return n == RCU_LANES ? RCU_LANES_BITS : (1u << n) - 1;
}

/* The window did not know all of them: look from the root, and ask batch_one() for the rest. */
static RCU_LANES_TARGET __attribute__((noinline)) unsigned int batch_far(
	const struct runtime_view *view, enum batch_kind kind, const char *from, char *to,
	unsigned int n)
{
	const struct batch_index index = batch_index(view, true);
	struct rcu_lanes keys = batch_read(from, n);
	struct batch_answers answers = batch_look(&index, kind, keys);
	uint32_t left = ~rcu_lanes_bits(answers.found) & batch_valid(n);
	unsigned int found = n - (unsigned int)__builtin_popcount(left);
	uint64_t rest[RCU_LANES];

	rcu_lanes_write(rest, keys);
	batch_write(to, answers.words, n);
	for (; left; left &= left - 1) {
		unsigned int i = (unsigned int)__builtin_ctz(left);

		found += batch_one(kind, rest[i], to + i * sizeof(*rest));
	}
	return found;
}

/* n keys, at most as many as there are lanes; returns how many were found. */
RCU_LANES_INLINE unsigned int batch_step(const struct runtime_view *view,
	const struct batch_index *index, enum batch_kind kind, const char *from, char *to,
	unsigned int n)
{
	struct batch_answers answers = batch_look(index, kind, batch_read(from, n));

	if (__builtin_expect((~rcu_lanes_bits(answers.found) & batch_valid(n)) != 0, 0))
		return batch_far(view, kind, from, to, n);
	batch_write(to, answers.words, n);
	return n;
}

RCU_LANES_INLINE unsigned int batch_all(const struct runtime_view *view, enum batch_kind kind,
	const char *from, char *to, unsigned int n)
{
	const struct batch_index index = batch_index(view, false);
	const size_t len = sizeof(struct rcu_lanes);
	unsigned int found = 0;

	for (; n >= RCU_LANES; n -= RCU_LANES, from += len, to += len)
		found += batch_step(view, &index, kind, from, to, RCU_LANES);
	if (n)
		found += batch_step(view, &index, kind, from, to, n);
	return found;
}

static RCU_LANES_TARGET unsigned int kernel_iova2virt(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return batch_all(view, BATCH_IOVA2VIRT, from, to, n);
}

static RCU_LANES_TARGET unsigned int kernel_virt2iova(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return batch_all(view, BATCH_VIRT2IOVA, from, to, n);
}

static RCU_LANES_TARGET unsigned int kernel_same(
	const struct runtime_view *view, const void *from, void *to, unsigned int n)
{
	return batch_all(view, BATCH_SAME, from, to, n);
}

#define BATCH_KERNEL(title)                                                                        \
	{                                                                                          \
		.name = title, .run = {kernel_iova2virt, kernel_virt2iova, kernel_same},           \
	}

#endif /* BATCH_LANES_H */
