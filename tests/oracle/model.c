/* SPDX-License-Identifier: BSD-3-Clause */
/* The state, what is legal in it, and what an operation changes. */

#include <limits.h>

#include "model.h"

struct model model;

uint64_t table_iova(uint64_t table, uint64_t page, uint64_t i)
{
	uint64_t base = table & ~7ull;

	switch ((enum table)(table & 7)) {
	case TABLE_RISING:
		return base + i * page;
	case TABLE_APART:
		return base + i * 2 * page;
	case TABLE_FALLING:
		return base - i * page;
	case TABLE_SAME:
		return base;
	case TABLE_HOLES:
		return i % 2 ? UINT64_MAX : base + i * page;
	default:
		return UINT64_MAX;
	}
}

static bool in_internal(uint64_t first, uint64_t last)
{
	return first <= INTERNAL_LAST && last >= INTERNAL_FIRST;
}

/*
 * What is new may get the address or the file of what is detached, and DPDK takes one for the
 * other then.
 */
static bool anything_detached(void)
{
	for (int i = 0; i < ARRAY_CNT; i++)
		if (model.arrays[i].state == ARRAY_DETACHED)
			return true;
	return model.detached != 0;
}

/* Of what is not refused at once, only so many pages as can be made; a number of pages that
 * DPDK cuts to 32 bits must be small or senseless then. */
static bool legal_register(const struct op *op)
{
	const uint64_t *arg = op->arg;
	uint64_t va = arg[1], len = arg[2], page = arg[3];
	uint64_t pages = page ? len / page : 0;
	uint32_t cut = (uint32_t)pages;

	if (anything_detached() && model_row_external(op) != ROW_X1 &&
		model_row_external(op) != ROW_X3)
		return false;
	if (arg[0] == FROM_INTERNAL)
		return model.legacy && page == 4096 && va < INTERNAL_USED &&
		       (len <= INTERNAL_USED || len == LEN_INTERNAL);
	if (arg[0] != FROM_ZERO || (len && in_internal(va, va + (len - 1))))
		return false;
	if (page >> 32) /* DPDK looks at the low half alone. */
		return (page & (page - 1)) == 0 && model_row_external(op) != ROW_SKIPPED;
	if (pages <= PAGES_MAX)
		return true;
	return pages > INT_MAX && (arg[4] & 7) == TABLE_NULL &&
	       (cut == 0 || cut > INT_MAX || cut <= PAGES_MAX);
}

static bool legal_address(const uint64_t *arg)
{
	switch (arg[0]) {
	case FROM_ZERO:
		return !in_internal(arg[1], arg[1]);
	case FROM_INTERNAL:
		if (!model.legacy)
			return false;
		return arg[1] < INTERNAL_USED || arg[1] == UINT64_MAX;
	case FROM_INTERNAL_END:
		return model.legacy && arg[1] < INTERNAL_USED;
	default:
		return arg[1] < 8192; /* A page that is there, and one that is not. */
	}
}

static bool legal_slot(uint64_t slot)
{
	return (slot == SLOT_INTERNAL && model.legacy) || slot == SLOT_NULL || model_list(slot);
}

static bool legal_array_life(const struct op *op)
{
	const uint64_t *arg = op->arg;

	if (arg[0] == ARRAY_NULL)
		return true;
	if (arg[0] >= ARRAY_CNT)
		return false;
	if (op->fn != FN_rte_fbarray_init)
		return true;
	if (anything_detached() && model_row_array(op) == ROW_A)
		return false;
	return model.arrays[arg[0]].state == ARRAY_NONE &&
	       (arg[2] == 0 || arg[3] == 0 || arg[2] > INT_MAX || arg[2] * arg[3] <= PLAIN_LIMIT);
}

static bool legal_array(const struct op *op)
{
	uint64_t arr = op->arg[0];
	bool change = op->fn == FN_rte_fbarray_set_used || op->fn == FN_rte_fbarray_set_free;

	if (arr >= ARRAY_LIST)
		return !change && model_list(arr - ARRAY_LIST) &&
		       model_list(arr - ARRAY_LIST)->attached;
	if (arr == ARRAY_NULL)
		return true;
	if (arr >= ARRAY_CNT || (change && op->arg[2] > PAGES_MAX))
		return false;
	if (op->fn == FN_rte_fbarray_dump_metadata) /* Of no array DPDK writes that it is none. */
		return model.arrays[arr].state == ARRAY_LIVE;
	return model.arrays[arr].state != ARRAY_DETACHED || op->fn == FN_rte_fbarray_get ||
	       op->fn == FN_rte_fbarray_find_idx;
}

