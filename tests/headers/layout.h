/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LAYOUT_H
#define LAYOUT_H

/*
 * Contract 0.1 as assertions of the compiler: every size, every offset, every
 * constant of the compatible API.  Includers bring static_assert().
 */

#include <stddef.h>
#include <stdint.h>

#include <rcumem.h>
#include <rte_eal.h>
#include <rte_memory.h>

#ifdef PLANT_LAYOUT
#define PLANTED 1 /* Wrong on purpose: see check_headers.sh. */
#else
#define PLANTED 0
#endif

#ifdef __cplusplus
#define MEMBER_LEN(type, member) sizeof(type::member)
#else
#define MEMBER_LEN(type, member) sizeof(((struct type *)0)->member)
#endif

/* A member: where it begins, and how many bytes it has. */
#define MEMBER(type, member, off, len)                                                             \
	static_assert(offsetof(struct type, member) == (off), #type "." #member " offset");        \
	static_assert(MEMBER_LEN(type, member) == (len), #type "." #member " size")

#define VALUE(name, value) static_assert((name) == (value), #name)

static_assert(sizeof(struct rte_memseg) == 48 + PLANTED, "rte_memseg");
static_assert(alignof(struct rte_memseg) == 1, "rte_memseg is packed");
MEMBER(rte_memseg, iova, 0, 8);
MEMBER(rte_memseg, addr, 8, sizeof(void *));
MEMBER(rte_memseg, addr_64, 8, 8);
MEMBER(rte_memseg, len, 16, sizeof(size_t));
MEMBER(rte_memseg, hugepage_sz, 24, 8);
MEMBER(rte_memseg, socket_id, 32, 4);
MEMBER(rte_memseg, nchannel, 36, 4);
MEMBER(rte_memseg, nrank, 40, 4);
MEMBER(rte_memseg, flags, 44, 4);

static_assert(sizeof(struct rte_memseg_list) == 136, "rte_memseg_list");
static_assert(alignof(struct rte_memseg_list) == 8, "rte_memseg_list alignment");
MEMBER(rte_memseg_list, base_va, 0, sizeof(void *));
MEMBER(rte_memseg_list, addr_64, 0, 8);
MEMBER(rte_memseg_list, page_sz, 8, 8);
MEMBER(rte_memseg_list, socket_id, 16, 4);
MEMBER(rte_memseg_list, version, 20, 4);
MEMBER(rte_memseg_list, len, 24, sizeof(size_t));
MEMBER(rte_memseg_list, external, 32, 4);
MEMBER(rte_memseg_list, heap, 36, 4);
MEMBER(rte_memseg_list, memseg_arr, 40, 96);

static_assert(sizeof(struct rte_fbarray) == 96, "rte_fbarray");
static_assert(alignof(struct rte_fbarray) == 8, "rte_fbarray alignment");
MEMBER(rte_fbarray, name, 0, 64);
MEMBER(rte_fbarray, count, 64, 4);
MEMBER(rte_fbarray, len, 68, 4);
MEMBER(rte_fbarray, elt_sz, 72, 4);
MEMBER(rte_fbarray, data, 80, sizeof(void *));
MEMBER(rte_fbarray, rwlock, 88, 4);

VALUE(RTE_PGSIZE_4K, 0x1000);
VALUE(RTE_PGSIZE_64K, 0x10000);
VALUE(RTE_PGSIZE_256K, 0x40000);
VALUE(RTE_PGSIZE_2M, 0x200000);
VALUE(RTE_PGSIZE_16M, 0x1000000);
VALUE(RTE_PGSIZE_256M, 0x10000000);
VALUE(RTE_PGSIZE_512M, 0x20000000);
VALUE(RTE_PGSIZE_1G, 0x40000000);
VALUE(RTE_PGSIZE_4G, 0x100000000);
VALUE(RTE_PGSIZE_16G, 0x400000000);

VALUE(SOCKET_ID_ANY, -1);
VALUE(RTE_MEMSEG_FLAG_DO_NOT_FREE, 1);
VALUE(RTE_BAD_IOVA, UINT64_MAX);
VALUE(RTE_BAD_PHYS_ADDR, UINT64_MAX);
VALUE(sizeof(rte_iova_t), 8);
VALUE(sizeof(phys_addr_t), 8);
VALUE(RTE_FBARRAY_NAME_LEN, 64);
VALUE(RTE_MEM_EVENT_CALLBACK_NAME_LEN, 64);
VALUE(RTE_MEM_ALLOC_VALIDATOR_NAME_LEN, 64);
VALUE(RTE_MEM_EVENT_ALLOC, 0);
VALUE(RTE_MEM_EVENT_FREE, 1);
VALUE(RTE_IOVA_DC, 0);
VALUE(RTE_IOVA_PA, 1);
VALUE(RTE_IOVA_VA, 2);

/* The two headers that name one thing must agree. */
VALUE(RTE_MAX_NUMA_NODES, RCUMEM_MAX_SOCKETS);
VALUE(RCUMEM_IOVA_PA, 0 + RTE_IOVA_PA);
VALUE(RCUMEM_IOVA_VA, 0 + RTE_IOVA_VA);

#endif /* LAYOUT_H */
