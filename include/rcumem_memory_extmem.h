/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_EXTMEM_H
#define RCUMEM_MEMORY_EXTMEM_H

/**
 * @file
 * Part of rte_memory.h: memory that the user provides.
 *
 * Registered memory is found by lookups and walks like the library's own.  It is
 * only described: the library neither maps, touches nor unmaps it, tells no
 * device of it, allocates nothing from it, and calls no event callback.  Keeping
 * it mapped where it was said to be is the user's part, in each process.
 *
 * Caveats first:
 * - External lists do not overlap anything, and go whole: a part of one can
 *   neither be registered again nor unregistered.
 * - Another process sees the segments after rte_extmem_attach() only; before
 *   that, its lookups and walks pass them over.
 * - Unregistering waits for readers that may have found the memory, but not for
 *   ever, and succeeds all the same.  Where a reader may be stuck, make sure before
 *   unmapping: rcumem_synchronize() tells.
 */

#include <rcumem_api.h>
#include <rcumem_memory_types.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Describe memory of the user's as a new list, attached in this process.
 *
 * The list is given a socket id of its own, from 256 upwards; ids are not used
 * again, and a call that fails takes none.
 *
 * @param va_addr
 *   First address, a multiple of `page_sz`.  Need not be mapped.
 * @param len
 *   Bytes, a multiple of `page_sz`; `va_addr + len` must not exceed 2^64, nor
 *   the number of pages INT_MAX.
 * @param iova_addrs
 *   The IO address of each page in turn; RTE_BAD_IOVA: the page has none.  The
 *   same address may be given to several pages.  No page may pass 2^64.  NULL: no
 *   page has one.
 * @param n_pages
 *   Elements of `iova_addrs`: exactly `len / page_sz`.  Ignored when that is NULL.
 * @param page_sz
 *   Bytes of a page: any power of two, not only those of the machine.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (an argument out of range), EEXIST (the range overlaps a
 *            list, external or the library's own, reserved or in use), ENOSPC (no
 *            free list, socket id or index node), EAGAIN (a stuck reader holds the
 *            lists that are free but for it; named in the log), ENOMEM (no room
 *            for the segments), and the writer errors.
 * Ownership  The memory stays the user's; `iova_addrs` is copied.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).  An
 *            online QSBR reader passes a quiescent state.
 * Progress   Takes the writer mutex for time that grows with the pages; waits
 *            for readers only when they hold the last lists, up to the free
 *            timeout.
 * Ordering   Lookups and walks that begin after the return find every page; a
 *            walk sees the whole list or none of it.
 * Source     seed rte_memory.h; contract rows X1-X9, section 3.  Differs:
 *            overlaps and addresses that wrap are refused; the same start with
 *            another length is EEXIST in every mode.
 */
RCUMEM_API __rte_experimental int rte_extmem_register(
	void *va_addr, size_t len, rte_iova_t iova_addrs[], unsigned int n_pages, size_t page_sz);

/**
 * Forget external memory: exactly what one rte_extmem_register() described.
 *
 * The memory itself is left alone.  Pages of other lists that have the same IO
 * addresses are found from now on.
 *
 * @param va_addr
 *   First address, as registered.
 * @param len
 *   Bytes, as registered.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`va_addr` NULL or `len` 0), ENOENT (no external list is
 *            exactly this range, or it is not attached here), EBUSY (attached in
 *            another process), and the writer errors.
 * Ownership  Slots and list must not be touched once the sections have ended in
 *            which they were found.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).  An
 *            online QSBR reader passes a quiescent state.
 * Progress   Takes the writer mutex; then waits for readers, without holding it,
 *            up to the runtime's free timeout.
 * Ordering   Lookups and walks that begin after the return find nothing of it.
 * Source     seed rte_memory.h; contract rows X10-X14, X18, section 3.  Differs:
 *            lists of the library's own are not found by it.
 */
RCUMEM_API __rte_experimental int rte_extmem_unregister(void *va_addr, size_t len);

/**
 * Make external memory that another process registered visible in this one.
 *
 * Maps nothing: the user sees to it that the memory is at the same address here.
 *
 * @param va_addr
 *   First address, as registered.
 * @param len
 *   Bytes, as registered.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`va_addr` NULL or `len` 0), ENOENT (no external list is
 *            exactly this range), EEXIST (attached here already, as it is where it
 *            was registered), and the writer errors.
 * Ownership  The memory stays the user's.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).  An
 *            online QSBR reader passes a quiescent state.
 * Progress   Takes the writer mutex; waits for no reader.
 * Ordering   Lookups and walks of this process that begin after the return find
 *            every page.
 * Source     seed rte_memory.h; contract rows X10, X11, X15, section 3.
 *            Differs: EADDRNOTAVAIL (X17) does not occur.
 */
RCUMEM_API __rte_experimental int rte_extmem_attach(void *va_addr, size_t len);

/**
 * Make external memory invisible in this process; the others keep it.
 *
 * The process that registered it may detach too, and attach again.
 *
 * @param va_addr
 *   First address, as registered.
 * @param len
 *   Bytes, as registered.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`va_addr` NULL or `len` 0), ENOENT (no external list is
 *            exactly this range, or it is not attached here), and the writer
 *            errors.
 * Ownership  The memory stays the user's.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).  An
 *            online QSBR reader passes a quiescent state.
 * Progress   Takes the writer mutex; waits for no reader.
 * Ordering   Lookups and walks of this process that begin after the return find
 *            nothing of it.
 * Source     seed rte_memory.h; contract rows X10, X11, X16, section 3.
 */
RCUMEM_API __rte_experimental int rte_extmem_detach(void *va_addr, size_t len);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_EXTMEM_H */
