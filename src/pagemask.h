/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PAGEMASK_H
#define PAGEMASK_H

/*
 * Which pages of a list are taken: one bit each, and over each 64 words a bit
 * that says "full", twice, so that a free page among millions is found in a
 * few loads.  Writer only: nothing here is read without the mutex.
 *
 * INV-PAGEMASK-1  Bit i of level k+1 is set exactly when word i of level k is ~0.
 *                 Bits beyond the last page count as set.
 */

#include <stdbool.h>
#include <stdint.h>

/* Bytes for `n` pages. */
uint64_t pagemask_size(uint32_t n);

/* Lay out zeroed memory as a mask of `n` free pages. */
void pagemask_init(uint64_t *mask, uint32_t n);

/* Take or give back [first, first + cnt). */
void pagemask_set(uint64_t *mask, uint32_t n, uint32_t first, uint32_t cnt, bool taken);

/* Lowest run of `cnt` free pages: its first page, or -1. */
int64_t pagemask_find(const uint64_t *mask, uint32_t n, uint32_t cnt);

bool pagemask_test(const uint64_t *mask, uint32_t page);

#endif /* PAGEMASK_H */
