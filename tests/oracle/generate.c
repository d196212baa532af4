/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What is asked next.  Moods last for some thousand operations: how many lists there should be,
 * and whether high IO addresses are given, so that tables fill up and empty, and masks fit at
 * times.
 */

#include <limits.h>

#include "generate.h"

uint64_t generate_state;

static struct {
	unsigned int left;   /* Operations until it changes. */
	unsigned int target; /* Lists. */
	bool high;
} mood;

void generate_begin(uint64_t seed)
{
	generate_state = seed;
	mood.left = 0;
}

static void mood_change(void)
{
	static const unsigned int targets[] = {0, 3, 12, 40, LISTS_MAX + 1, LISTS_MAX + 1};

	if (mood.left--)
		return;
	mood.left = 500 + (unsigned int)below(4000);
	mood.target = targets[below(6)];
	mood.high = one_in(2);
}

/* ---- Addresses ---- */

static void draw_address(uint64_t *arg)
{
	static const uint64_t odd[] = {0, 1, 4096, 0x600000001000ull, 1ull << 47, 1ull << 63,
		UINT64_MAX, UINT64_MAX - 4095};
	const struct model_list *list;
	unsigned int slot;

	arg[0] = FROM_ZERO;
	if (one_in(6)) {
		arg[0] = one_in(3) ? FROM_INTERNAL_END : FROM_INTERNAL;
		arg[1] = one_in(6) ? UINT64_MAX : below(INTERNAL_USED);
	} else if (one_in(8) || !generate_list(&slot)) {
		arg[1] = one_in(2) ? odd[below(8)] : random_next(&generate_state);
	} else {
		list = &model.lists[slot];
		switch (below(6)) {
		case 0:
			arg[1] = list->va;
			break;
		case 1:
			arg[1] = list_last(list);
			break;
		case 2:
			arg[1] = list_last(list) + 1;
			break;
		case 3:
			arg[1] = list->va - 1;
			break;
		default:
			arg[1] = list->va + below(list->len);
			break;
		}
	}
}

static void draw_slot(uint64_t *slot)
{
	unsigned int list;

	*slot = one_in(8) ? SLOT_INTERNAL : SLOT_NULL;
	if (below(4) && generate_list(&list))
		*slot = list;
}

/* Mostly the list of that address, or none: another one is nearly always the wrong one. */
static void draw_segment(struct op *op)
{
	const struct model_list *list;

	draw_address(op->arg);
	draw_slot(&op->arg[2]);
	list = op->arg[0] == FROM_ZERO ? model_find(op->arg[1]) : NULL;
	if (one_in(2))
		op->arg[2] = one_in(8) ? SLOT_INTERNAL : SLOT_NULL;
	else if (list && one_in(2))
		op->arg[2] = (uint64_t)(list - model.lists);
}

/* A list whose last address is the highest there is, or one that is detached. */
static bool draw_rare(struct op *op)
{
	for (int i = 0; i < LISTS_MAX; i++) {
		const struct model_list *list = &model.lists[i];

		if (!list->live || (list->attached && list_last(list) != UINT64_MAX))
			continue;
		op->arg[0] = FROM_ZERO;
		op->arg[1] = list->va + below(list->len);
		op->arg[2] = one_in(2) ? SLOT_NULL : (uint64_t)i;
		return true;
	}
	return false;
}

static void draw_iova(uint64_t *arg)
{
	static const uint64_t odd[] = {0, 0, 0, UINT64_MAX, UINT64_MAX - 1, 1ull << 63};
	const struct model_list *list;
	unsigned int slot;
	uint64_t page;

	arg[0] = FROM_ZERO;
	if (one_in(10)) {
		arg[0] = FROM_INTERNAL;
		arg[1] = below(INTERNAL_USED);
	} else if (one_in(8)) { /* Where pages end at 2^64. */
		arg[1] = UINT64_MAX - 1 - below(1u << 14);
	} else if (one_in(3) || !generate_list(&slot)) {
		arg[1] = one_in(2) ? odd[below(6)] : random_next(&generate_state) >> below(64);
	} else {
		list = &model.lists[slot];
		page = one_in(3) ? list_pages(list) - 1 : below(list_pages(list));
		arg[1] = table_iova(list->table, list->page, page);
		arg[1] += below(3) ? list->page - one_in(4) : below(list->page);
	}
}

