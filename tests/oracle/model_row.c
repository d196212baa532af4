/* SPDX-License-Identifier: BSD-3-Clause */
/* Which row of the contract an operation meets. */

#include <limits.h>

#include "model.h"

/* ---- External memory ---- */

static bool bad_shape(uint64_t va, uint64_t len, uint64_t page)
{
	return va == 0 || len == 0 || page == 0 || (page & (page - 1)) || len % page || va % page;
}

/* What DPDK says of a request that is well formed. */
enum dpdk { DPDK_TAKES, DPDK_EXISTS, DPDK_BUSY, DPDK_FULL };

static enum dpdk dpdk_register(const uint64_t *arg)
{
	bool same = arg[0] == FROM_INTERNAL && arg[1] == 0 && arg[2] == LEN_INTERNAL;
	bool start = false;

	for (int i = 0; i < LISTS_MAX && arg[0] == FROM_ZERO; i++) {
		if (!model.lists[i].live || model.lists[i].va != arg[1])
			continue;
		start = true;
		same |= model.lists[i].len == arg[2];
	}
	if (same)
		return DPDK_EXISTS;
	if (model.live == model.capacity)
		return DPDK_FULL;
	return start ? DPDK_BUSY : DPDK_TAKES;
}

static bool overlaps(uint64_t va, uint64_t len)
{
	for (int i = 0; i < LISTS_MAX; i++)
		if (model.lists[i].live && model.lists[i].va <= va + (len - 1) &&
			va <= list_last(&model.lists[i]))
			return true;
	return false;
}

static bool iova_wraps(uint64_t table, uint64_t page, uint64_t pages)
{
	for (uint64_t i = 0; i < pages; i++) {
		uint64_t iova = table_iova(table, page, i);

		if (iova != UINT64_MAX && iova + (page - 1) < iova)
			return true;
	}
	return false;
}

static enum row row_well_formed(const uint64_t *arg, uint64_t pages)
{
	static const enum row overlap[] = {ROW_X5, ROW_X3, ROW_X4, ROW_X5_FULL};
	bool internal = arg[0] == FROM_INTERNAL;
	uint64_t va = arg[1], len = arg[2], page = arg[3], table = arg[4];
	enum dpdk dpdk = dpdk_register(arg);

	if (pages > INT_MAX && ((uint32_t)pages == 0 || (uint32_t)pages > INT_MAX))
		return dpdk == DPDK_FULL ? ROW_X1_ORDER : ROW_X8;
	if (pages > INT_MAX)
		return dpdk == DPDK_TAKES ? ROW_X8_TRUNCATED : ROW_X1_ORDER;
	if (!internal && va + (len - 1) < va)
		return dpdk == DPDK_TAKES ? ROW_L4_WRAP : ROW_X1_ORDER;
	if ((table & 7) != TABLE_NULL && iova_wraps(table, page, pages))
		return dpdk == DPDK_TAKES ? ROW_L18_WRAP : ROW_X1_ORDER;
	if (internal || overlaps(va, len))
		return overlap[dpdk];
	if (dpdk == DPDK_FULL)
		return ROW_X6;
	if (page != 4096)
		return ROW_X9;
	return (table & 7) == TABLE_NULL ? ROW_X2 : ROW_S3;
}

static enum row row_register(const uint64_t *arg)
{
	bool internal = arg[0] == FROM_INTERNAL;
	bool whole = internal && arg[1] == 0 && arg[2] == LEN_INTERNAL;
	uint64_t len = whole ? 4096 : arg[2], page = arg[3];
	enum row row;

	if (bad_shape(internal ? 4096 + arg[1] : arg[1], len, page))
		return ROW_X1;
	if ((arg[4] & 7) != TABLE_NULL && (uint32_t)arg[5] != len / page)
		return ROW_X1;
	row = row_well_formed(arg, len / page);
	if (page >> 32 == 0)
		return row;
	/* For DPDK such a size is 0; where both refuse it, they may do so for any reason. */
	return row == ROW_X9 ? ROW_X9_LARGE : ROW_SKIPPED;
}

static bool was_there(uint64_t va, uint64_t len)
{
	for (int i = 0; i < GONE_CNT; i++)
		if (model.gone[i].va == va && model.gone[i].len == len)
			return true;
	return false;
}

enum row model_row_external(const struct op *op)
{
	uint64_t va = op->arg[1], len = op->arg[2];
	bool internal = op->arg[0] == FROM_INTERNAL;

	if (op->fn == FN_rte_extmem_register)
		return row_register(op->arg);
	if ((va == 0 && !internal) || len == 0)
		return ROW_X10;
	if (internal)
		return ROW_X18;
	for (int i = 0; i < LISTS_MAX; i++) {
		if (!model.lists[i].live || model.lists[i].va != va || model.lists[i].len != len)
			continue;
		if (op->fn == FN_rte_extmem_attach)
			return model.lists[i].attached ? ROW_X15 : ROW_S3;
		if (model.lists[i].attached)
			return ROW_S3;
		return op->fn == FN_rte_extmem_detach ? ROW_X16 : ROW_X13;
	}
	return op->fn == FN_rte_extmem_unregister && was_there(va, len) ? ROW_X14 : ROW_X11;
}

