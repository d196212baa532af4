/* SPDX-License-Identifier: BSD-3-Clause */
/* What readers that are compiled into a program know of the index. */

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include <rcumem_inline.h>

#include "api.h"
#include "index.h"
#include "runtime.h"

_Static_assert(
	offsetof(struct rcumem_view, va) == offsetof(struct runtime_view, va_index) &&
		offsetof(struct rcumem_view, iova) == offsetof(struct runtime_view, iova_index) &&
		offsetof(struct rcumem_view, iova_nodes) ==
			offsetof(struct runtime_view, iova_nodes) &&
		offsetof(struct rcumem_view, iova_nodes_cnt) ==
			offsetof(struct runtime_view, iova_nodes_cnt),
	"the public view is the head of ours");
_Static_assert(
	sizeof(struct rcumem_index) == sizeof(struct rcu_radix_view) &&
		offsetof(struct rcumem_index, words) == offsetof(struct rcu_radix_view, window) &&
		offsetof(struct rcumem_index, first) ==
			offsetof(struct rcu_radix_view, window_first) &&
		offsetof(struct rcumem_index, cnt) == offsetof(struct rcu_radix_view, window_cnt),
	"member by member");
_Static_assert(RCU_RADIX_MID == 21 && RCU_RADIX_MIN == 12 && RCU_RADIX_FANOUT == 512 &&
		       RCU_RADIX_NODE == 1 && RCU_RADIX_TAG == 15 && INDEX_DIRECT == 2 &&
		       INDEX_PAGES == 8 && INDEX_SEGMENT_MASK == 0xfffffffffff0u,
	"rcumem_inline.h knows these numbers; who changes one changes RCUMEM_VIEW_VERSION");
_Static_assert(RCU_RADIX_NODE_SHIFT == 12, "this one, too");

int rcumem_view_fill(struct rcumem_view *view, unsigned int version)
{
	if (view == NULL)
		return api_result(-EINVAL);
	if (version != RCUMEM_VIEW_VERSION)
		return api_result(-ENOTSUP);
	if (runtime_region() == NULL)
		return api_result(-ENODEV);
	memcpy(view, &runtime_view, sizeof(*view));
	return 0;
}
