/* SPDX-License-Identifier: BSD-3-Clause */
/* Batch translation by the gathers of AVX-512. */

#include "batch.h"

#ifdef BATCH_X86

#include "lanes_avx512.h"

#include "batch_lanes.h"

const struct batch_kernel batch_avx512 = BATCH_KERNEL("avx512");

#endif
