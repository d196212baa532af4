/* SPDX-License-Identifier: BSD-3-Clause */
/* Descriptors, totals, the dump, physical addresses, the DMA mask. */

#include <stdlib.h>
#include <string.h>

#include <rte_eal_memconfig.h>

#include "execute.h"

static const struct rte_memseg *segment_of(const uint64_t *arg)
{
	const struct rte_memseg_list *msl =
		arg[0] == SLOT_INTERNAL ? world.internal : world.slots[arg[0] % LISTS_MAX];

	return arg[0] == SLOT_NULL ? NULL : rte_fbarray_get(&msl->memseg_arr, (unsigned int)arg[1]);
}

static void call_fd(const struct op *op, struct record *rec)
{
	const struct rte_memseg *ms = segment_of(op->arg);
	size_t off = 0x5a5a, *where = op->arg[2] ? NULL : &off;
	int ret;

	rte_mcfg_mem_read_lock();
	rte_errno = 0;
	if (op->fn == FN_rte_memseg_get_fd_thread_unsafe)
		ret = rte_memseg_get_fd_thread_unsafe(ms);
	else if (op->fn == FN_rte_memseg_get_fd_offset_thread_unsafe)
		ret = rte_memseg_get_fd_offset_thread_unsafe(ms, where);
	else if (op->fn == FN_rte_memseg_get_fd)
		ret = rte_memseg_get_fd(ms);
	else
		ret = rte_memseg_get_fd_offset(ms, where);
	rte_mcfg_mem_read_unlock();
	rec->ret = ret < 0 ? ret : 0; /* The number of a descriptor is its process's own. */
	rec->seen = off;
}

/* The lines of external memory, but for what stands behind "fd:" (contract 1.5). */
static void call_dump(struct record *rec)
{
	char *text = NULL, *next, *fd;
	size_t len;
	FILE *file = open_memstream(&text, &len);
	unsigned int list;

	rte_dump_physmem_layout(file);
	fclose(file);
	for (char *line = text; line && (next = strchr(line, '\n')); line = next + 1) {
		*next = 0;
		fd = strstr(line, "fd:");
		if (sscanf(line, "Segment %u-", &list) != 1 || list < world.n_internal || !fd)
			continue;
		rec->seen = digest(rec->seen, list - world.n_internal);
		for (char *at = strchr(line, '-'); at < fd; at++)
			rec->seen = digest(rec->seen, (unsigned char)*at);
		rec->cnt++;
	}
	rec->ret = rec->cnt;
	free(text);
}

static void call_phys(const struct op *op, struct record *rec)
{
	void *virt = execute_address(op->arg[0], op->arg[1]);

	if (op->fn == FN_rte_mem_virt2iova)
		rec->ret = (int64_t)(rte_mem_virt2iova(virt) - (uint64_t)(uintptr_t)virt);
	else if (op->fn == FN_rte_mem_virt2phy) /* Where it is, is its process's own. */
		rec->ret = rte_mem_virt2phy(virt) == RTE_BAD_IOVA ? -1 : 0;
	else
		rec->ret = rte_mem_lock_page(virt);
}

static void call_dma(const struct op *op, struct record *rec)
{
	uint8_t bits = (uint8_t)op->arg[0];

	if (op->fn == FN_rte_mem_set_dma_mask) {
		rte_mem_set_dma_mask(bits);
	} else if (op->fn == FN_rte_mem_check_dma_mask) {
		rec->ret = rte_mem_check_dma_mask(bits);
	} else {
		rte_mcfg_mem_read_lock();
		rec->ret = rte_mem_check_dma_mask_thread_unsafe(bits);
		rte_mcfg_mem_read_unlock();
	}
}

void execute_info(const struct op *op, struct record *rec)
{
	switch (op->fn) {
	case FN_rte_eal_get_physmem_size:
		rec->ret = (int64_t)(rte_eal_get_physmem_size() - world.physmem);
		break;
	case FN_rte_memory_get_nchannel:
		rec->ret = rte_memory_get_nchannel();
		break;
	case FN_rte_memory_get_nrank:
		rec->ret = rte_memory_get_nrank();
		break;
	case FN_rte_dump_physmem_layout:
		call_dump(rec);
		break;
	case FN_rte_mem_check_dma_mask:
	case FN_rte_mem_check_dma_mask_thread_unsafe:
	case FN_rte_mem_set_dma_mask:
		call_dma(op, rec);
		break;
	case FN_rte_mem_virt2iova:
	case FN_rte_mem_virt2phy:
	case FN_rte_mem_lock_page:
		call_phys(op, rec);
		break;
	default:
		call_fd(op, rec);
		break;
	}
}
