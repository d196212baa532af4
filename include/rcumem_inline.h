/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_INLINE_H
#define RCUMEM_INLINE_H

/**
 * @file
 * Raw readers that are compiled into the caller: rte_mem_virt2memseg() and
 * rte_mem_iova2virt() without the call.
 *
 * They look into the index themselves, and call the library for what is not
 * where most addresses are: external memory, pages never plugged, IO addresses
 * of pages of 1 GiB and more, addresses of nothing.  Those cost more than the
 * call alone.  Answers are the same, and so is all that is said of them in
 * rte_memory.h.  The program still links the library.
 *
 * The view is a local variable, so that a loop has it in registers:
 *
 *     struct rcumem_view view;
 *
 *     if (rcumem_view_get(&view))
 *             return -1;
 *     for (i = 0; i < n; i++)
 *             va[i] = rcumem_raw_iova2virt(&view, iova[i]);
 *
 * The price: how the index looks becomes part of the program, which has to be
 * compiled again when RCUMEM_VIEW_VERSION changes.
 */

#include <stddef.h>
#include <stdint.h>

#include <rcumem_api.h>
#include <rte_errno.h>
#include <rte_memory.h>

#ifdef __cplusplus
/* The functions below are C, in which there is one kind of cast. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wold-style-cast"
extern "C" {
#endif

/** Changes with anything below that a compiled program relies on. */
#define RCUMEM_VIEW_VERSION 2u

/** Where an index is looked into: words of 2 MiB each, in order.  For the functions below only. */
struct rcumem_index {
	const uint64_t *words;
	uint64_t first;
	uint64_t cnt;
	const void *tree;
};

/** Both indexes of internal memory, as this process has them. */
struct rcumem_view {
	struct rcumem_index va;
	struct rcumem_index iova;
	uint64_t iova_nodes; /* Where a word of `iova` may lead: the first, and how many pages. */
	uint64_t iova_nodes_cnt;
};

/** What rcumem_view_get() calls, with the version that the program was compiled with. */
RCUMEM_API int rcumem_view_fill(struct rcumem_view *view, unsigned int version);

/**
 * Get the view of this process.
 *
 * @param view
 *   Filled in; copies of it are as good.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     ENODEV (no runtime), EINVAL (NULL), ENOTSUP (the library has
 *            another version of it).
 * Ownership  The caller's.  It must not be used after rcumem_fini(), nor in a
 *            child of fork(); hotplug does not touch it.
 * Context    Any thread, callbacks included.
 */
static inline int rcumem_view_get(struct rcumem_view *view)
{
	return rcumem_view_fill(view, RCUMEM_VIEW_VERSION);
}

/* The word for an IO address, or 0.  The acquire loads, here and below, pair with radix_store() in
 * the library: what a word stands for is complete. */
static inline uint64_t rcumem_iova_word(const struct rcumem_view *view, uint64_t iova)
{
	uint64_t i = (iova - view->iova.first) >> 21;
	uint64_t word, off;

	if (__builtin_expect(i >= view->iova.cnt, 0))
		return 0;
	word = __atomic_load_n(&view->iova.words[i], __ATOMIC_ACQUIRE);
	if (__builtin_expect((word & 1) == 0, 1))
		return word;
	/* 512 words of 4 KiB; rotated, a word that is damaged is beyond all of them. */
	off = word - 1 - view->iova_nodes;
	if (__builtin_expect((off >> 12 | off << 52) >= view->iova_nodes_cnt, 0))
		return 0;
	return __atomic_load_n(
		(const uint64_t *)(uintptr_t)(word - 1) + ((iova >> 12) & 511), __ATOMIC_ACQUIRE);
}

/**
 * rte_mem_virt2memseg(virt, NULL) by a view.
 *
 * @param view
 *   Of rcumem_view_get(); not NULL.
 * @param virt
 *   Any address.
 * @return
 *   As rte_mem_virt2memseg().
 *
 * Errors, ownership, context, ordering   As rte_mem_virt2memseg().
 * Progress   Wait-free.
 */
static inline struct rte_memseg *rcumem_raw_virt2memseg(
	const struct rcumem_view *view, const void *virt)
{
	uint64_t va = (uint64_t)(uintptr_t)virt;
	uint64_t i = (va - view->va.first) >> 21;
	uint64_t word, segment;

	if (__builtin_expect(i < view->va.cnt, 1)) {
		word = __atomic_load_n(&view->va.words[i], __ATOMIC_ACQUIRE);
		segment = word & 0xfffffffffff0u;
		if (__builtin_expect((word & 0xd) == 0 && segment != 0, 1))
			return (struct rte_memseg *)(uintptr_t)segment;
		if ((word & 7) == 0 && segment != 0) /* The first of 512 pages of 4 KiB. */
			return (struct rte_memseg *)(uintptr_t)segment + ((va >> 12) & 511);
	}
	return rte_mem_virt2memseg(virt, NULL);
}

/**
 * rte_mem_iova2virt(iova) by a view.
 *
 * @param view
 *   Of rcumem_view_get(); not NULL.
 * @param iova
 *   IO address, any value.
 * @return
 *   As rte_mem_iova2virt().
 *
 * Errors, ownership, context, ordering   As rte_mem_iova2virt().
 * Progress   Wait-free.
 */
static inline void *rcumem_raw_iova2virt(const struct rcumem_view *view, rte_iova_t iova)
{
	uint64_t word = rcumem_iova_word(view, iova);

	if (__builtin_expect((word & 15) == 2, 1))
		return (void *)(uintptr_t)(iova + word - 2);
	return rte_mem_iova2virt(iova);
}

#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif

#endif /* RCUMEM_INLINE_H */
