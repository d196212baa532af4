/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_SIDE_H
#define ORACLE_SIDE_H

/* What is not the same in both drivers: starting and ending the library. */

#include <stdbool.h>
#include <stdint.h>

/* External lists that DPDK has room for beside its own, where it has one list. */
#define CAPACITY 127

/* Where DPDK is told to begin: memory in use of both then needs the same number of address bits,
 * because that of rcumem stands behind its control region. */
#define DPDK_BASE_VA "0x580000000"

/* Success leaves rte_errno alone: a promise of rcumem only. */
extern const bool side_silent;

/* Start with room for CAPACITY external lists, without hugepages: NULL, or why not. */
const char *side_start(void);

void side_end(void);

/* Answer wrongly in the way of this name from here on: false when there is no such way. */
bool side_violate(const char *name);

/* Print the names of all ways. */
void side_violations(void);

#endif /* ORACLE_SIDE_H */
