/* SPDX-License-Identifier: BSD-3-Clause */
/* Batch translation by the gathers of AVX2. */

#include "batch.h"

#ifdef BATCH_X86

#include "lanes_avx2.h"

#include "batch_lanes.h"

const struct batch_kernel batch_avx2 = BATCH_KERNEL("avx2");

#endif
