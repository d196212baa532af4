/* SPDX-License-Identifier: BSD-3-Clause */
/* Tables without any protection against change: SPDK's structure, and a sorted array. */
#include "baseline_table.h"
#include "subject.h"

static int spdk_learn(void)
{
	spdk_reset();
	for (unsigned int i = 0; i < world.segments; i++)
		if (spdk_segment_add(world.seg[i]))
			return -1;
	return 0;
}

SUBJECT_LOOKUPS(spdk, spdk_virt2memseg(va), spdk_iova2virt(iova))

const struct subject subject_spdk = {
	.name = "spdk",
	.learn = spdk_learn,
	SUBJECT_HAS_LOOKUPS(spdk),
	.world_id = &(unsigned int){0},
};

static int sorted_learn(void)
{
	return sorted_fill(world.seg, world.segments);
}

SUBJECT_LOOKUPS(sorted, sorted_virt2memseg(va), sorted_iova2virt(iova))

const struct subject subject_sorted = {
	.name = "sorted",
	.learn = sorted_learn,
	SUBJECT_HAS_LOOKUPS(sorted),
	.world_id = &(unsigned int){0},
};
