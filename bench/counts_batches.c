/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Bursts, by each kernel that this processor runs: at start the library chooses
 * one by a race, which a count must not hang on.  So this file names what is
 * inside the library, and the program links it statically.
 */
#include "counts.h"

#include <rcumem.h>

/* Commits of before bursts are counted too. */
#if __has_include("batch.h")
#include "batch.h"

static rte_iova_t from[COUNTS_BURST];
static void *to[COUNTS_BURST];

static void addresses(void)
{
	for (unsigned int i = 0; i < COUNTS_BURST; i++)
		from[i] = (uintptr_t)counts_pages + (uint64_t)i * COUNTS_PAGE_LEN + i;
}

static bool choose(const struct batch_kernel *kernel)
{
	addresses();
	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++)
		batch_chosen[kind] = kernel;
	return batch_can_run(kernel);
}

static bool plain(void)
{
	return choose(&batch_plain);
}

static bool op_iova2virt(unsigned int i)
{
	return rcumem_iova2virt_batch(NULL, from, to, COUNTS_BURST) == COUNTS_BURST;
}

static bool op_same(unsigned int i)
{
	return rcumem_virt2iova_batch(NULL, (void **)from, (rte_iova_t *)to, COUNTS_BURST) ==
	       COUNTS_BURST;
}

/* Where IO addresses are others than virtual ones: physical, which takes privileges to have. */
static bool op_virt2iova(unsigned int i)
{
	return batch_chosen[BATCH_VIRT2IOVA]->run[BATCH_VIRT2IOVA](
		       &runtime_view, from, to, COUNTS_BURST) == COUNTS_BURST;
}

#define KERNEL(name)                                                                               \
	{"batch_iova2virt_" #name, name, op_iova2virt, NULL},                                      \
		{"batch_virt2iova_" #name, name, op_virt2iova, NULL},                              \
	{                                                                                          \
		"batch_same_" #name, name, op_same, NULL                                           \
	}

#ifdef BATCH_X86
static bool avx2(void)
{
	return choose(&batch_avx2);
}
#endif

const struct counts_op counts_batches[] = {
	KERNEL(plain),
#ifdef BATCH_X86
	KERNEL(avx2),
#endif
	{0},
};
#else
const struct counts_op counts_batches[] = {{0}};
#endif
