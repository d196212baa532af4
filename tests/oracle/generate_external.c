/* SPDX-License-Identifier: BSD-3-Clause */
/* Registrations, and what names registered ranges: good ones, and every way to be wrong. */

#include <limits.h>

#include "generate.h"

#define ARENA_VA    0x200000000000ull
#define ARENA_PAGES 4096
#define ARENA_BIG   0x300000000000ull /* For pages larger than 4 KiB; below 2^46. */

bool generate_list(unsigned int *slot)
{
	unsigned int first = (unsigned int)below(LISTS_MAX);

	for (unsigned int i = 0; i < LISTS_MAX; i++) {
		*slot = (first + i) % LISTS_MAX;
		if (model.lists[*slot].live)
			return true;
	}
	return false;
}

/* A table from a few low addresses, so that many are given twice; sometimes from high ones. */
static uint64_t draw_table(uint64_t page, uint64_t pages, bool high)
{
	uint64_t kind = one_in(3) ? below(TABLE_CNT) : TABLE_RISING;
	uint64_t base = one_in(8) ? 0 : below(64) * 4096;

	if (high && one_in(3))
		base = one_in(2) ? 1ull << (36 + below(28)) : 0 - pages * page;
	if (page > 4096 && base < page && kind == TABLE_FALLING)
		kind = TABLE_SAME;
	if (kind == TABLE_FALLING && base < pages * page)
		base += pages * page;
	return base | kind;
}

static void draw_good(uint64_t *arg, bool high)
{
	uint64_t pages = one_in(20) ? 1 + below(PAGES_MAX) : 1 + below(8);
	uint64_t page = 4096, va;

	va = ARENA_VA + below(ARENA_PAGES) * 4096;
	if (one_in(5)) {
		page = one_in(4) ? 1 : 1ull << (one_in(2) ? below(12) : 13 + below(19));
		pages = 1 + below(page > 1u << 30 ? 2 : 6);
		va = page < 4096 ? ARENA_VA + below(ARENA_PAGES * 64) * 64 / page * page
				 : ARENA_BIG / page * page + (1 + below(16)) * page;
	}
	if (one_in(15)) { /* The ends of the address space. */
		page = one_in(2) ? 1ull << below(22) : 4096;
		va = one_in(2) ? page : 0 - pages * page;
	}
	arg[1] = va;
	arg[2] = pages * page;
	arg[3] = page;
	arg[4] = one_in(page == 1 ? 2 : 4) ? TABLE_NULL : draw_table(page, pages, high);
	arg[5] = arg[4] & 7 ? pages : one_in(2) ? below(100) : pages;
}

/* A request that has no shape. */
static void spoil(uint64_t *arg)
{
	static const uint64_t sizes[] = {0, 3, 4095, 4097, 6144, UINT64_MAX, 1ull << 63, 12288};

	switch (below(7)) {
	case 0:
		arg[1] = 0;
		break;
	case 1:
		arg[2] = 0;
		break;
	case 2:
		arg[3] = sizes[below(8)];
		break;
	case 3:
		arg[2] += 1 + below(arg[3]);
		break;
	case 4:
		arg[1] += 1 + below(arg[3]);
		break;
	case 5:
		arg[4] |= TABLE_RISING;
		arg[5] += one_in(2) ? 1 : -1ull;
		break;
	default:
		arg[4] |= TABLE_RISING;
		arg[5] = one_in(2) ? 0 : UINT_MAX;
		break;
	}
}

/* Too many pages: to count, or for 32 bits, so that DPDK sees few or none. */
static void draw_many(uint64_t *arg)
{
	uint64_t few = below(3) ? below(4) : 0, over = 1 + below(1000);

	arg[3] = 1ull << below(13);
	arg[1] = (ARENA_BIG / 3) & ~4095ull;
	arg[2] = ((over << 32) + few) * arg[3];
	if (one_in(3))
		arg[2] = ((1ull << 31) + below(1u << 30)) * arg[3];
	arg[4] = TABLE_NULL;
}

