/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The library behind rte_memory.h: rcumem in `bench`, DPDK in `bench-dpdk`,
 * which compiles this file again.
 */
#include "subject.h"

SUBJECT_LOOKUPS(rte, rte_mem_virt2memseg(va, NULL), rte_mem_iova2virt(iova))
SUBJECT_WALKS(rte, rte_memseg_walk, rte_memseg_contig_walk, rte_memseg_list_walk)

const struct subject subject_rte = {
	.name = SUBJECT_RTE,
	SUBJECT_HAS_LOOKUPS(rte),
	SUBJECT_HAS_WALKS(rte),
};

SUBJECT_WALKS(raw, rte_memseg_walk_thread_unsafe, rte_memseg_contig_walk_thread_unsafe,
	rte_memseg_list_walk_thread_unsafe)

const struct subject subject_raw = {
	.name = SUBJECT_RTE "-raw",
	SUBJECT_HAS_WALKS(raw),
};
