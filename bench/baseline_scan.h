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

/*
 * reset          forget all lists
 * list_add       an empty list over address space of the caller's: 0, or -1 when there is no room
 * segment_add    the page at `segment->addr`, which must be in a list, is in use: 0 or -1
 * pages_create   a list with memory behind it, a memfd mapped once, for the two below: 0 or -1
 * pages_alloc    the first `len` bytes of whole free pages, described; NULL when there are none
 */
#define SCAN_DECLARE(prefix)                                                                       \
	SCAN_API void prefix##_reset(void);                                                        \
	SCAN_API int prefix##_list_add(void *base, size_t len, size_t page_sz);                    \
	SCAN_API int prefix##_segment_add(const struct rte_memseg *segment);                       \
	SCAN_API struct rte_memseg *prefix##_virt2memseg(                                          \
		const void *virt, const struct rte_memseg_list *list);                             \
	SCAN_API void *prefix##_iova2virt(rte_iova_t iova);                                        \
	SCAN_API int prefix##_walk(rte_memseg_walk_t func, void *arg);                             \
	SCAN_API int prefix##_contig_walk(rte_memseg_contig_walk_t func, void *arg);               \
	SCAN_API int prefix##_list_walk(rte_memseg_list_walk_t func, void *arg);                   \
	SCAN_API int prefix##_pages_create(size_t len, size_t page_sz);                            \
	SCAN_API void prefix##_pages_destroy(void);                                                \
	SCAN_API void *prefix##_pages_alloc(size_t len);                                           \
	SCAN_API int prefix##_pages_free(void *addr, size_t len);

SCAN_DECLARE(scan) /* pthread_rwlock_t */
SCAN_DECLARE(spin) /* a spinning lock: baseline_lock.h */

#endif /* BASELINE_SCAN_H */
