/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGION_PARTS_H
#define REGION_PARTS_H

/*
 * What never changes behind the header: where each part says that its own parts
 * are, and the records of internal lists.  The region may stand at any address,
 * as a mapping or a copy; its layout was made from a header that was checked.
 * Each returns what is wrong, as words, or NULL.
 */

#include <stdbool.h>

#include "region_layout.h"

const char *region_pool_fault(const struct region *region, const struct region_layout *layout);
const char *region_arena_fault(const struct region *region, const struct region_layout *layout);
const char *region_index_fault(const struct region *region, const struct region_layout *layout);
const char *region_readers_fault(const struct region *region, const struct region_layout *layout);

/* The record of an internal list. */
const char *region_list_fault(
	const struct region *region, const struct region_layout *layout, uint32_t list);

/* A segment array of so many pages whose elements stand at the address `data`. */
bool region_array_sound(const struct rte_fbarray *arr, uint32_t len, uint64_t data);

/* All of these: 0, or -EBADMSG and a message. */
int region_check_parts(const struct region *region, const struct region_layout *layout);

#endif /* REGION_PARTS_H */
