/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_FBARRAY_H
#define SUPPORT_FBARRAY_H

/*
 * What the tests of fbarrays stand on: the real runtime.
 *
 * env_start and env_stop are a group's setup and teardown.  env_view() is an
 * array of the library's own.  env_hold() lets it look as if another process
 * held an array, or did no more.
 */

#include <stdbool.h>
#include <stddef.h>

#include <rte_errno.h>
#include <rte_fbarray.h>

#include <rte_memory.h>
#include <rcumem.h>

#include "arena_table.h"
#include "runtime.h"

static inline int env_start(void **state)
{
	return rcumem_init(NULL);
}

static inline int env_stop(void **state)
{
	return rcumem_fini();
}

static inline int env_first_internal(const struct rte_memseg_list *msl, void *arg)
{
	*(const struct rte_fbarray **)arg = &msl->memseg_arr;
	return !msl->external;
}

static inline struct rte_fbarray *env_view(void)
{
	struct rte_fbarray *arr = NULL;

	return rte_memseg_list_walk(env_first_internal, &arr) == 1 ? arr : NULL;
}

/* As if the process of the last slot were attached. */
static inline void env_hold(const struct rte_fbarray *arr, bool hold)
{
	struct arena_piece *piece = arena_find_name(runtime_region()->arena, arr->name);

	piece->attached = hold ? piece->attached | 1ull << 63 : piece->attached & ~(1ull << 63);
}

#endif /* SUPPORT_FBARRAY_H */
