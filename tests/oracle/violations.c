/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Wrong answers on purpose, which the comparison has to find.  The driver of rcumem is linked so
 * that its calls come here first (ld --wrap, see meson.build); the library knows nothing of it.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <rte_errno.h>
#include <rte_memory.h>

#include "side.h"

#define VIOLATIONS(V)                                                                              \
	V(REGISTER_ERRNO, "register-wrong-errno")                                                  \
	V(REGISTER_ZERO, "register-without-table-gives-0")                                         \
	V(REGISTER_COUNT, "register-ignores-count")                                                \
	V(UNREGISTER_TWICE, "unregister-twice-succeeds")                                           \
	V(ATTACH_AGAIN, "attach-again-succeeds")                                                   \
	V(DETACH_ERRNO, "detach-wrong-errno")                                                      \
	V(LIST_END, "list-end-is-inside")                                                          \
	V(LIST_ERRNO, "list-found-spoils-errno")                                                   \
	V(SEGMENT_NEXT, "last-byte-is-of-the-next-page")                                           \
	V(SEGMENT_ELSEWHERE, "segment-of-another-list")                                            \
	V(IOVA_ZERO, "iova-0-is-nowhere")                                                          \
	V(IOVA_END, "iova-end-is-inside")                                                          \
	V(IOVA_LAST, "last-of-equal-iovas-wins")                                                   \
	V(WALK_SKIP, "walk-skips-one")                                                             \
	V(WALK_REVERSED, "walk-goes-backwards")                                                    \
	V(WALK_RESULT, "walk-returns-minus-1-for-any-negative")                                    \
	V(CONTIG_SPLIT, "run-one-page-short")                                                      \
	V(LISTS_TWICE, "list-visited-twice")                                                       \
	V(UNSAFE_STOP, "unsafe-walk-does-not-stop")                                                \
	V(FD_ERRNO, "fd-wrong-errno")                                                              \
	V(FD_OFFSET, "fd-offset-written-on-failure")                                               \
	V(DMA_BITS, "dma-mask-one-bit-wide")                                                       \
	V(DMA_ERRNO, "dma-mask-sets-errno")                                                        \
	V(ARRAY_PREV, "find-prev-without-start")                                                   \
	V(ARRAY_BIGGEST, "find-biggest-last-of-equal")                                             \
	V(ARRAY_N_ERRNO, "find-next-n-wrong-errno")                                                \
	V(ARRAY_COUNT, "set-used-counts-twice")                                                    \
	V(ARRAY_DESTROY, "destroy-leaves-the-handle")                                              \
	V(ARRAY_CLEARED, "init-does-not-clear")

enum violation {
	NO_VIOLATION,
#define VIOLATION_ID(id, name) id,
	VIOLATIONS(VIOLATION_ID)
};

static enum violation chosen;

static const char *const names[] = {"none",
#define VIOLATION_NAME(id, name) name,
	VIOLATIONS(VIOLATION_NAME)};

#define CNT (sizeof(names) / sizeof(names[0]))

bool side_violate(const char *name)
{
	for (unsigned int i = 1; i < CNT; i++)
		if (strcmp(names[i], name) == 0)
			chosen = (enum violation)i;
	return chosen != NO_VIOLATION;
}

void side_violations(void)
{
	for (unsigned int i = 1; i < CNT; i++)
		printf("violation %s\n", names[i]);
}

/* Declares the wrapper of a function, and the function behind it. */
#define WRAP(type, name, ...)                                                                      \
	type __real_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__);                                                           \
	type __wrap_##name(__VA_ARGS__)

/* Another errno for one. */
static int with_errno(enum violation violation, int ret, int from, int to)
{
	if (chosen == violation && ret == -1 && rte_errno == from)
		rte_errno = to;
	return ret;
}

/* Success for one errno. */
static int forgiving(enum violation violation, int ret, int err)
{
	if (chosen != violation || ret == 0 || rte_errno != err)
		return ret;
	rte_errno = 0;
	return 0;
}

/* ---- External memory ---- */

WRAP(int, rte_extmem_register, void *va, size_t len, rte_iova_t iovas[], unsigned int n,
	size_t page)
{
	static rte_iova_t zeros[600];

	if (chosen == REGISTER_ZERO && !iovas && page && len / page <= 600) {
		iovas = zeros;
		n = (unsigned int)(len / page);
	}
	if (chosen == REGISTER_COUNT && iovas && page && len / page <= 600)
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

	if (chosen == LIST_END && !msl && virt)
		return __real_rte_mem_virt2memseg_list((const char *)virt - 1);
	if (chosen == LIST_ERRNO && msl)
		rte_errno = ENOENT;
	return msl;
}

