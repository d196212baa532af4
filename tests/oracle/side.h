/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_SIDE_H
#define ORACLE_SIDE_H

/* What is not the same in both drivers: starting and ending the library. */

#include <stdbool.h>
#include <stdint.h>

/* Where DPDK is told to begin: memory in use of both then needs the same number of address bits,
 * because that of rcumem stands behind its control region. */
#define DPDK_BASE_VA "0x580000000"

/* Success leaves rte_errno alone: a promise of rcumem only. */
extern const bool side_silent;

/* Lists that there is room for once it has started, its own included. */
extern unsigned int side_lists;

/*
 * Start with room for so many external lists: NULL, or why not.  `huge` is where hugepages are
 * mounted, for DPDK; NULL to do without.
 */
const char *side_start(unsigned int capacity, const char *huge);

void side_end(void);

/* Answer wrongly in the way of this name from here on: false when there is no such way. */
bool side_violate(const char *name);

/* Print the names of all ways. */
void side_violations(void);

#endif /* ORACLE_SIDE_H */
