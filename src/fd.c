/* SPDX-License-Identifier: BSD-3-Clause */
/* File descriptors of segments: contract rows F1-F9.  One fd for a list, an offset for a page. */

#include <errno.h>

#include <rte_memory.h>

#include "api.h"
#include "fbarray.h"
#include "fbarray_mask.h"
#include "runtime.h"
#include "segment.h"

/* The list and page that a descriptor belongs to: 0, -EINVAL or -ENOTSUP. */
static int locate(
	const struct region *region, const struct rte_memseg *ms, uint32_t *list, uint32_t *page)
{
	uint64_t at = (uint64_t)(uintptr_t)ms;

	for (uint32_t i = 0; i < region->n_internal; i++) {
		const struct rte_fbarray *arr = &region->lists[i].memseg_arr;
		uint64_t begin = (uint64_t)(uintptr_t)arr->data;

		if (at < begin || at - begin >= (uint64_t)arr->len * sizeof(*ms))
			continue;
		*list = i;
		*page = (uint32_t)((at - begin) / sizeof(*ms));
		return (at - begin) % sizeof(*ms) ? -EINVAL : 0;
	}
	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		const struct rte_fbarray *arr = &region->lists[i].memseg_arr;
		uint64_t begin;

		/* Acquire pairs with publish_list(): it is described, and stays that as long as
		 * the caller's section. */
		if (rcu_load_acquire(&region->states[i].kind) != LIST_EXTERNAL)
			continue;
		begin = (uint64_t)(uintptr_t)arr->data;
		if (begin && at >= begin && at - begin < (uint64_t)arr->len * sizeof(*ms))
			return (at - begin) % sizeof(*ms) ? -EINVAL : -ENOTSUP;
	}
	return -EINVAL; /* A copy of a descriptor is none (row F9). */
}

static int get(const struct rte_memseg *ms, size_t *offset)
{
	const struct region *region = runtime_region();
	uint32_t list, page;
	int err;

	if (ms == NULL || region == NULL)
		return -EINVAL;
	err = locate(region, ms, &list, &page);
	if (err)
		return err;
	/* Row F3: a page that was freed may keep its descriptor for a while, but not its bit. */
	if (!fbmask_is_used(fbarray_mask_words(&region->lists[list].memseg_arr), page))
		return -ENOENT;
	if (offset == NULL)
		return runtime.list_fds[list];
	*offset = (size_t)page << region->states[list].page_shift;
	return 0;
}

int rte_memseg_get_fd_thread_unsafe(const struct rte_memseg *ms)
{
	return api_result(get(ms, NULL));
}

int rte_memseg_get_fd_offset_thread_unsafe(const struct rte_memseg *ms, size_t *offset)
{
	return api_result(offset ? get(ms, offset) : -EINVAL);
}

/* The descriptor arrays of external lists may go away: look inside a section. */
static int get_section(const struct rte_memseg *ms, size_t *offset)
{
	int ret = runtime_region() ? rcu_section_enter() : -EINVAL;

	if (ret)
		return ret;
	ret = get(ms, offset);
	rcu_section_exit();
	return ret;
}

int rte_memseg_get_fd(const struct rte_memseg *ms)
{
	return api_result(get_section(ms, NULL));
}

int rte_memseg_get_fd_offset(const struct rte_memseg *ms, size_t *offset)
{
	return api_result(offset ? get_section(ms, offset) : -EINVAL);
}
