/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef INDEX_H
#define INDEX_H

/*
 * What the words of the three radix trees mean, and how they are changed.
 *
 * va_index    reserved address ranges of lists.
 *   DIRECT    the descriptor of this page (bits 4-47) and its list (48-63).
 *   PAGES     the same of the first of 512 pages of 4 KiB; the others follow.  It
 *             stands for 2 MiB, and never under a node.
 *   RANGE     an internal list (16-31): the descriptor takes arithmetic.
 *   EXTERNAL  an external list (48-63) that alone touches this range.
 *   MIXED     several lists touch it: ask the snapshot.
 *             Internal words stay for ever, so their lookups need no section.
 *
 * iova_index  internal segments in use.
 *   DIRECT    virtual minus IO address, a multiple of 4096: the whole answer,
 *             so that a lookup is right at the instant of its last load.  One of
 *             2 MiB stands for 512 pages that were plugged together, until some
 *             of them are freed.
 *
 * ext_index   pieces of external memory.
 *   EXTERNAL  list (48-63) and piece (4-47) that alone touches this range.
 *   MIXED     several pieces touch it: ask the snapshot's lists in order.
 *
 * INV-INDEX-1  Internal lists come before external ones, so a hit in
 *              iova_index is the first in walk order.
 * INV-INDEX-2  A word EXTERNAL tells where to look, not what is there: the
 *              bounds of the piece, and whether the list is alive in the
 *              present snapshot, decide.
 */

#include "region.h"

#define INDEX_DIRECT   2ull
#define INDEX_RANGE    4ull
#define INDEX_EXTERNAL 6ull
#define INDEX_PAGES    8ull
#define INDEX_MIXED    10ull

#define INDEX_LIST_SHIFT 48
#define INDEX_PIECE_MASK ((1ull << (INDEX_LIST_SHIFT - 4)) - 1)

#define INDEX_SEGMENT_MASK                                                                         \
	(((1ull << INDEX_LIST_SHIFT) - 1) & ~RCU_RADIX_TAG) /* Of DIRECT and PAGES words. */

static inline uint64_t index_tag(uint64_t word)
{
	return word & RCU_RADIX_TAG;
}

static inline struct rte_memseg *index_segment(uint64_t word)
{
	return (struct rte_memseg *)(uintptr_t)(word & INDEX_SEGMENT_MASK);
}

/* The descriptor of the page that contains `va`, of a PAGES word. */
static inline struct rte_memseg *index_segment_in(uint64_t word, uint64_t va)
{
	return index_segment(word) + ((va >> RCU_RADIX_MIN) & (RCU_RADIX_FANOUT - 1));
}

/* List of a DIRECT, PAGES or EXTERNAL word of va_index, or an EXTERNAL one of ext_index. */
static inline uint32_t index_list(uint64_t word)
{
	return (uint32_t)(word >> INDEX_LIST_SHIFT);
}

static inline uint32_t index_range_list(uint64_t word)
{
	return (uint32_t)(word >> 16);
}

static inline uint32_t index_piece(uint64_t word)
{
	return (uint32_t)((word >> 4) & INDEX_PIECE_MASK);
}

/* ---- Writers, owning the mutex ---- */

/* The reserved range of an internal list, at creation. */
int index_list_add(struct region *region, uint32_t list);

/* Make sure that these pages of an internal list can be indexed: 0 or -ENOSPC; changes no answer.
 */
int index_pages_reserve(struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* The same of IO addresses, also for taking out a part of what one word of 2 MiB may name. */
int index_iova_reserve(struct region *region, uint64_t iova, uint64_t len, unsigned int page_shift);

/* Words that lead to the descriptors of pages, DIRECT or PAGES, where there are none yet. */
void index_pages_direct(struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* Put [iova, iova + len) -> va into the IOVA index, or take it out. */
void index_iova_set(struct region *region, uint64_t iova, uint64_t len, uint64_t va);
void index_iova_clear(struct region *region, uint64_t iova, uint64_t len);

/* Nodes for an external list and its pieces: 0 or -ENOSPC. */
int index_external_reserve(struct region *region, uint32_t list);
void index_external_add(struct region *region, uint32_t list);
void index_external_remove(struct region *region, uint32_t list);

#endif /* INDEX_H */
