/* SPDX-License-Identifier: BSD-3-Clause */
/* The raw readers that are compiled into the program; each loop has the view in registers. */
#include <rcumem_inline.h>

#define SUBJECT_LOCALS const struct rcumem_view view = inline_view;
#include "subject.h"

static struct rcumem_view inline_view;

static int inline_learn(void)
{
	return rcumem_view_get(&inline_view);
}

SUBJECT_LOOKUPS(inline, rcumem_raw_virt2memseg(&view, va), rcumem_raw_iova2virt(&view, iova))

const struct subject subject_inline = {
	.name = "rcumem-inline",
	.learn = inline_learn,
	SUBJECT_HAS_LOOKUPS(inline),
	.world_id = &(unsigned int){0},
};