/* ---- The rest ---- */

unsigned int model_array_len(uint64_t arr, unsigned int *elt)
{
	const struct model_list *list = arr >= ARRAY_LIST ? model_list(arr - ARRAY_LIST) : NULL;

	*elt = list ? 48 : arr < ARRAY_CNT ? model.arrays[arr].elt : 0;
	if (list)
		return (unsigned int)list_pages(list);
	return arr < ARRAY_CNT && model.arrays[arr].state != ARRAY_NONE ? model.arrays[arr].len : 0;
}

static enum row row_array_life(const struct op *op)
{
	const uint64_t *arg = op->arg;
	const struct model_array *array = &model.arrays[arg[0] == ARRAY_NULL ? 0 : arg[0]];

	if (arg[0] == ARRAY_NULL)
		return ROW_A_INVALID;
	if (op->fn == FN_rte_fbarray_attach)
		return array->state == ARRAY_NONE   ? ROW_A_INVALID
		       : array->state == ARRAY_LIVE ? ROW_A_ATTACHED
						    : ROW_A;
	if (op->fn != FN_rte_fbarray_init)
		return array->state == ARRAY_LIVE ? ROW_A : ROW_A_DETACHED;
	if (arg[1] == NAMES_CNT || arg[2] == 0 || arg[2] > INT_MAX || arg[3] == 0)
		return ROW_A_INVALID;
	if (arg[1] > NAMES_CNT)
		return arg[1] == NAMES_CNT + 1 ? ROW_A_LONG : ROW_A_SLASH;
	for (int i = 0; i < ARRAY_CNT; i++)
		if (model.arrays[i].state == ARRAY_LIVE && model.arrays[i].name == arg[1])
			return ROW_A_BUSY;
	return ROW_A;
}

enum row model_row_array(const struct op *op)
{
	unsigned int elt, len = model_array_len(op->arg[0], &elt);

	switch (op->fn) {
	case FN_rte_fbarray_init:
	case FN_rte_fbarray_attach:
	case FN_rte_fbarray_detach:
	case FN_rte_fbarray_destroy:
		return row_array_life(op);
	case FN_rte_fbarray_dump_metadata:
		return op->arg[1] || op->arg[0] == ARRAY_NULL ? ROW_A_INVALID : ROW_A;
	case FN_rte_fbarray_find_idx:
		return op->arg[1] || op->arg[2] >= (uint64_t)len * elt ? ROW_A_INVALID : ROW_A;
	case FN_rte_fbarray_find_next_n_free:
	case FN_rte_fbarray_find_next_n_used:
	case FN_rte_fbarray_find_prev_n_free:
	case FN_rte_fbarray_find_prev_n_used:
		if ((uint32_t)op->arg[2] == 0 || (uint32_t)op->arg[2] > len)
			return ROW_A_INVALID;
		/* fall through */
	default:
		return (uint32_t)op->arg[1] >= len ? ROW_A_INVALID : ROW_A;
	}
}

static enum row row_descriptor(const uint64_t *arg)
{
	if (arg[0] == SLOT_NULL || arg[2])
		return ROW_F1;
	if (arg[0] == SLOT_INTERNAL)
		return ROW_F8;
	return list_last(model_list(arg[0])) == UINT64_MAX ? ROW_F4_TOP : ROW_F4;
}

enum row model_row(const struct op *op)
{
	uint64_t answer;

	switch (op->fn) {
	case FN_rte_mem_iova2virt:
		return model_row_iova(op, &answer);
	case FN_rte_mem_check_dma_mask:
	case FN_rte_mem_check_dma_mask_thread_unsafe:
		return model_row_dma(op->arg[0]);
	case FN_rte_mem_virt2memseg:
	case FN_rte_mem_virt2memseg_list:
		return model_row_lookup(op);
	case FN_rte_mem_virt2iova:
		return ROW_P5;
	case FN_rte_mem_virt2phy:
		return op->arg[0] == FROM_MAPPED && op->arg[1] < 4096 ? ROW_P1 : ROW_P2;
	case FN_rte_mem_lock_page:
		return op->arg[0] == FROM_MAPPED && op->arg[1] < 4096 ? ROW_P8 : ROW_P8_BAD;
	case FN_rte_eal_get_physmem_size:
		return ROW_T1;
	case FN_rte_dump_physmem_layout:
		return ROW_T2;
	case FN_rte_memory_get_nchannel:
	case FN_rte_memory_get_nrank:
		return ROW_T4;
	case FN_rte_mem_set_dma_mask:
		return ROW_D7;
	default:
		if (op->fn <= FN_rte_extmem_detach)
			return model_row_external(op);
		if (op->fn >= FN_rte_fbarray_init)
			return model_row_array(op);
		if (op->fn >= FN_rte_memseg_get_fd)
			return row_descriptor(op->arg);
		return op->arg[0] ? ROW_W3 : ROW_W1; /* The answer tells. */
	}
}
