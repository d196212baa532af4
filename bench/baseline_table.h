/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASELINE_TABLE_H
#define BASELINE_TABLE_H

/*
 * Two ways to find a segment without a scan, in a shared library as rcumem is.
 * Nothing protects their readers: they are filled, then only read.
 *
 * spdk_    the structure of SPDK's mem_map, written from its description: 2^18
 *          root entries of 1 GiB, leaves of 512 words of 2 MiB, and below a word
 *          512 words of 4 KiB where pages are small.
 * sorted_  an array in the order of the addresses, and a binary search.
 */

#include <rte_memory.h>

#define TABLE_API __attribute__((visibility("default")))

TABLE_API void spdk_reset(void);
/* 0, or -1 when there is no memory, or the page has another size than 4 KiB or 2 MiB * n. */
TABLE_API int spdk_segment_add(const struct rte_memseg *segment);
TABLE_API const struct rte_memseg *spdk_virt2memseg(const void *virt);
TABLE_API void *spdk_iova2virt(rte_iova_t iova);

/* Replace what is in the arrays: 0, or -1 when there is no memory. */
TABLE_API int sorted_fill(const struct rte_memseg *const *segments, unsigned int cnt);
TABLE_API const struct rte_memseg *sorted_virt2memseg(const void *virt);
TABLE_API void *sorted_iova2virt(rte_iova_t iova);

#endif /* BASELINE_TABLE_H */