/* Near what is there: the same, the same start, a part, more. */
static bool draw_overlap(uint64_t *arg)
{
	const struct model_list *list;
	unsigned int slot;

	if (!generate_list(&slot))
		return false;
	list = &model.lists[slot];
	arg[3] = list->page;
	arg[1] = list->va;
	arg[2] = list->len;
	switch (below(4)) {
	case 0:
		break;
	case 1:
		arg[2] += list->page * below(4);
		break;
	case 2:
		arg[2] = list->page * (1 + below(list_pages(list)));
		break;
	default:
		arg[1] += list->page * below(list_pages(list));
		arg[2] = list->page * (1 + below(4));
		break;
	}
	arg[4] = one_in(2) ? TABLE_NULL : draw_table(arg[3], arg[2] / arg[3], false);
	arg[5] = arg[2] / arg[3];
	return true;
}

static void draw_internal(uint64_t *arg)
{
	arg[0] = FROM_INTERNAL;
	arg[1] = one_in(3) ? 0 : below(16) * 4096;
	arg[2] = arg[1] == 0 && one_in(2) ? LEN_INTERNAL : (1 + below(4)) * 4096;
	arg[3] = 4096;
	arg[4] = TABLE_NULL;
}

/* Ranges and tables that go on past 2^64. */
static bool draw_wrap(uint64_t *arg, bool table)
{
	unsigned int slot;

	if (!table) {
		arg[1] = 0 - arg[3] * (1 + below(2));
		arg[2] = arg[3] * (3 + below(3));
		arg[4] = TABLE_NULL;
		return true;
	}
	if (one_in(4)) { /* Refused for this, where DPDK has another reason. */
		if (!generate_list(&slot))
			return false;
		arg[1] = model.lists[slot].va;
		arg[2] = model.lists[slot].len;
		arg[3] = model.lists[slot].page;
	}
	arg[5] = arg[2] / arg[3];
	arg[4] = (0 - arg[3] / 2) & ~7ull;
	arg[4] |= arg[3] >= 16 ? TABLE_SAME : TABLE_RISING;
	return true;
}

bool generate_register(struct op *op, bool grow, bool high)
{
	uint64_t *arg = op->arg, what = below(100);

	draw_good(arg, high);
	if (what < (grow ? 60 : 25))
		return true;
	if (one_in(12)) {
		arg[3] = 1ull << (32 + below(14));
		arg[1] = ARENA_BIG / arg[3] * arg[3] + below(2) * arg[3];
		arg[2] = arg[3];
		arg[5] = 1;
		return true;
	}
	what = below(100);
	if (what < 24)
		spoil(arg);
	else if (what < 60)
		return draw_overlap(arg);
	else if (what < 72)
		draw_internal(arg);
	else if (what < 84)
		draw_many(arg);
	else
		return draw_wrap(arg, what < 92);
	return true;
}

/* A range that was not registered, in ways that are close to one that was. */
static void spoil_range(uint64_t *arg, const struct model_list *list)
{
	unsigned int gone = (unsigned int)below(GONE_CNT);

	switch (below(7)) {
	case 0:
		arg[1] = 0;
		break;
	case 1:
		arg[2] = 0;
		break;
	case 2:
		arg[2] += list->page;
		break;
	case 3:
		arg[2] /= 2;
		break;
	case 4:
		arg[1] += list->page;
		arg[2] -= list->page;
		break;
	case 5:
		arg[0] = FROM_INTERNAL;
		arg[1] = below(16) * 4096;
		arg[2] = 4096 * (1 + below(4));
		break;
	default:
		arg[1] = model.gone[gone].va;
		arg[2] = model.gone[gone].len;
		break;
	}
}

bool generate_range(struct op *op, bool shrink)
{
	bool good = op->fn != FN_rte_extmem_unregister ? one_in(2) : shrink ? below(4) : one_in(4);
	const struct model_list *list;
	unsigned int slot;

	if (!generate_list(&slot))
		return false;
	for (unsigned int i = 0; model.detached && i < LISTS_MAX; i++)
		if (model.lists[i].live && !model.lists[i].attached && below(4))
			slot = i; /* Among so many it would hardly be drawn. */
	list = &model.lists[slot];
	op->arg[1] = list->va;
	op->arg[2] = list->len;
	if (!good)
		spoil_range(op->arg, list);
	return true;
}
