/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_SNAPSHOT_H
#define SUPPORT_SNAPSHOT_H

#include "snapshot.h"

/* Entry of a list in a picture, or NULL when its table block does not exist. */
static inline const struct snapshot_entry *snapshot_entry(
	const struct region *region, uint64_t root, uint32_t list)
{
	const struct snapshot_pool *pool = region->snapshots;
	uint32_t table = pool->blocks[snapshot_root_block(root)].child[list / SNAPSHOT_ENTRIES];

	return table ? &pool->blocks[table].entry[list % SNAPSHOT_ENTRIES] : NULL;
}

#endif /* SUPPORT_SNAPSHOT_H */
