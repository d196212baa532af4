/* SPDX-License-Identifier: BSD-3-Clause */
/* The readers that are counted, by themselves and in bursts; see counts.h. */
#include "counts.h"

#include <rcumem.h>

#if __has_include(<rcumem_inline.h>)
#include <rcumem_inline.h>
#define HAS_INLINE 1
static struct rcumem_view view;
#endif

#define EXTERNAL_VA   (32ull << 40)
#define EXTERNAL_IOVA (48ull << 40)
#define SPACE_REGIONS 8u
#define SPACE_STEP    (16ull << 20)
#define SPACE_LEN     (8ull << 20)
#define NOWHERE       ((void *)0x1000)

char *counts_pages;

static struct rcumem_space *space;
static const struct rcumem_map *map;

static char *page(unsigned int i)
{
	return counts_pages + (size_t)(i * 37 % COUNTS_PAGES) * COUNTS_PAGE_LEN + i;
}

static bool space_make(void)
{
	struct rcumem_region regions[SPACE_REGIONS];

	space = rcumem_space_create();
	for (unsigned int i = 0; i < SPACE_REGIONS; i++)
		regions[i] = (struct rcumem_region){.iova = i * SPACE_STEP,
			.len = SPACE_LEN,
			.va = (void *)(EXTERNAL_VA + i * SPACE_STEP),
			.fd = -1};
	return space && !rcumem_space_replace(space, regions, SPACE_REGIONS, &space);
}

bool counts_world_make(void)
{
	rte_iova_t iova[COUNTS_BURST];

	for (unsigned int i = 0; i < COUNTS_BURST; i++)
		iova[i] = EXTERNAL_IOVA + (uint64_t)i * COUNTS_PAGE_LEN;
	counts_pages = rcumem_pages_alloc(
		COUNTS_PAGES * COUNTS_PAGE_LEN, COUNTS_PAGE_LEN, SOCKET_ID_ANY, 0);
#ifdef HAS_INLINE
	if (rcumem_view_get(&view))
		return false;
#endif
	return counts_pages &&
	       !rte_extmem_register((void *)EXTERNAL_VA, COUNTS_BURST * COUNTS_PAGE_LEN, iova,
		       COUNTS_BURST, COUNTS_PAGE_LEN) &&
	       space_make() && !rcumem_thread_init();
}

bool counts_world_remove(void)
{
	return !rcumem_space_destroy(space) &&
	       !rte_extmem_unregister((void *)EXTERNAL_VA, COUNTS_BURST * COUNTS_PAGE_LEN) &&
	       !rcumem_pages_free(counts_pages, COUNTS_PAGES * COUNTS_PAGE_LEN);
}

/* One operation: `expr` is true when the answer is right. */
#define OP(name, expr)                                                                             \
	static bool op_##name(unsigned int i)                                                      \
	{                                                                                          \
		(void)i;                                                                           \
		return expr;                                                                       \
	}

bool counts_empty(unsigned int i)
{
	return i != UINT32_MAX;
}

static int count(unsigned int *left)
{
	return --*left == UINT32_MAX;
}

static int visit(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg)
{
	(void)list;
	(void)ms;
	return count(arg);
}

static int visit_run(
	const struct rte_memseg_list *list, const struct rte_memseg *ms, size_t len, void *arg)
{
	(void)list;
	(void)ms;
	(void)len;
	return count(arg);
}

static int visit_list(const struct rte_memseg_list *list, void *arg)
{
	(void)list;
	return count(arg);
}

/* A walk that visits `n` things. */
#define OP_WALK(kind, callback, n)                                                                 \
	static bool op_##kind(unsigned int i)                                                      \
	{                                                                                          \
		unsigned int left = n;                                                             \
		(void)i;                                                                           \
		return !rte_memseg_##kind(callback, &left) && left == 0;                           \
	}

