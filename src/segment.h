/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SEGMENT_H
#define SEGMENT_H

/*
 * Segments: the public descriptor of a page.
 *
 * The public struct is packed, but an array of it that begins at a multiple of
 * 16 has every member where an unpacked one would have it; segment_mirror is
 * that view, so that members can be accessed atomically.
 *
 * INV-SEGMENT-1  For lookups by address a page is in use exactly while the IOVA
 *                index leads from its IO address to it: one word, one instant
 *                (512 words of a page of 1 GiB whose physical addresses once
 *                were those of smaller pages: one after another).
 * INV-SEGMENT-2  `iova` read without a section may be of an earlier use of the
 *                page, or 0.  If the index leads from it to the page, it is right
 *                now; if not, it changed during the call, so that the page was
 *                free at some instant of it and "not in use" is a right answer:
 *                nobody has to try again.
 * INV-SEGMENT-3  `addr` is NULL, or the page's address and then every member is
 *                complete.  A descriptor that was found in use stays as it is until
 *                the section ends; once readers are gone it is all zero.
 */

#include <stddef.h>

#include "region.h"

struct segment_mirror {
	uint64_t iova;
	uint64_t addr; /* Writer stores (release) last in a plug, and first in a reclaim. */
	uint64_t len;
	uint64_t hugepage_sz;
	int32_t socket_id;
	uint32_t nchannel;
	uint32_t nrank;
	uint32_t flags;
};

_Static_assert(sizeof(struct segment_mirror) == sizeof(struct rte_memseg),
	"the mirror is the public struct");
_Static_assert(
	offsetof(struct segment_mirror, iova) == 0 && offsetof(struct segment_mirror, addr) == 8,
	"kernels of batches look whether these 16 bytes are there");
_Static_assert(offsetof(struct segment_mirror, flags) == offsetof(struct rte_memseg, flags),
	"member by member");

static inline struct segment_mirror *segment_mirror(
	const struct region *region, uint32_t list, uint32_t page)
{
	return (struct segment_mirror *)region->lists[list].memseg_arr.data + page;
}

static inline struct rte_memseg *segment_public(
	const struct region *region, uint32_t list, uint32_t page)
{
	return (struct rte_memseg *)region->lists[list].memseg_arr.data + page;
}

static inline uint64_t segment_va(const struct list_state *state, uint32_t page)
{
	return state->base + ((uint64_t)page << state->page_shift);
}

/*
 * Fill in a page: members, `addr`, mask bit and count.  Caller owns the mutex.  May be repeated
 * after a writer's death.
 */
void segment_describe(
	struct region *region, uint32_t list, uint32_t page, uint64_t iova, uint32_t flags);

/* The reverse for pages [first, first + n), but for `addr` and the other members, which readers may
 * still look at. */
void segment_withdraw(struct region *region, uint32_t list, uint32_t first, uint32_t n);

/* After the grace period: all zero. */
void segment_clear(struct region *region, uint32_t list, uint32_t page);

/* Set `count` of the public record to what the mask says, after a writer's death. */
void segment_recount(struct region *region, uint32_t list);

/*
 * IO address of a page if it is in use: true and the address.  One answer of
 * one time (INV-SEGMENT-2); wait-free.
 */
bool segment_iova(const struct region *region, uint32_t list, uint32_t page, uint64_t *iova);

#endif /* SEGMENT_H */
