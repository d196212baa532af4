/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_LOOKUP_H
#define RCUMEM_MEMORY_LOOKUP_H

/**
 * @file
 * Part of rte_memory.h: from an address to its list, its segment, or the
 * virtual address it is mapped at.
 *
 * What lies in external memory is looked up inside a section that the function
 * enters by itself.  A thread that has never been in one is registered then, with
 * system calls; where no reader slot is left it does not find external memory.
 * rcumem_thread_init() does that ahead and tells.
 *
 * See also rcumem_iova2virt() and rcumem_virt2iova() in rcumem.h, which tell how
 * many bytes stay contiguous.
 */

#include <rcumem_api.h>
#include <rcumem_memory_types.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Find the memseg list whose address range contains an address.
 *
 * One descent of the address index: the cost does not grow with the number of
 * lists, and nothing that threads share is written.  Address space that is
 * reserved but not plugged belongs to its list like the rest; lists do not
 * overlap.
 *
 * @param virt
 *   Any value; it is not followed.
 * @return
 *   The list, or NULL when no list contains the address.
 *
 * Errors     NULL is an answer, not an error: rte_errno is left alone.
 * Ownership  The library's.  A list of its own stays until rcumem_fini(), one of
 *            external memory until the caller's read section ends.
 * Context    Any thread, registered or not; callbacks included.
 * Progress   Wait-free.  No lock, no allocation, no system call.  External memory:
 *            in a section; where several lists share a slot of the index, a
 *            search among all lists.
 * Ordering   Sees every registration that completed before the call.
 * Source     seed rte_memory.h; contract rows L1-L4, L11, L12.  Differs:
 *            overlapping lists cannot be made.
 */
RCUMEM_API __rte_experimental struct rte_memseg_list *rte_mem_virt2memseg_list(const void *virt);

/**
 * Find the slot of the page that contains an address.
 *
 * A slot is not a page in use: for address space that is reserved but not
 * plugged, the slot is found and all its members are zero.  Compare `addr` with
 * NULL, or ask rte_fbarray_is_used().  The slot of an address never changes in
 * the library's own lists.
 *
 * @param virt
 *   Any value; it is not followed.
 * @param msl
 *   The only list to look in, as a lookup or a walk gave it; NULL: every list.
 * @return
 *   The slot, or NULL when the address is not in `msl` (in any list, for NULL),
 *   or its list is external and not attached in this process.
 *
 * Errors     NULL is an answer, not an error: rte_errno is left alone.
 * Ownership  The library's.  A slot of its own lists may be kept until
 *            rcumem_fini(), but what it says holds only while the page is the
 *            caller's or the section in which it was found goes on.  A slot of
 *            external memory must not be touched after that section.
 * Context    Any thread, registered or not; callbacks included.
 * Progress   Wait-free.  No lock, no allocation, no system call.  External memory:
 *            as rte_mem_virt2memseg_list().
 * Ordering   Sees every hotplug operation that completed before the call; what
 *            a slot found in use says is complete.
 * Source     seed rte_memory.h; contract rows L5-L10.  Differs: NULL where DPDK
 *            returns a slot of an unattached list, which cannot be read there.
 */
RCUMEM_API __rte_experimental struct rte_memseg *rte_mem_virt2memseg(
	const void *virt, const struct rte_memseg_list *msl);

/**
 * Translate an IO address to the virtual address mapped to it in this process.
 *
 * One descent of the IOVA index: the cost does not grow with the number of
 * segments, and nothing that threads share is written.  Where several segments
 * have the same IO address, the first in walk order answers; when it goes, the
 * next one does.
 *
 * @param iova
 *   IO address in bytes; any value, aligned or not.  0 is an ordinary address,
 *   and the last page below 2^64 is found like any other.
 * @return
 *   The virtual address of that byte, or NULL when no segment in use contains
 *   it.  RTE_BAD_IOVA is always NULL.
 *
 * Errors     NULL is an answer, not an error: rte_errno is left alone.
 * Ownership  The byte stays mapped until the caller's read section ends, or for
 *            as long as the caller owns its segment.
 * Context    Any thread, registered or not; callbacks included.
 * Progress   Wait-free.  No lock, no allocation, no system call.  External memory,
 *            and a miss while there is any: as rte_mem_virt2memseg_list().
 * Ordering   Sees every hotplug operation that completed before the call.
 * Source     seed rte_memory.h; contract rows L13-L20.  Differs: page by page in
 *            every mode, never deadlocks, finds the topmost page, and skips
 *            external lists that are not attached in this process.
 */
RCUMEM_API __rte_experimental void *rte_mem_iova2virt(rte_iova_t iova);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_LOOKUP_H */
