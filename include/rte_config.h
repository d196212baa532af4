/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_CONFIG_H
#define RTE_CONFIG_H

/**
 * @file
 * Upper limits that a program may size its own tables by.
 *
 * They bound what any runtime can have.  The limits of one runtime are options
 * of rcumem_init() and usually lower.  Limits that exist only in DPDK (pages
 * per list, bytes per list and type, heaps) have no counterpart and no name.
 */

/**
 * Memseg lists, external ones included: no list has an index at or above this.
 * DPDK 20.11 has 128 here; the contract leaves the shape of lists free.
 */
#define RTE_MAX_MEMSEG_LISTS 4096

/** Sockets with memory.  The socket ids of external memory begin far above. */
#define RTE_MAX_NUMA_NODES 32

#endif /* RTE_CONFIG_H */
