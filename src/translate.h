/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TRANSLATE_H
#define TRANSLATE_H

/* Translation in space 0 of what one segment contains. */

#include <stdint.h>

/* The address of `iova`, or NULL; *len, in: bytes wanted, at least 1; out: cut to the end of the
 * page or piece. */
void *translate_iova(uint64_t iova, uint64_t *len);

/* The IO address of `va`, or RTE_BAD_IOVA; *len as above. */
uint64_t translate_virt(uint64_t va, uint64_t *len);

#endif /* TRANSLATE_H */
