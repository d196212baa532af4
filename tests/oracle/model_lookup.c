/* SPDX-License-Identifier: BSD-3-Clause */
/* Which row an address meets, an IO address, and a DMA mask: by looking at every page. */

#include "model.h"

const struct model_list *model_find(uint64_t va)
{
	for (int i = 0; i < LISTS_MAX; i++)
		if (model.lists[i].live && va >= model.lists[i].va &&
			va <= list_last(&model.lists[i]))
			return &model.lists[i];
	return NULL;
}

static enum row row_of_list(const struct model_list *list, uint64_t va, bool slot)
{
	bool top = list_last(list) == UINT64_MAX;

	if (slot && !list->attached)
		return top ? ROW_L3 : ROW_R4;
	if (top)
		return ROW_L4_TOP;
	return va == list->va || va == list_last(list) ? ROW_L2_IN : ROW_L1;
}

enum row model_row_lookup(const struct op *op)
{
	bool slot = op->fn == FN_rte_mem_virt2memseg;
	bool any = !slot || op->arg[2] == SLOT_NULL;
	bool internal = op->arg[0] == FROM_INTERNAL && op->arg[1] < INTERNAL_USED;
	uint64_t va = op->arg[1];
	const struct model_list *list = op->arg[0] == FROM_ZERO ? model_find(va) : NULL;
	enum row row;

	if (internal && (any || op->arg[2] == SLOT_INTERNAL))
		return ROW_L9;
	if (!any && (list == NULL || list != model_list(op->arg[2])))
		return ROW_L6;
	if (list) {
		row = row_of_list(list, va, slot);
		return row == ROW_L1 && slot && !any ? ROW_L10 : row;
	}
	if (op->arg[0] != FROM_ZERO || model_find(va - 1) || model_find(va + 1))
		return ROW_L2_OUT;
	return ROW_L3;
}

/* The answer of one list by the rule of DPDK, for runs of `len` bytes. */
static bool dpdk_matches(uint64_t first, uint64_t len, uint64_t iova)
{
	return iova >= first && iova < first + len;
}

/* What the contract, DPDK's walk page by page, and its walk run by run find. */
struct found {
	unsigned int cnt;
	uint64_t right, pages, runs;
};

static struct found find_iova(uint64_t iova)
{
	struct found found = {0};

	for (int i = 0; i < LISTS_MAX; i++) {
		const struct model_list *list = &model.lists[i];
		uint64_t first = list->live ? table_iova(list->table, list->page, 0) : 0;

		if (!list->live)
			continue;
		if (!found.runs && dpdk_matches(first, list->len, iova))
			found.runs = list->va + (iova - first);
		for (uint64_t p = 0; p < list_pages(list); p++) {
			uint64_t at = table_iova(list->table, list->page, p);
			uint64_t va = list->va + p * list->page + (iova - at);

			if (at == UINT64_MAX || iova < at || iova - at >= list->page)
				continue;
			found.right = found.cnt++ ? found.right : va;
			if (!found.pages && dpdk_matches(at, list->page, iova))
				found.pages = va;
		}
	}
	return found;
}

enum row model_row_iova(const struct op *op, uint64_t *answer)
{
	uint64_t iova = op->arg[1];
	struct found found;

	*answer = iova;
	if (op->arg[0] == FROM_INTERNAL)
		return iova == UINT64_MAX ? ROW_L14 : ROW_L13;
	*answer = 0;
	if (iova == UINT64_MAX) /* Nowhere, not even in a page that ends at 2^64. */
		return ROW_L16;
	found = find_iova(iova);
	*answer = found.right;
	if (found.right != (model.legacy ? found.runs : found.pages))
		return found.right == found.pages ? ROW_L19 : ROW_L18;
	if (found.cnt)
		return iova == 0 ? ROW_L17 : found.cnt > 1 ? ROW_L15 : ROW_L13;
	return iova && find_iova(iova - 1).cnt ? ROW_L14 : ROW_L13_NONE;
}

/* ---- DMA mask ---- */

enum row model_row_dma(uint64_t bits)
{
	bool fit = bits >= model.bits, bad = false;

	if (bits > 63)
		return ROW_D1;
	if (bits == 0)
		return ROW_D5;
	for (int i = 0; i < LISTS_MAX && fit; i++) {
		const struct model_list *list = &model.lists[i];

		for (uint64_t p = 0; list->live && p < list_pages(list); p++) {
			uint64_t iova = table_iova(list->table, list->page, p);
			bool above = (iova + (list->page - 1)) >> bits;

			if (iova == UINT64_MAX)
				bad |= above; /* DPDK computes with it like with any other. */
			else
				fit &= !above;
		}
	}
	if (!fit)
		return ROW_D2;
	return bad ? ROW_D6 : bits == 63 ? ROW_D4 : ROW_D3;
}
