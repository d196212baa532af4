/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_DMA_H
#define RCUMEM_MEMORY_DMA_H

/**
 * @file
 * Part of rte_memory.h: devices that cannot address all memory.
 *
 * The runtime keeps one *DMA mask*: the smallest number of address bits that was
 * set or checked with success, or none.  While there is one, every allocation is
 * checked against all segments in use, external ones included, and fails with
 * ENOMEM when any lies above; what was plugged for it is taken back, without an
 * event.  There is no way to make the mask wider but a new runtime.
 *
 * A segment without an IO address (RTE_BAD_IOVA) fits every mask.
 */

#include <stdint.h>

#include <rcumem_api.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Check that every segment in use lies below 2^maskbits, and keep it so.
 *
 * When all fit, the DMA mask becomes `maskbits` unless it is smaller already:
 * the check changes what later allocations may do.
 *
 * @param maskbits
 *   Address width in bits, 0 to 63.  0 forbids every address: a question whether
 *   any segment with an IO address is in use, which leaves the mask alone.
 * @return
 *   0 all fit; 1 the last byte of a segment lies above, mask unchanged; -1
 *   `maskbits` is more than 63, mask unchanged, said in the log.
 *
 * Errors     -1 for `maskbits` leaves rte_errno alone.  The section error is
 *            -1 with rte_errno.
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   Visits the segments in use; lock-free where it sets the mask.
 * Ordering   Sees every hotplug operation that completed before the call, and
 *            allocations that begin after it are checked.  One that goes on
 *            meanwhile may escape both: set the mask before allocating.
 * Source     seed rte_memory.h; contract rows D1-D6, D8.  Differs: 0 bits clear
 *            nothing; segments without an IO address are skipped.
 */
RCUMEM_API __rte_experimental int rte_mem_check_dma_mask(uint8_t maskbits);

/**
 * rte_mem_check_dma_mask() for a caller that is inside a section already.
 *
 * @param maskbits
 *   Address width in bits, as rte_mem_check_dma_mask().
 * @return
 *   As rte_mem_check_dma_mask().
 *
 * Errors     None in rte_errno.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   As rte_mem_check_dma_mask().
 * Ordering   As rte_mem_check_dma_mask().
 * Source     seed rte_memory.h; contract rows D1-D6, D8.
 */
RCUMEM_API __rte_experimental int rte_mem_check_dma_mask_thread_unsafe(uint8_t maskbits);

/**
 * Narrow the DMA mask without looking at what is in use.
 *
 * Meant for the time before the first allocation (see also options.dma_mask_bits).
 * If a segment already lies above, every allocation fails from now on.
 *
 * @param maskbits
 *   Address width in bits, 1 to 63; other values are ignored, and so is one that
 *   is wider than the mask there is.
 *
 * Errors     None; without a runtime nothing is kept.
 * Context    Any thread, callbacks included.
 * Progress   Lock-free: one atomic minimum.
 * Ordering   Allocations that begin after the return are checked against it.
 * Source     seed rte_memory.h; contract rows D7-D9.  Differs: 0 does not clear
 *            the mask, more than 63 does not spoil it.
 */
RCUMEM_API __rte_experimental void rte_mem_set_dma_mask(uint8_t maskbits);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_DMA_H */