bool model_legal(const struct op *op)
{
	const uint64_t *arg = op->arg;

	switch (op->fn) {
	case FN_rte_extmem_register:
		return legal_register(op);
	case FN_rte_extmem_unregister:
	case FN_rte_extmem_attach:
	case FN_rte_extmem_detach:
		return arg[0] == FROM_ZERO ||
		       (arg[0] == FROM_INTERNAL && model.legacy && arg[2] <= INTERNAL_USED);
	case FN_rte_mem_virt2memseg:
		return legal_address(arg) && arg[0] != FROM_MAPPED && legal_slot(arg[2]);
	case FN_rte_mem_virt2memseg_list:
		return legal_address(arg) && arg[0] != FROM_MAPPED;
	case FN_rte_mem_virt2iova:
	case FN_rte_mem_virt2phy:
	case FN_rte_mem_lock_page:
		return legal_address(arg) && arg[0] != FROM_INTERNAL && arg[0] != FROM_INTERNAL_END;
	case FN_rte_mem_iova2virt:
		return model.detached == 0 && arg[0] <= FROM_INTERNAL && legal_address(arg);
	case FN_rte_memseg_get_fd:
	case FN_rte_memseg_get_fd_thread_unsafe:
	case FN_rte_memseg_get_fd_offset:
	case FN_rte_memseg_get_fd_offset_thread_unsafe:
		return model.detached == 0 && legal_slot(arg[0]) &&
		       (!model_list(arg[0]) || arg[1] < list_pages(model_list(arg[0])));
	case FN_rte_eal_get_physmem_size:
	case FN_rte_memory_get_nchannel:
	case FN_rte_memory_get_nrank:
	case FN_rte_mem_set_dma_mask:
		return true;
	default:
		if (op->fn >= FN_rte_fbarray_init && op->fn <= FN_rte_fbarray_destroy)
			return legal_array_life(op);
		if (op->fn > FN_rte_fbarray_destroy)
			return legal_array(op);
		return model.detached == 0; /* A walk of DPDK ends there in unmapped memory. */
	}
}

/* ---- Changes ---- */

static struct model_list *find_exact(uint64_t va, uint64_t len)
{
	for (int i = 0; i < LISTS_MAX; i++)
		if (model.lists[i].live && model.lists[i].va == va && model.lists[i].len == len)
			return &model.lists[i];
	return NULL;
}

static void apply_register(const uint64_t *arg)
{
	struct model_list *list = model.lists;

	while (list->live)
		list++;
	*list = (struct model_list){.live = true,
		.attached = true,
		.va = arg[1],
		.len = arg[2],
		.page = arg[3],
		.table = arg[4]};
	model.live++;
}

static void apply_unregister(const uint64_t *arg)
{
	find_exact(arg[1], arg[2])->live = false;
	model.live--;
	model.gone[model.gone_next].va = arg[1];
	model.gone[model.gone_next].len = arg[2];
	model.gone_next = (model.gone_next + 1) % GONE_CNT;
}

static void apply_array(const struct op *op)
{
	struct model_array *array = &model.arrays[op->arg[0]];

	switch (op->fn) {
	case FN_rte_fbarray_init:
		*array = (struct model_array){ARRAY_LIVE, (unsigned int)op->arg[1],
			(unsigned int)op->arg[2], (unsigned int)op->arg[3]};
		break;
	case FN_rte_fbarray_attach:
		array->state = ARRAY_LIVE;
		break;
	case FN_rte_fbarray_detach:
		array->state = ARRAY_DETACHED;
		break;
	case FN_rte_fbarray_destroy:
		array->state = ARRAY_NONE;
		break;
	default:
		break;
	}
}

void model_apply(const struct op *op, enum row row)
{
	bool attach = op->fn == FN_rte_extmem_attach;

	if (op->fn == FN_rte_extmem_register) {
		if (row == ROW_S3 || row == ROW_X2 || row == ROW_X9)
			apply_register(op->arg);
	} else if (op->fn == FN_rte_extmem_unregister) {
		if (row == ROW_S3)
			apply_unregister(op->arg);
	} else if (row == ROW_S3) {
		find_exact(op->arg[1], op->arg[2])->attached = attach;
		model.detached += attach ? -1u : 1;
	} else if (row == ROW_A) {
		apply_array(op);
	}
}