/* ---- Operations ---- */

static void draw_walk(struct op *op)
{
	static const int values[] = {1, -1, 2, -7, INT_MAX, INT_MIN};

	if (one_in(2)) {
		op->arg[0] = 1 + below(one_in(2) ? 4 : 200);
		op->arg[1] = (uint32_t)values[below(6)];
	}
	op->arg[2] = one_in(3) ? below(4) : 0;
}

static void draw_descriptor(struct op *op)
{
	draw_slot(&op->arg[0]);
	if (one_in(4))
		op->arg[0] = SLOT_INTERNAL;
	else if (one_in(2) && draw_rare(op))
		op->arg[0] = (uint64_t)(model_find(op->arg[1]) - model.lists);
	op->arg[1] = below(16);
	if (model_list(op->arg[0]))
		op->arg[1] = below(list_pages(&model.lists[op->arg[0]]));
	op->arg[2] = (op->fn == FN_rte_memseg_get_fd_offset ||
			     op->fn == FN_rte_memseg_get_fd_offset_thread_unsafe) &&
		     one_in(4);
}

static void draw_own(uint64_t *arg)
{
	draw_address(arg);
	if (below(3)) {
		arg[0] = FROM_MAPPED;
		arg[1] = below(8192);
	}
}

static void draw_bits(struct op *op)
{
	op->arg[0] = one_in(4) ? 63 : one_in(8) ? 0 : one_in(6) ? 64 + below(192) : 1 + below(63);
}

static bool draw(struct op *op)
{
	switch (op->fn) {
	case FN_rte_extmem_register:
		return generate_register(op, model.live < mood.target, mood.high);
	case FN_rte_extmem_unregister:
	case FN_rte_extmem_attach:
	case FN_rte_extmem_detach:
		return generate_range(op, model.live > mood.target);
	case FN_rte_mem_virt2memseg:
	case FN_rte_mem_virt2memseg_list:
		if (below(3) == 0 && draw_rare(op))
			break;
		draw_segment(op);
		if (op->fn == FN_rte_mem_virt2memseg_list)
			op->arg[2] = 0;
		break;
	case FN_rte_mem_iova2virt:
		draw_iova(op->arg);
		break;
	case FN_rte_mem_virt2iova:
	case FN_rte_mem_virt2phy:
	case FN_rte_mem_lock_page:
		draw_own(op->arg);
		break;
	default:
		if (op->fn >= FN_rte_fbarray_init)
			return generate_array(op);
		if (op->fn >= FN_rte_mem_check_dma_mask)
			draw_bits(op);
		else if (op->fn >= FN_rte_memseg_get_fd && op->fn < FN_rte_eal_get_physmem_size)
			draw_descriptor(op);
		else if (op->fn < FN_rte_memseg_get_fd)
			draw_walk(op);
		break;
	}
	return true;
}

/* While something is detached little else is legal: ask of it, and do not leave it so for long. */
static enum function draw_function(void)
{
	static const enum function around[] = {FN_rte_extmem_attach, FN_rte_extmem_attach,
		FN_rte_extmem_detach, FN_rte_extmem_unregister, FN_rte_extmem_register,
		FN_rte_mem_virt2memseg, FN_rte_mem_virt2memseg_list};
	uint64_t sum = 0, at;
	int fn = 0;

	if (model.detached && below(3))
		return around[below(sizeof(around) / sizeof(around[0]))];
	if (model.live < mood.target && one_in(5))
		return FN_rte_extmem_register;
	if (model.live > mood.target && one_in(6))
		return FN_rte_extmem_unregister;
	for (int i = 0; i < FUNCTION_CNT; i++)
		sum += function_weights[i];
	for (at = below(sum); at >= function_weights[fn]; fn++)
		at -= function_weights[fn];
	return (enum function)fn;
}

void generate(struct op *op)
{
	mood_change();
	do
		*op = (struct op){.fn = (uint16_t)draw_function()};
	while (!draw(op) || !model_legal(op));
}