OP_WALK(walk, visit, COUNTS_PAGES + COUNTS_BURST)
OP_WALK(walk_thread_unsafe, visit, COUNTS_PAGES + COUNTS_BURST)
OP_WALK(contig_walk, visit_run, 2)
OP_WALK(contig_walk_thread_unsafe, visit_run, 2)
OP_WALK(list_walk, visit_list, 2)
OP_WALK(list_walk_thread_unsafe, visit_list, 2)

#define EXTERNAL(i) ((char *)EXTERNAL_VA + (uint64_t)(i)*COUNTS_PAGE_LEN)

OP(virt2memseg, rte_mem_virt2memseg(page(i), NULL) != NULL)
OP(virt2memseg_miss, rte_mem_virt2memseg(NOWHERE, NULL) == NULL)
OP(virt2memseg_external, rte_mem_virt2memseg(EXTERNAL(i), NULL) != NULL)
OP(virt2memseg_list, rte_mem_virt2memseg_list(page(i)) != NULL)
OP(iova2virt, rte_mem_iova2virt((uintptr_t)page(i)) == page(i))
OP(iova2virt_miss, rte_mem_iova2virt((uintptr_t)NOWHERE) == NULL)
OP(iova2virt_external, rte_mem_iova2virt(EXTERNAL_IOVA + i) != NULL)
OP(rcumem_iova2virt, rcumem_iova2virt(NULL, (uintptr_t)page(i), &(uint64_t){64}) == page(i))
OP(rcumem_virt2iova, rcumem_virt2iova(NULL, page(i), &(uint64_t){64}) == (uintptr_t)page(i))
OP(rcumem_virt2iova_external, rcumem_virt2iova(NULL, EXTERNAL(i), NULL) != RTE_BAD_IOVA)
#ifdef HAS_INLINE
OP(inline_virt2memseg, rcumem_raw_virt2memseg(&view, page(i)) != NULL)
OP(inline_iova2virt, rcumem_raw_iova2virt(&view, (uintptr_t)page(i)) == page(i))
#endif
OP(space_map, (map = rcumem_space_map(space)) != NULL)
OP(map_iova2virt, rcumem_map_iova2virt(map, (i % SPACE_REGIONS) * SPACE_STEP, NULL) != NULL)
OP(map_user, rcumem_map_user(map) == &space)
OP(map_count, rcumem_map_count(map) == SPACE_REGIONS)
OP(section, !rcumem_read_lock() && (rcumem_read_unlock(), true))
OP(quiescent, (rcumem_reader_quiescent(), true))
OP(offline_online, (rcumem_reader_offline(), rcumem_reader_online(), true))

static bool lock(void)
{
	return !rcumem_read_lock() && (map = rcumem_space_map(space));
}

static bool unlock(void)
{
	rcumem_read_unlock();
	return true;
}

static bool enroll(void)
{
	return !rcumem_reader_register();
}

static bool leave(void)
{
	return !rcumem_reader_unregister();
}

#define READ(name)                                                                                 \
	{                                                                                          \
#name, NULL, op_##name, NULL                                                       \
	}
#define INSIDE(name)                                                                               \
	{                                                                                          \
#name, lock, op_##name, unlock                                                     \
	}

const struct counts_op counts_readers[] = {
	READ(virt2memseg),
	READ(virt2memseg_miss),
	READ(virt2memseg_external),
	READ(virt2memseg_list),
	READ(iova2virt),
	READ(iova2virt_miss),
	READ(iova2virt_external),
	READ(rcumem_iova2virt),
	READ(rcumem_virt2iova),
	READ(rcumem_virt2iova_external),
#ifdef HAS_INLINE
	READ(inline_virt2memseg),
	READ(inline_iova2virt),
#endif
	INSIDE(space_map),
	INSIDE(map_iova2virt),
	INSIDE(map_user),
	INSIDE(map_count),
	READ(section),
	{"quiescent", enroll, op_quiescent, leave},
	{"offline_online", enroll, op_offline_online, leave},
	READ(walk),
	READ(walk_thread_unsafe),
	READ(contig_walk),
	READ(contig_walk_thread_unsafe),
	READ(list_walk),
	READ(list_walk_thread_unsafe),
	{0},
};
