/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_TYPES_H
#define RCUMEM_MEMORY_TYPES_H

/**
 * @file
 * Part of rte_memory.h: segments and memseg lists as programs see them.
 *
 * Layouts are part of the binary interface: contract section 0.1.
 */

#include <stddef.h>
#include <stdint.h>

#include <rte_common.h>
#include <rte_fbarray.h>

#ifdef __cplusplus
extern "C" {
#endif

/** @name Page sizes, in bytes @{ */
#define RTE_PGSIZE_4K   (1ULL << 12)
#define RTE_PGSIZE_64K  (1ULL << 16)
#define RTE_PGSIZE_256K (1ULL << 18)
#define RTE_PGSIZE_2M   (1ULL << 21)
#define RTE_PGSIZE_16M  (1ULL << 24)
#define RTE_PGSIZE_256M (1ULL << 28)
#define RTE_PGSIZE_512M (1ULL << 29)
#define RTE_PGSIZE_1G   (1ULL << 30)
#define RTE_PGSIZE_4G   (1ULL << 32)
#define RTE_PGSIZE_16G  (1ULL << 34)
/** @} */

/** Any socket: where a function takes it, it says what it means there. */
#define SOCKET_ID_ANY (-1)

/** In rte_memseg.flags: rcumem_pages_free() refuses the page with EBUSY. */
#define RTE_MEMSEG_FLAG_DO_NOT_FREE (1 << 0)

/**
 * One page: 48 bytes without padding.
 *
 * The slot of a page of the library's own lists stands at one address for as
 * long as the runtime lives, and slots of neighbouring pages are neighbours.
 * While the page is in use the members are complete and do not change; while
 * it is not, all of them are zero, at the latest when the last reader that could
 * hold the page has left its section.
 *
 * Written by the library only; complete before the page can be found.
 * Source: contract section 0.1, rows L7, L9.
 */
struct rte_memseg {
	rte_iova_t iova; /**< IO address of the first byte, or RTE_BAD_IOVA. */
	RTE_STD_C11
	union {
		void *addr;       /**< Virtual address of the first byte. */
		uint64_t addr_64; /**< The same; 64 bits wide everywhere. */
	};
	size_t len;           /**< Bytes: one page. */
	uint64_t hugepage_sz; /**< Bytes of a page; equal to `len`. */
	int32_t socket_id;    /**< NUMA node; 256 or more for external memory. */
	uint32_t nchannel;    /**< Memory channels, as told to rcumem_init(); 0: not told. */
	uint32_t nrank;       /**< Memory ranks, as told to rcumem_init(); 0: not told. */
	uint32_t flags;       /**< RTE_MEMSEG_FLAG_*. */
} __rte_packed;

/**
 * A range of virtual addresses cut into pages of one size: 136 bytes.
 *
 * Page i is [base_va + i * page_sz, + page_sz), described by element i of
 * `memseg_arr`, and in use when that element is marked used.
 *
 * Lists of the library's own exist from rcumem_init() to rcumem_fini().  A list
 * of external memory goes when it is unregistered, and its record may then
 * describe another one: do not keep a pointer to it beyond a section.
 *
 * Written by the library only.
 * Source: contract section 0.1, rows L1, L10.
 */
struct rte_memseg_list {
	RTE_STD_C11
	union {
		void *base_va;    /**< First address; immutable. */
		uint64_t addr_64; /**< The same; 64 bits wide everywhere. */
	};
	uint64_t page_sz; /**< Bytes of a page, a power of two; immutable. */
	int socket_id;    /**< NUMA node; 256 or more for external memory; immutable. */
	/** Grows by 1 with each allocation in the list and with each page freed; always 0 for
	 *  external memory.  May be read at any time; orders nothing. */
	volatile uint32_t version;
	size_t len;            /**< Bytes from `base_va`, reserved ones included; immutable. */
	unsigned int external; /**< 1: memory of the user's; immutable. */
	unsigned int heap;     /**< 1: the library allocates from it; immutable. */
	/** The segments.  A view: queries only.  Its `count` is the number of pages in use. */
	struct rte_fbarray memseg_arr;
};

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_TYPES_H */
