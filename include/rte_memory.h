/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_MEMORY_H
#define RTE_MEMORY_H

/**
 * @file
 * The memory of a runtime: what it is made of, and how it is looked up.
 *
 * Memory comes in *segments*, one page each, kept in *memseg lists*: a list is
 * a range of virtual addresses cut into pages of one size on one socket (NUMA
 * node).  Address space of the library's own lists is reserved for good; pages
 * come and go in it (*hotplug*, see rcumem.h).  Lists may also describe
 * *external* memory, which the user provides.
 *
 * Functions are of three kinds:
 *
 * - *Readers* find and translate.  They take no lock and may be called anywhere:
 *   from any thread, in a walk, in a callback, before rcumem_init() and after
 *   rcumem_fini() (nothing is found then).
 * - *Raw readers*, named `_thread_unsafe`, are readers that leave the read
 *   section to the caller: they must be called inside one.  A walk and a callback
 *   are sections, and so is the whole life of an online QSBR reader.  Between
 *   rte_mcfg_mem_write_lock() and its unlock they may be called too.
 * - *Writers* change the runtime, one at a time over all processes.
 *
 * Caveats first:
 *
 * - A pointer that was found is good until the read section ends in which it was
 *   found, or while the caller owns the page (guarantee G3).  Lookups work
 *   without a section; then only the answer is right, not what it points to
 *   later.  See rcumem_read_lock() and rcumem_reader_register().
 * - Being found is not being in use: the slot of a page that is not plugged is
 *   found as well, all zero (rte_mem_virt2memseg()).
 * - Everything found is to be read, never written.
 * - After fork() the child has no runtime.
 * - "Any thread" does not mean a signal handler: it may have interrupted the
 *   beginning of a section of its thread, and one of its own would be none.
 *   Lookups of internal memory alone need no section and may be called there.
 * - A thread must not be cancelled (pthread_cancel()) inside the library.
 *
 * Errors: a function that fails returns -1 or NULL, sets rte_errno, and has
 * changed nothing.  Success leaves rte_errno alone.  Two groups have names:
 *
 * - *Writer errors*: ENODEV (no runtime), EDEADLK (called inside a section, walk
 *   or callback, or while this thread holds the writer mutex), ETIMEDOUT (another
 *   writer holds the mutex for too long; named in the log), EAGAIN (too much waits
 *   for a reader that is stuck in a section, or for callbacks of a process; named
 *   in the log), ENOTRECOVERABLE (the control region is damaged; told in the log).
 * - *Section error*: ENOSPC.  A thread's first section makes system calls and
 *   needs one of the runtime's reader slots (option max_readers);
 *   rcumem_thread_init() does both ahead, and then it cannot occur.  (ENOMEM or
 *   EAGAIN where the program has used up its keys for thread-specific data.)
 *
 * Each function says *Errors*, *Ownership* (left out where nothing changes hands),
 * *Context* (where it may be called), *Progress* (what it may wait for), *Ordering*
 * and *Source*.  DPDK programs find what they know under the same names; Source
 * says where it differs, docs/dpdk-parity.md why.
 *
 * The declarations are in the headers below, each of which can be included alone.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_common.h>
#include <rte_compat.h>
#include <rte_config.h>
#include <rte_fbarray.h>

#include <rcumem_memory_types.h>  /* struct rte_memseg, struct rte_memseg_list */
#include <rcumem_memory_lookup.h> /* which segment, list or virtual address */
#include <rcumem_memory_phys.h>   /* what the kernel and the IOVA mode say */
#include <rcumem_memory_walk.h>   /* all segments, runs, lists */
#include <rcumem_memory_fd.h>     /* file descriptors behind segments */
#include <rcumem_memory_extmem.h> /* memory that the user provides */
#include <rcumem_memory_info.h>   /* totals, dump, topology */
#include <rcumem_memory_dma.h>    /* address width of devices */
#include <rcumem_memory_event.h>  /* callbacks and validators */

#endif /* RTE_MEMORY_H */
