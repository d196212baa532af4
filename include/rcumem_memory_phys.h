/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_PHYS_H
#define RCUMEM_MEMORY_PHYS_H

/**
 * @file
 * Part of rte_memory.h: what the kernel and the IOVA mode say about any address
 * of this process.  No function here looks at segments.
 */

#include <rcumem_api.h>
#include <rte_common.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Keep a page of this process from being swapped out.
 *
 * The page is the system's (4 KiB on x86), not the segment's.  Locking twice is
 * locking once, and munlock() undoes it.  The kernel may still move a locked
 * 4 KiB page to another physical address.
 *
 * @param virt
 *   Any address in the page.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     Those of mlock(): ENOMEM (nothing mapped there, or the limit on
 *            locked memory), EPERM (no locked memory allowed), EAGAIN, EINVAL
 *            (the page would end beyond the address space).
 * Ownership  Unchanged.
 * Context    Any thread, callbacks included; before rcumem_init() too.
 * Progress   One system call, which reads the page in when it is absent.
 * Ordering   None.
 * Source     seed rte_memory.h; contract section 4.
 */
RCUMEM_API int rte_mem_lock_page(const void *virt);

/**
 * Find the physical address behind an address of this process.
 *
 * Asks the kernel (/proc/self/pagemap) each time, which is slow and needs
 * CAP_SYS_ADMIN.  The answer may be old when it arrives unless the page is locked
 * and of a kind that the kernel does not move.
 *
 * @param virt
 *   Any value, mapped or not.
 * @return
 *   The physical address of that byte, or RTE_BAD_IOVA when nothing is present
 *   there (unmapped, never touched, swapped out) or the kernel does not tell.  A
 *   page that was only read answers with the kernel's page of zeros.
 *
 * Errors     rte_errno is left alone.
 * Context    Any thread, callbacks included; before rcumem_init() too.
 * Progress   System calls.
 * Ordering   None.
 * Source     seed rte_memory.h; contract section 4.  Differs: a page that is
 *            swapped out has no address, where DPDK returns a wrong one.
 */
RCUMEM_API phys_addr_t rte_mem_virt2phy(const void *virt);

/**
 * Find the IO address that the IOVA mode gives to an address of this process.
 *
 * Ignores segments, and so the IO addresses that external memory was registered
 * with: rcumem_virt2iova() knows them, and asks no kernel.
 *
 * @param virt
 *   Any value, mapped or not.
 * @return
 *   In IOVA mode VA the value of `virt`, unchecked; in mode PA, and without a
 *   runtime, what rte_mem_virt2phy() returns.
 *
 * Errors     rte_errno is left alone.
 * Context    Any thread, callbacks included; before rcumem_init() too.
 * Progress   Mode VA: wait-free, one load.  Else system calls.
 * Ordering   None.
 * Source     seed rte_memory.h; contract section 4.
 */
RCUMEM_API rte_iova_t rte_mem_virt2iova(const void *virt);

/**
 * Tell whether this process can find physical addresses.
 *
 * The first call finds out; its answer stays for the life of the process.  It
 * may be 1 in IOVA mode VA too: it says what could be done, not what is.
 *
 * @return
 *   1 when it can, else 0.
 *
 * Errors     None.
 * Context    Any thread, callbacks included; before rcumem_init() too.
 * Progress   System calls the first time, then wait-free.
 * Ordering   None.
 * Source     seed rte_memory.h; contract section 4.
 */
RCUMEM_API int rte_eal_using_phys_addrs(void);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_PHYS_H */
