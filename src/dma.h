/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DMA_H
#define DMA_H

/* Address widths of devices. */

#include "region.h"

/* True when the last byte of [iova, iova + len) can be addressed with `bits` bits. */
static inline bool dma_fits(uint64_t iova, uint64_t len, unsigned int bits)
{
	return bits > 63 || ((iova + (len - 1)) >> bits) == 0;
}

/* True when every segment in use fits, external ones included; those without an IO address do not
 * count. */
bool dma_all_fit(const struct region *region, unsigned int bits);

/* Narrow the mask of the runtime to `bits`, 1 to 63; others are ignored. */
void dma_narrow(struct region *region, unsigned int bits);

#endif /* DMA_H */
