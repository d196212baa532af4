/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_COMMON_H
#define RTE_COMMON_H

/**
 * @file
 * Address types and the two compiler marks that the compatible API needs; the
 * rest of DPDK's header of this name is not here.
 */

#include <stdint.h>

/** Marks an anonymous union or structure; the languages from C11 on have them. */
#if defined(__cplusplus) || (defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L)
#define RTE_STD_C11
#else
#define RTE_STD_C11 __extension__
#endif

/** No padding; alignment 1. */
#define __rte_packed __attribute__((__packed__))

/** A physical address, in bytes. */
typedef uint64_t phys_addr_t;

/** "No physical address": all bits set. */
#define RTE_BAD_PHYS_ADDR UINT64_MAX

/** An address as a device sees it, in bytes: physical or virtual, by IOVA mode. */
typedef uint64_t rte_iova_t;

/** "No IO address": all bits set.  No lookup ever finds it; 0 is an ordinary address. */
#define RTE_BAD_IOVA UINT64_MAX

#endif /* RTE_COMMON_H */
