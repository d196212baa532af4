/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SPACE_DRAFT_H
#define SPACE_DRAFT_H

/*
 * The next set of regions, while it is put together: checked, mapped, sorted.
 * Everything that can fail happens here, before anything is published.
 */

#include <stdbool.h>

#include <rcumem.h>

#include "space_map.h"

/* Regions sorted by iova; holds a reference to the backing of each. */
struct space_draft {
	struct space_region *regions;
	uint32_t cnt;
};

/*
 * All regions of `old` and one more; all but the one that is [iova, iova + len);
 * or the `cnt` regions given, where those equal to one of `old` keep its
 * mapping.  0 or -errno of rcumem_space_register(), _unregister(), _replace().
 */
int space_draft_add(struct space_draft *draft, const struct rcumem_map *old,
	const struct rcumem_region *region);
int space_draft_remove(
	struct space_draft *draft, const struct rcumem_map *old, uint64_t iova, uint64_t len);
int space_draft_replace(struct space_draft *draft, const struct rcumem_map *old,
	const struct rcumem_region *regions, uint32_t cnt);

/* True when the draft has the very regions of `old`. */
bool space_draft_equal(const struct space_draft *draft, const struct rcumem_map *old);

/* Build a map (space_map_build()) that takes over the references; the draft is gone afterwards.
 * NULL without memory. */
struct rcumem_map *space_draft_build(
	struct space_draft *draft, void *user, struct rcumem_map **spare);

/* Drop the draft, its references and what only it had mapped. */
void space_draft_drop(struct space_draft *draft);

#endif /* SPACE_DRAFT_H */
