/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PIECE_H
#define PIECE_H

/*
 * The IO addresses of an external list, as pieces: sorted, disjoint ranges of
 * IO addresses over which virtual minus IO address is constant.  Where pages
 * of the list overlap in IO address, the piece shows the lowest page, as a
 * walk would find it.  Made once at registration, never changed.
 */

#include <stdbool.h>
#include <stdint.h>

struct piece {
	uint64_t first; /* IO addresses [first, last]: the top byte of all can be one. */
	uint64_t last;
	uint64_t va; /* Of `first`. */
};

/*
 * Pieces of `n` pages at `va` with these IO addresses; pages whose address is
 * bad have none.  *pieces is malloc'ed.  Returns 0, -EINVAL (a page wraps
 * around) or -ENOMEM.
 */
int piece_make(uint64_t va, uint64_t page_sz, const uint64_t *iovas, uint32_t n,
	struct piece **pieces, uint32_t *cnt);

/* The piece that contains `iova`, or NULL. */
const struct piece *piece_find(const struct piece *pieces, uint32_t cnt, uint64_t iova);

/* How far it is from `iova`, which is in no piece, to the next one; UINT64_MAX when there is none.
 */
uint64_t piece_gap(const struct piece *pieces, uint32_t cnt, uint64_t iova);

/* True when a piece touches [first, last]. */
bool piece_touches(const struct piece *pieces, uint32_t cnt, uint64_t first, uint64_t last);

#endif /* PIECE_H */
