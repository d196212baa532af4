/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EXTERNAL_LOOKUP_H
#define EXTERNAL_LOOKUP_H

/*
 * Lookups of external memory.  Each is a section of its own: an index word
 * tells where to look, and the list there is alive exactly if the snapshot
 * says so (INV-INDEX-2, INV-SNAPSHOT-2).
 */

#include <stdbool.h>
#include <stdint.h>

#include "piece.h"
#include "region.h"

/* The external list that contains `va`, or NULL. */
struct rte_memseg_list *external_list_of(struct region *region, uint64_t va);

/* The descriptor of the external page that contains `va`; NULL also when its list is not attached
 * here. */
struct rte_memseg *external_segment_of(struct region *region, uint64_t va);

/* True when the segments of this external list can be read in this process. */
bool external_list_attached(const struct region *region, const struct rte_memseg_list *msl);

/*
 * The virtual address of external memory at `iova`; of lists attached here the
 * first in walk order.  *len, when given: bytes wanted, cut to those of this
 * list; internal memory, which goes before, is not looked for.
 */
void *external_iova2virt(uint64_t iova, uint64_t *len);

/*
 * False: the record of an external list is damaged, and has other descriptors
 * and pieces than it was registered with, or none in the region.  The caller has
 * found the list in a snapshot.
 */
static inline bool external_list_sound(const struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];

	return state->page_shift < 64 && region->lists[list].memseg_arr.len == state->n_pages &&
	       state->n_pieces <= 2ull * state->n_pages &&
	       ((uintptr_t)state->pieces | (uintptr_t)region->lists[list].memseg_arr.data) %
			       sizeof(uint64_t) ==
		       0 &&
	       region_holds(region, state->pieces, state->n_pieces * sizeof(struct piece)) &&
	       region_holds(region, region->lists[list].memseg_arr.data,
		       state->n_pages * sizeof(struct rte_memseg));
}

/* The same of any list that a snapshot shows: internal ones do not change. */
static inline bool list_sound(const struct region *region, uint32_t list)
{
	return list < region->n_internal || external_list_sound(region, list);
}

#endif /* EXTERNAL_LOOKUP_H */
