/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_INFO_H
#define RCUMEM_MEMORY_INFO_H

/**
 * @file
 * Part of rte_memory.h: totals, a dump for people, and the memory topology that
 * the runtime was told.
 */

#include <stdint.h>
#include <stdio.h>

#include <rcumem_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Write one line for each segment in use, in walk order, for a person to read.
 *
 * A line tells the list and page index, IO address (hexadecimal), length, virtual
 * address, socket, page size, channels and ranks (hexadecimal), and the file
 * descriptor, which is -1 for external memory.
 *
 * @param f
 *   Where to write.
 *
 * Errors     In rte_errno, and nothing written: EINVAL (NULL), the section
 *            error.  ENOTRECOVERABLE: the control region is damaged, and what
 *            was written may not be all.
 * Ownership  `f` stays the caller's; failures to write show in ferror().
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   As slow as the file; inside a section meanwhile, so that a file
 *            that blocks delays the reuse of freed memory.
 * Ordering   One picture, as rte_memseg_walk().
 * Source     seed rte_memory.h; contract 1.5.  Differs: never deadlocks; the
 *            descriptor column has one value for external memory.
 */
RCUMEM_API void rte_dump_physmem_layout(FILE *f);

/**
 * Tell how many bytes of the library's own memory are in use.
 *
 * Pages plugged, not address space reserved; external memory is not counted.
 *
 * @return
 *   Bytes; 0 without a runtime.
 *
 * Errors     None.
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   Wait-free: one load.
 * Ordering   None: beside operations of other threads the figure is of some
 *            instant before, during or after them.
 * Source     seed rte_memory.h; contract 1.5.
 */
RCUMEM_API uint64_t rte_eal_get_physmem_size(void);

/**
 * Repeat how many memory channels the runtime was told of.
 *
 * @return
 *   Option nchannel of rcumem_init(); 0 when it was left out, or there is no
 *   runtime.
 *
 * Errors     None.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: one load.
 * Ordering   Set before the first page: every segment says the same.
 * Source     seed rte_memory.h; contract 1.5.  Differs: pages allocated at start
 *            know it too.
 */
RCUMEM_API unsigned rte_memory_get_nchannel(void);

/**
 * Repeat how many memory ranks the runtime was told of.
 *
 * @return
 *   Option nrank of rcumem_init(), 1 to 16; 0 when it was left out, or there is
 *   no runtime.
 *
 * Errors     None.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: one load.
 * Ordering   Set before the first page: every segment says the same.
 * Source     seed rte_memory.h; contract 1.5.  Differs: pages allocated at start
 *            know it too.
 */
RCUMEM_API unsigned rte_memory_get_nrank(void);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_INFO_H */
