/* SPDX-License-Identifier: BSD-3-Clause */
/* The writers that are counted; see counts.h.  What one does, the other half of a pair undoes. */
#include "counts.h"

#include <rcumem.h>

#define EXTERNAL_VA (40ull << 40)
#define PAGE_CNT    16u
#define SPACE_LEN   (1ull << 20)

static void *pages;
static struct rcumem_space *space;

static bool take(unsigned int n)
{
	pages = rcumem_pages_alloc(n * COUNTS_PAGE_LEN, COUNTS_PAGE_LEN, SOCKET_ID_ANY, 0);
	return pages;
}

static bool give(unsigned int n)
{
	return !rcumem_pages_free(pages, n * COUNTS_PAGE_LEN);
}

static bool external_add(void)
{
	static rte_iova_t iova[PAGE_CNT];

	for (unsigned int i = 0; i < PAGE_CNT; i++)
		iova[i] = EXTERNAL_VA + (uint64_t)i * COUNTS_PAGE_LEN;
	return !rte_extmem_register(
		(void *)EXTERNAL_VA, PAGE_CNT * COUNTS_PAGE_LEN, iova, PAGE_CNT, COUNTS_PAGE_LEN);
}

static bool external_remove(void)
{
	return !rte_extmem_unregister((void *)EXTERNAL_VA, PAGE_CNT * COUNTS_PAGE_LEN);
}

static const struct rcumem_region region = {
	.iova = SPACE_LEN, .len = SPACE_LEN, .va = (void *)EXTERNAL_VA, .fd = -1};

static bool space_open(void)
{
	space = rcumem_space_create();
	return space;
}

static bool space_close(void)
{
	return !rcumem_space_destroy(space);
}

static bool region_add(void)
{
	return !rcumem_space_register(space, &region);
}

static bool region_remove(void)
{
	return !rcumem_space_unregister(space, region.iova, region.len);
}

static bool space_with_region(void)
{
	return space_open() && region_add();
}

/* A step of the tables above by another name, with or without its number. */
#define STEP(name, expr)                                                                           \
	static bool name(void)                                                                     \
	{                                                                                          \
		return expr;                                                                       \
	}
#define OP(name, expr)                                                                             \
	static bool op_##name(unsigned int i)                                                      \
	{                                                                                          \
		return expr;                                                                       \
	}

STEP(take_one, take(1))
STEP(give_one, give(1))
STEP(give_some, give(PAGE_CNT))
STEP(take_some, take(PAGE_CNT))
/* Ten times a second a plug looks how much memory is left.  The one before has done it, however
 * slow the machine is. */
STEP(look, take_some() && give_some())
OP(alloc_1, take(1))
OP(free_1, give(1))
OP(alloc_16, take(PAGE_CNT))
OP(free_16, give(PAGE_CNT))
OP(extmem_register, external_add())
OP(extmem_unregister, external_remove())
OP(space_create, space_open())
OP(space_destroy, space_close())
OP(space_register, region_add())
OP(space_unregister, region_remove())
OP(space_replace, !rcumem_space_replace(space, &region, 1, NULL))
OP(synchronize, !rcumem_synchronize(1000))

const struct counts_op counts_writers[] = {
	{"alloc_1", look, op_alloc_1, give_one},
	{"free_1", take_one, op_free_1, NULL},
	{"alloc_16", look, op_alloc_16, give_some},
	{"free_16", take_some, op_free_16, NULL},
	{"extmem_register", NULL, op_extmem_register, external_remove},
	{"extmem_unregister", external_add, op_extmem_unregister, NULL},
	{"space_create", NULL, op_space_create, space_close},
	{"space_destroy", space_open, op_space_destroy, NULL},
	{"space_register", space_open, op_space_register, space_close},
	{"space_unregister", space_with_region, op_space_unregister, space_close},
	{"space_replace", space_open, op_space_replace, space_close},
	{"synchronize", NULL, op_synchronize, NULL},
	{0},
};