WRAP(struct rte_memseg *, rte_mem_virt2memseg, const void *virt, const struct rte_memseg_list *msl)
{
	struct rte_memseg *ms = __real_rte_mem_virt2memseg(virt, msl), *next;

	if (chosen == SEGMENT_ELSEWHERE && !ms)
		return __real_rte_mem_virt2memseg(virt, NULL);
	if (chosen == SEGMENT_NEXT && ms) {
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

	if (chosen == IOVA_ZERO && iova == 0)
		return NULL;
	if (chosen == IOVA_END && !va && iova) {
		va = __real_rte_mem_iova2virt(iova - 1);
		return va ? va + 1 : NULL;
	}
	if (chosen == IOVA_LAST)
		__real_rte_memseg_walk(find_last, &last);
	return last.va ? last.va : va;
}

/* ---- Walks ---- */

struct each {
	rte_memseg_walk_t segment;
	rte_memseg_contig_walk_t run;
	rte_memseg_list_walk_t list;
	void *arg;
	unsigned int cnt;
	struct {
		const struct rte_memseg_list *msl;
		const struct rte_memseg *ms;
	} kept[1 << 16];
};

static int segment_but_one(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct each *each = arg;

	each->cnt += msl->external;
	return msl->external && each->cnt == 3 ? 0 : each->segment(msl, ms, each->arg);
}

static int segment_keep(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct each *each = arg;

	each->kept[each->cnt].msl = msl;
	each->kept[each->cnt++].ms = ms;
	return 0;
}

WRAP(int, rte_memseg_walk, rte_memseg_walk_t func, void *arg)
{
	static struct each each;
	int ret = 0;

	each.segment = func;
	each.arg = arg;
	each.cnt = 0;
	if (chosen == WALK_SKIP)
		return __real_rte_memseg_walk(segment_but_one, &each);
	if (chosen != WALK_REVERSED) {
		ret = __real_rte_memseg_walk(func, arg);
		return chosen == WALK_RESULT && ret < 0 ? -1 : ret;
	}
	__real_rte_memseg_walk(segment_keep, &each);
	while (ret == 0 && each.cnt--)
		ret = func(each.kept[each.cnt].msl, each.kept[each.cnt].ms, arg);
	return ret;
}

static int run_short(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct each *each = arg;

	return each->run(msl, ms, len > ms->len ? len - ms->len : len, each->arg);
}

WRAP(int, rte_memseg_contig_walk, rte_memseg_contig_walk_t func, void *arg)
{
	static struct each each;

	each.run = func;
	each.arg = arg;
	return chosen == CONTIG_SPLIT ? __real_rte_memseg_contig_walk(run_short, &each)
				      : __real_rte_memseg_contig_walk(func, arg);
}

static int list_twice(const struct rte_memseg_list *msl, void *arg)
{
	struct each *each = arg;
	int ret = each->list(msl, each->arg);

	return ret ? ret : each->list(msl, each->arg);
}

WRAP(int, rte_memseg_list_walk, rte_memseg_list_walk_t func, void *arg)
{
	static struct each each;

	each.list = func;
	each.arg = arg;
	return chosen == LISTS_TWICE ? __real_rte_memseg_list_walk(list_twice, &each)
				     : __real_rte_memseg_list_walk(func, arg);
}

static int run_on(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct each *each = arg;
	int ret = each->run(msl, ms, len, each->arg);

	each->cnt = each->cnt ? each->cnt : (unsigned int)ret;
	return 0;
}

WRAP(int, rte_memseg_contig_walk_thread_unsafe, rte_memseg_contig_walk_t func, void *arg)
{
	static struct each each;

	if (chosen != UNSAFE_STOP)
		return __real_rte_memseg_contig_walk_thread_unsafe(func, arg);
	each.run = func;
	each.arg = arg;
	each.cnt = 0;
	__real_rte_memseg_contig_walk_thread_unsafe(run_on, &each);
	return (int)each.cnt;
}

/* ---- Descriptors, DMA mask ---- */

WRAP(int, rte_memseg_get_fd, const struct rte_memseg *ms)
{
	return with_errno(FD_ERRNO, __real_rte_memseg_get_fd(ms), ENOTSUP, EINVAL);
}

WRAP(int, rte_memseg_get_fd_offset, const struct rte_memseg *ms, size_t *off)
{
	int ret = __real_rte_memseg_get_fd_offset(ms, off);

	if (chosen == FD_OFFSET && ret && off)
		*off = 0;
	return ret;
}

WRAP(int, rte_mem_check_dma_mask, uint8_t bits)
{
	if (chosen == DMA_ERRNO && bits > 63)
		rte_errno = EINVAL;
	return __real_rte_mem_check_dma_mask(chosen == DMA_BITS && bits < 63 ? bits + 1 : bits);
}

/* ---- Arrays ---- */

WRAP(int, rte_fbarray_find_prev_used, struct rte_fbarray *arr, unsigned int start)
{
	bool less = chosen == ARRAY_PREV && arr && start && start < arr->len && start % 64 == 0;

	return __real_rte_fbarray_find_prev_used(arr, start - less);
}

WRAP(int, rte_fbarray_find_biggest_free, struct rte_fbarray *arr, unsigned int start)
{
	int first = __real_rte_fbarray_find_biggest_free(arr, start);
	int len, next;

	if (chosen != ARRAY_BIGGEST || first < 0)
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
	bool twice = chosen == ARRAY_COUNT && rte_fbarray_is_used(arr, idx) == 1;
	int ret = __real_rte_fbarray_set_used(arr, idx);

	if (twice && ret == 0)
		arr->count++;
	return ret;
}

WRAP(int, rte_fbarray_destroy, struct rte_fbarray *arr)
{
	struct rte_fbarray old = arr ? *arr : (struct rte_fbarray){.len = 0};
	int ret = __real_rte_fbarray_destroy(arr);

	if (chosen == ARRAY_DESTROY && ret == 0)
		memcpy(arr->name, old.name, sizeof(arr->name));
	return ret;
}

WRAP(int, rte_fbarray_init, struct rte_fbarray *arr, const char *name, unsigned int len,
	unsigned int elt)
{
	int ret = __real_rte_fbarray_init(arr, name, len, elt);

	if (chosen == ARRAY_CLEARED && ret == 0)
		*(char *)arr->data = 1;
	return ret;
}
