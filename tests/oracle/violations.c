/* SPDX-License-Identifier: BSD-3-Clause */
/* Violations but for those of walks: see violations.h. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_memory.h>

#include "side.h"
#include "violations.h"

enum violation violation;

static const char *const names[] = {"none",
#define VIOLATION_NAME(id, name) name,
	VIOLATIONS(VIOLATION_NAME)};

#define CNT (sizeof(names) / sizeof(names[0]))

bool side_violate(const char *name)
{
	for (unsigned int i = 1; i < CNT; i++)
		if (strcmp(names[i], name) == 0)
			violation = (enum violation)i;
	return violation != NO_VIOLATION;
}

void side_violations(void)
{
	for (unsigned int i = 1; i < CNT; i++)
		printf("violation %s\n", names[i]);
}

/* Another errno for one. */
static int with_errno(enum violation which, int ret, int from, int to)
{
	if (violation == which && ret == -1 && rte_errno == from)
		rte_errno = to;
	return ret;
}

/* Success for one errno. */
static int forgiving(enum violation which, int ret, int err)
{
	if (violation != which || ret == 0 || rte_errno != err)
		return ret;
	rte_errno = 0;
	return 0;
}

/* ---- External memory ---- */

WRAP(int, rte_extmem_register, void *va, size_t len, rte_iova_t iovas[], unsigned int n,
	size_t page)
{
	static rte_iova_t zeros[600];

	if (violation == REGISTER_ZERO && !iovas && page && len / page <= 600) {
		iovas = zeros;
		n = (unsigned int)(len / page);
	}
	if (violation == REGISTER_COUNT && iovas && page && len / page <= 600)
		n = (unsigned int)(len / page);
	return with_errno(
		REGISTER_ERRNO, __real_rte_extmem_register(va, len, iovas, n, page), EEXIST, EBUSY);
}

WRAP(int, rte_extmem_unregister, void *va, size_t len)
{
	return forgiving(UNREGISTER_TWICE, __real_rte_extmem_unregister(va, len), ENOENT);
}

WRAP(int, rte_extmem_attach, void *va, size_t len)
{
	return forgiving(ATTACH_AGAIN, __real_rte_extmem_attach(va, len), EEXIST);
}

WRAP(int, rte_extmem_detach, void *va, size_t len)
{
	return with_errno(DETACH_ERRNO, __real_rte_extmem_detach(va, len), ENOENT, EINVAL);
}

/* ---- Lookups ---- */

WRAP(struct rte_memseg_list *, rte_mem_virt2memseg_list, const void *virt)
{
	struct rte_memseg_list *msl = __real_rte_mem_virt2memseg_list(virt);

	if (violation == LIST_END && !msl && virt)
		return __real_rte_mem_virt2memseg_list((const char *)virt - 1);
	if (violation == LIST_ERRNO && msl)
		rte_errno = ENOENT;
	return msl;
}

WRAP(struct rte_memseg *, rte_mem_virt2memseg, const void *virt, const struct rte_memseg_list *msl)
{
	struct rte_memseg *ms = __real_rte_mem_virt2memseg(virt, msl), *next;

	if (violation == SEGMENT_ELSEWHERE && !ms)
		return __real_rte_mem_virt2memseg(virt, NULL);
	if (violation == SEGMENT_NEXT && ms) {
		next = __real_rte_mem_virt2memseg((const char *)virt + 1, msl);
		return next ? next : ms;
	}
	return ms;
}

struct last {
	rte_iova_t iova;
	char *va;
};

static int find_last(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct last *last = arg;

	if (ms->iova != RTE_BAD_IOVA && last->iova - ms->iova < ms->len)
		last->va = (char *)ms->addr + (last->iova - ms->iova);
	return 0;
}

int __real_rte_memseg_walk(rte_memseg_walk_t func, void *arg);

WRAP(void *, rte_mem_iova2virt, rte_iova_t iova)
{
	struct last last = {.iova = iova};
	char *va = __real_rte_mem_iova2virt(iova);

	if (violation == IOVA_ZERO && iova == 0)
		return NULL;
	if (violation == IOVA_END && !va && iova) {
		va = __real_rte_mem_iova2virt(iova - 1);
		return va ? va + 1 : NULL;
	}
	if (violation == IOVA_LAST)
		__real_rte_memseg_walk(find_last, &last);
	return last.va ? last.va : va;
}

/* ---- Descriptors, DMA mask ---- */

WRAP(int, rte_memseg_get_fd, const struct rte_memseg *ms)
{
	return with_errno(FD_ERRNO, __real_rte_memseg_get_fd(ms), ENOTSUP, EINVAL);
}

WRAP(int, rte_memseg_get_fd_offset, const struct rte_memseg *ms, size_t *off)
{
	int ret = __real_rte_memseg_get_fd_offset(ms, off);

	if (violation == FD_OFFSET && ret && off)
		*off = 0;
	return ret;
}

WRAP(int, rte_mem_check_dma_mask, uint8_t bits)
{
	if (violation == DMA_ERRNO && bits > 63)
		rte_errno = EINVAL;
	return __real_rte_mem_check_dma_mask(violation == DMA_BITS && bits < 63 ? bits + 1 : bits);
}

/* ---- Arrays ---- */

WRAP(int, rte_fbarray_find_prev_used, struct rte_fbarray *arr, unsigned int start)
{
	bool less = violation == ARRAY_PREV && arr && start && start < arr->len && start % 64 == 0;

	return __real_rte_fbarray_find_prev_used(arr, start - less);
}

WRAP(int, rte_fbarray_find_biggest_free, struct rte_fbarray *arr, unsigned int start)
{
	int first = __real_rte_fbarray_find_biggest_free(arr, start);
	int len, next;

	if (violation != ARRAY_BIGGEST || first < 0)
		return first;
	len = rte_fbarray_find_contig_free(arr, (unsigned int)first);
	if ((unsigned int)(first + len) >= arr->len)
		return first;
	next = __real_rte_fbarray_find_biggest_free(arr, (unsigned int)(first + len));
	if (next >= 0 && rte_fbarray_find_contig_free(arr, (unsigned int)next) == len)
		return next;
	rte_errno = 0;
	return first;
}

WRAP(int, rte_fbarray_find_next_n_free, struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	return with_errno(
		ARRAY_N_ERRNO, __real_rte_fbarray_find_next_n_free(arr, start, n), ENOSPC, ENOENT);
}

WRAP(int, rte_fbarray_set_used, struct rte_fbarray *arr, unsigned int idx)
{
	bool twice = violation == ARRAY_COUNT && rte_fbarray_is_used(arr, idx) == 1;
	int ret = __real_rte_fbarray_set_used(arr, idx);

	if (twice && ret == 0)
		arr->count++;
	return ret;
}

WRAP(int, rte_fbarray_destroy, struct rte_fbarray *arr)
{
	struct rte_fbarray old = arr ? *arr : (struct rte_fbarray){.len = 0};
	int ret = __real_rte_fbarray_destroy(arr);

	if (violation == ARRAY_DESTROY && ret == 0)
		memcpy(arr->name, old.name, sizeof(arr->name));
	return ret;
}

WRAP(int, rte_fbarray_init, struct rte_fbarray *arr, const char *name, unsigned int len,
	unsigned int elt)
{
	int ret = __real_rte_fbarray_init(arr, name, len, elt);

	if (violation == ARRAY_CLEARED && ret == 0)
		*(char *)arr->data = 1;
	return ret;
}
