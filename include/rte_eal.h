/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_EAL_H
#define RTE_EAL_H

/**
 * @file
 * The IOVA mode, the one part of DPDK's header of this name that the memory
 * API needs.  There is no rte_eal_init(): see rcumem_init() in rcumem.h.
 */

#include <rcumem_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/** How the IO addresses of the runtime's own memory are chosen. */
enum rte_iova_mode {
	RTE_IOVA_DC = 0, /**< Not decided: no runtime in this process. */
	RTE_IOVA_PA = 1, /**< The physical address of the page. */
	RTE_IOVA_VA = 2, /**< The virtual address; needs no privilege. */
};

/**
 * Tell the IOVA mode.
 *
 * @return
 *   RTE_IOVA_DC before rcumem_init() and after rcumem_fini(), else what the
 *   runtime was started with: RTE_IOVA_VA unless PA was asked for.
 *
 * Errors     None.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: one load.
 * Ordering   The mode does not change while a runtime lives.
 * Source     contract section 4.  Differs: the default is always VA, no bus
 *            and no IOMMU is asked.
 */
RCUMEM_API enum rte_iova_mode rte_eal_iova_mode(void);

#ifdef __cplusplus
}
#endif

#endif /* RTE_EAL_H */
