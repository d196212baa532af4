/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_FD_H
#define RCUMEM_MEMORY_FD_H

/**
 * @file
 * Part of rte_memory.h: the file descriptors behind segments.
 *
 * Every list of the library's own is one memfd, mapped whole: its pages share
 * one descriptor and lie at `index * page_sz`.  The descriptor is the
 * library's.  Pass it on or map it; do not close it, lock it, write to it or
 * punch holes.  It differs from process to process and is valid here until
 * rcumem_fini().  The file is sealed against growing and shrinking.
 *
 * These are not for the fast path: they compare the pointer with the table of
 * every list.  It is not followed before it is known to be a slot.
 */

#include <rcumem_api.h>
#include <rcumem_memory_types.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Tell the file descriptor of the memory behind a segment.
 *
 * All segments of a list answer the same, so the offset belongs to it:
 * rte_memseg_get_fd_offset().
 *
 * @param ms
 *   A slot, as a lookup or a walk found it; a copy of one is refused.
 * @return
 *   The descriptor, 0 or more, or -1 with rte_errno.
 *
 * Errors     EINVAL (`ms` is NULL, or no slot of an attached list: a copy, a
 *            zeroed slot of the caller's, one of a list that is gone), ENOENT (a
 *            slot of the library's own lists whose page is not in use), ENOTSUP
 *            (external memory), the section error.  ENODEV does not occur: a page
 *            in use has one.
 * Ownership  The library's; see the head of this file.
 * Context    Any thread, registered or not; walks and callbacks included.  To
 *            be sure that the page stays in use, inside a section or owning it.
 * Progress   Wait-free; the cost grows with lists.
 * Ordering   Sees every hotplug operation that completed before the call.
 * Source     seed rte_memory.h; contract rows F1-F9, section 5.  Differs: a slot
 *            that is not in use is ENOENT, as the seed says, where DPDK returns
 *            EINVAL; a copy is EINVAL, where DPDK reads beyond its tables.
 */
RCUMEM_API __rte_experimental int rte_memseg_get_fd(const struct rte_memseg *ms);

/**
 * rte_memseg_get_fd() for a caller that is inside a section already.
 *
 * @param ms
 *   A slot, as a lookup or a walk found it; a copy of one is refused.
 * @return
 *   The descriptor, 0 or more, or -1 with rte_errno.
 *
 * Errors     As rte_memseg_get_fd(), but for the section error.
 * Ownership  The library's; see the head of this file.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   Wait-free; the cost grows with lists.
 * Ordering   As rte_memseg_get_fd().
 * Source     seed rte_memory.h; contract rows F1-F9, section 5.
 */
RCUMEM_API __rte_experimental int rte_memseg_get_fd_thread_unsafe(const struct rte_memseg *ms);

/**
 * Tell where in its file a segment begins.
 *
 * Returns no descriptor, whatever the name suggests.
 *
 * @param ms
 *   A slot, as a lookup or a walk found it; a copy of one is refused.
 * @param offset
 *   Where to store the offset, in bytes; untouched on failure.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`offset` NULL, for external memory too), else as
 *            rte_memseg_get_fd().
 * Ownership  `*offset` is the caller's.
 * Context    As rte_memseg_get_fd().
 * Progress   Wait-free; the cost grows with lists.
 * Ordering   As rte_memseg_get_fd().
 * Source     seed rte_memory.h, whose text promises a descriptor; contract 1.3,
 *            rows F1-F9, section 5.
 */
RCUMEM_API __rte_experimental int rte_memseg_get_fd_offset(
	const struct rte_memseg *ms, size_t *offset);

/**
 * rte_memseg_get_fd_offset() for a caller that is inside a section already.
 *
 * @param ms
 *   A slot, as a lookup or a walk found it; a copy of one is refused.
 * @param offset
 *   Where to store the offset, in bytes; untouched on failure.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     As rte_memseg_get_fd_offset(), but for the section error.
 * Ownership  `*offset` is the caller's.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   Wait-free; the cost grows with lists.
 * Ordering   As rte_memseg_get_fd().
 * Source     seed rte_memory.h; contract 1.3, rows F1-F9, section 5.
 */
RCUMEM_API __rte_experimental int rte_memseg_get_fd_offset_thread_unsafe(
	const struct rte_memseg *ms, size_t *offset);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_FD_H */
