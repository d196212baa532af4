/* SPDX-License-Identifier: BSD-3-Clause */
/* The readers whose path is another one for pages of 2 MiB; see counts.h. */
#include "counts.h"

#include <rcumem.h>

#if __has_include("batch.h")
#include "batch.h"
#define HAS_BATCH 1
#endif

#if __has_include(<rcumem_inline.h>)
#include <rcumem_inline.h>
#define HAS_INLINE 1
static struct rcumem_view view;
#endif

static rte_iova_t from[COUNTS_BURST];
static void *to[COUNTS_BURST];
static char *page;

bool counts_huge_make(void)
{
	page = rcumem_pages_alloc(COUNTS_HUGE_LEN, COUNTS_HUGE_LEN, SOCKET_ID_ANY, 0);
	for (unsigned int i = 0; i < COUNTS_BURST; i++)
		from[i] = (uintptr_t)page + i;
#ifdef HAS_INLINE
	if (rcumem_view_get(&view))
		return false;
#endif
	return page;
}

bool counts_huge_remove(void)
{
	return !rcumem_pages_free(page, COUNTS_HUGE_LEN);
}

static bool op_virt2memseg(unsigned int i)
{
	return rte_mem_virt2memseg(page + i, NULL) != NULL;
}

static bool op_iova2virt(unsigned int i)
{
	return rte_mem_iova2virt((uintptr_t)page + i) == page + i;
}

static bool op_rcumem_iova2virt(unsigned int i)
{
	return rcumem_iova2virt(NULL, (uintptr_t)page + i, &(uint64_t){64}) == page + i;
}

static bool op_rcumem_virt2iova(unsigned int i)
{
	return rcumem_virt2iova(NULL, page + i, &(uint64_t){64}) == (uintptr_t)page + i;
}

#ifdef HAS_INLINE
static bool op_inline_virt2memseg(unsigned int i)
{
	return rcumem_raw_virt2memseg(&view, page + i) != NULL;
}

static bool op_inline_iova2virt(unsigned int i)
{
	return rcumem_raw_iova2virt(&view, (uintptr_t)page + i) == page + i;
}
#endif

#ifdef HAS_BATCH
/* As where IO addresses are physical: the library takes it for no page of an IOVA mode VA. */
static bool burst(const struct batch_kernel *kernel)
{
	return kernel->run[BATCH_VIRT2IOVA](&runtime_view, from, to, COUNTS_BURST) == COUNTS_BURST;
}

static bool op_plain(unsigned int i)
{
	return burst(&batch_plain);
}

#ifdef BATCH_X86
static bool op_avx2(unsigned int i)
{
	return burst(&batch_avx2);
}
#endif
#endif

#define READ(name)                                                                                 \
	{                                                                                          \
#name "_2m", NULL, op_##name, NULL                                                 \
	}

const struct counts_op counts_huge[] = {
	READ(virt2memseg),
	READ(iova2virt),
	READ(rcumem_iova2virt),
	READ(rcumem_virt2iova),
#ifdef HAS_INLINE
	READ(inline_virt2memseg),
	READ(inline_iova2virt),
#endif
#ifdef HAS_BATCH
	{"batch_virt2iova_plain_2m", NULL, op_plain, NULL},
#ifdef BATCH_X86
	{"batch_virt2iova_avx2_2m", NULL, op_avx2, NULL},
#endif
#endif
	{0},
};
