/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BATCH_H
#define BATCH_H

/*
 * Batch translation in space 0: kernels that answer most addresses several at a
 * time, and the way of the single functions for what a kernel leaves.
 *
 * INV-BATCH-1  Each answer is that of the single function at some instant of
 *              the call.  What a kernel answers itself is decided by one word of
 *              the IOVA index that it has loaded: where it leads to, or that it
 *              leads back to the page asked for.  Everything else is left to
 *              batch_one().
 * INV-BATCH-2  An array is read ahead of what has been written by at most the
 *              lanes that are written next, so that the arrays may be the same.
 */

#include "runtime.h"

enum batch_kind {
	BATCH_IOVA2VIRT,
	BATCH_VIRT2IOVA,
	BATCH_SAME, /* BATCH_VIRT2IOVA where the IO address of a page in use is its address. */
	BATCH_KINDS
};

struct batch_kernel {
	const char *name;
	/* Translate `n` words at `from` to `to`, which may be the same array; returns how many were
	 * found. */
	unsigned int (*run[BATCH_KINDS])(
		const struct runtime_view *view, const void *from, void *to, unsigned int n);
};

extern const struct batch_kernel batch_plain;

/* ThreadSanitizer does not see the loads of a gather. */
#if defined(__x86_64__) && !defined(RCU_TSAN)
#define BATCH_X86 1
extern const struct batch_kernel batch_avx2;
extern const struct batch_kernel batch_avx512;
#endif

/* Which one answers; set by batch_choose() while no other call runs. */
extern const struct batch_kernel *batch_chosen[BATCH_KINDS];

/* Translate one address that a kernel did not find, as the single functions do: 1 if it is found,
 * else 0. */
unsigned int batch_one(enum batch_kind kind, uint64_t key, void *to);

/* True when this processor and its system can run the kernel. */
bool batch_can_run(const struct batch_kernel *kernel);

/* Choose the kernels for this machine; once, for rcumem_init(). */
void batch_choose(void);

#endif /* BATCH_H */
