/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef BASELINE_SCAN_H
#define BASELINE_SCAN_H

/*
 * The baseline: today's way to keep memory segments, as anyone would write it.
 * Lists with an array of segments each, one read-write lock around everything,
 * and a linear scan for every question.
 *
 * It lives in a shared library, as rcumem does, so a call costs the same.  It
 * uses the structs of rte_memory.h, so the same callbacks and as much memory.
 */

#include <stddef.h>

#include <rte_memory.h>

#define SCAN_API __attribute__((visibility("default")))

/* Forget all lists. */
SCAN_API void scan_reset(void);

/* Add an empty list over address space of the caller's: 0, or -1 when there is no room. */
SCAN_API int scan_list_add(void *base, size_t len, size_t page_sz);

/* Describe the page at `segment->addr`, which must be in a list, as in use. */
SCAN_API int scan_segment_add(const struct rte_memseg *segment);

SCAN_API struct rte_memseg *scan_virt2memseg(const void *virt, const struct rte_memseg_list *list);
SCAN_API void *scan_iova2virt(rte_iova_t iova);
SCAN_API int scan_walk(rte_memseg_walk_t func, void *arg);
SCAN_API int scan_contig_walk(rte_memseg_contig_walk_t func, void *arg);
SCAN_API int scan_list_walk(rte_memseg_list_walk_t func, void *arg);

/* Add a list with memory behind it, a memfd mapped once, for the two calls below: 0 or -1. */
SCAN_API int scan_pages_create(size_t len, size_t page_sz);
SCAN_API void scan_pages_destroy(void);

/* The first `len` bytes of whole free pages, allocated and described; NULL when there are none. */
SCAN_API void *scan_pages_alloc(size_t len);
SCAN_API int scan_pages_free(void *addr, size_t len);

#endif /* BASELINE_SCAN_H */
