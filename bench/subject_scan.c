/* SPDX-License-Identifier: BSD-3-Clause */
/* A lock around arrays of segments: pthread's in `scan`, a spinning one in `spin`. */
#include "baseline_scan.h"
#include "subject.h"

/*
 * At 1,048,576 segments iova2virt reads 25 MB for an address in the middle, which
 * takes a millisecond: one iteration of the cold row would be over a second.
 */
#define IOVA_MAX 262144u

/* How either copies the world; `prefix` is its functions' prefix. */
#define SCAN_LEARN(prefix)                                                                         \
	static int prefix##_copy_list(const struct rte_memseg_list *list, void *arg)               \
	{                                                                                          \
		(void)arg;                                                                         \
		return prefix##_list_add(list->base_va, list->len, list->page_sz);                 \
	}                                                                                          \
	static int prefix##_learn(void)                                                            \
	{                                                                                          \
		prefix##_reset();                                                                  \
		if (rte_memseg_list_walk(prefix##_copy_list, NULL))                                \
			return -1;                                                                 \
		for (unsigned int i = 0; i < world.segments; i++)                                  \
			if (prefix##_segment_add(world.seg[i]))                                    \
				return -1;                                                         \
		return 0;                                                                          \
	}

SCAN_LEARN(scan)
SUBJECT_LOOKUPS(scan, scan_virt2memseg(va, NULL), scan_iova2virt(iova))
SUBJECT_WALKS(scan_all, scan_walk, scan_contig_walk, scan_list_walk)

const struct subject subject_scan = {
	.name = "scan",
	.learn = scan_learn,
	SUBJECT_HAS_LOOKUPS(scan),
	SUBJECT_HAS_WALKS(scan_all),
	.iova_max = IOVA_MAX,
	.world_id = &(unsigned int){0},
};

SCAN_LEARN(spin)
SUBJECT_LOOKUPS(spin, spin_virt2memseg(va, NULL), spin_iova2virt(iova))
SUBJECT_WALKS(spin_all, spin_walk, spin_contig_walk, spin_list_walk)

const struct subject subject_spin = {
	.name = "spin",
	.learn = spin_learn,
	SUBJECT_HAS_LOOKUPS(spin),
	SUBJECT_HAS_WALKS(spin_all),
	.iova_max = IOVA_MAX,
	.world_id = &(unsigned int){0},
};
