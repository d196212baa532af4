/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Memory segments behind a read-write lock, found by linear scan.  Compiled
 * twice: the lock differs, and the prefix of the functions.
 *
 * INV-SCAN-1  A page is in use when its segment's length is not 0.
 * INV-SCAN-2  No page of a list at or above its `high` was ever in use.
 */
#include "baseline_scan.h"

#include <fcntl.h>
#include <linux/memfd.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "baseline_lock.h"

#ifdef SCAN_SPIN
#define SCAN(name) spin_##name
#else
#define SCAN(name) scan_##name
#endif

#define SCAN_LISTS 64

/* Everything is guarded by the lock. */
static struct rte_memseg_list lists[SCAN_LISTS];
static size_t high[SCAN_LISTS];
static unsigned int list_cnt;

/* The list with memory behind it; meaningful while `backing` is not negative. */
static int backing = -1;
static unsigned int backed;

static struct rte_memseg *segments_of(const struct rte_memseg_list *list)
{
	return list->memseg_arr.data;
}

static size_t array_len(const struct rte_memseg_list *list)
{
	return list->len / list->page_sz * sizeof(struct rte_memseg);
}

static struct rte_memseg_list *list_find(const void *virt)
{
	for (unsigned int i = 0; i < list_cnt; i++)
		if ((uintptr_t)virt - (uintptr_t)lists[i].base_va < lists[i].len)
			return &lists[i];
	return NULL;
}

void SCAN(reset)(void)
{
	scan_write_lock();
	for (unsigned int i = 0; i < list_cnt; i++)
		munmap(lists[i].memseg_arr.data, array_len(&lists[i]));
	memset(lists, 0, sizeof(lists));
	memset(high, 0, sizeof(high));
	list_cnt = 0;
	scan_write_unlock();
}

int SCAN(list_add)(void *base, size_t len, size_t page_sz)
{
	struct rte_memseg_list *list;
	void *array;
	int err = -1;

	scan_write_lock();
	if (list_cnt == SCAN_LISTS)
		goto unlock;
	list = &lists[list_cnt];
	*list = (struct rte_memseg_list){.base_va = base, .len = len, .page_sz = page_sz};
	array = mmap(NULL, array_len(list), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (array == MAP_FAILED)
		goto unlock;
	list->memseg_arr.data = array;
	list->memseg_arr.len = (unsigned int)(len / page_sz);
	list->memseg_arr.elt_sz = sizeof(struct rte_memseg);
	list_cnt++;
	err = 0;
unlock:
	scan_write_unlock();
	return err;
}

static void segment_set(
	struct rte_memseg_list *list, size_t index, const struct rte_memseg *segment)
{
	size_t *list_high = &high[list - lists];

	segments_of(list)[index] = *segment;
	list->memseg_arr.count++;
	if (*list_high <= index)
		*list_high = index + 1;
}

int SCAN(segment_add)(const struct rte_memseg *segment)
{
	struct rte_memseg_list *list;

	scan_write_lock();
	list = list_find(segment->addr);
	if (list)
		segment_set(list, (segment->addr_64 - list->addr_64) / list->page_sz, segment);
	scan_write_unlock();
	return list ? 0 : -1;
}

struct rte_memseg *SCAN(virt2memseg)(const void *virt, const struct rte_memseg_list *list)
{
	struct rte_memseg *found = NULL;

	scan_read_lock();
	if (!list)
		list = list_find(virt);
	if (list && (uintptr_t)virt - (uintptr_t)list->base_va < list->len)
		found = &segments_of(list)[((uintptr_t)virt - list->addr_64) / list->page_sz];
	scan_read_unlock();
	return found;
}

void *SCAN(iova2virt)(rte_iova_t iova)
{
	void *found = NULL;

	scan_read_lock();
	for (unsigned int i = 0; i < list_cnt && !found; i++) {
		const struct rte_memseg *segment = segments_of(&lists[i]);
		const struct rte_memseg *end = segment + high[i];

		for (; segment < end; segment++) {
			if (iova - segment->iova < segment->len) {
				found = (char *)segment->addr + (iova - segment->iova);
				break;
			}
		}
	}
	scan_read_unlock();
	return found;
}

int SCAN(walk)(rte_memseg_walk_t func, void *arg)
{
	int ret = 0;

	scan_read_lock();
	for (unsigned int i = 0; i < list_cnt && !ret; i++) {
		const struct rte_memseg *segments = segments_of(&lists[i]);

		for (size_t j = 0; j < high[i] && !ret; j++)
			if (segments[j].len)
				ret = func(&lists[i], &segments[j], arg);
	}
	scan_read_unlock();
	return ret;
}

int SCAN(contig_walk)(rte_memseg_contig_walk_t func, void *arg)
{
	int ret = 0;

	scan_read_lock();
	for (unsigned int i = 0; i < list_cnt && !ret; i++) {
		const struct rte_memseg *segments = segments_of(&lists[i]);

		for (size_t j = 0, run; j < high[i] && !ret; j += run + 1) {
			for (run = 0; j + run < high[i] && segments[j + run].len; run++)
				;
			if (run)
				ret = func(&lists[i], &segments[j], run * lists[i].page_sz, arg);
		}
	}
	scan_read_unlock();
	return ret;
}

int SCAN(list_walk)(rte_memseg_list_walk_t func, void *arg)
{
	int ret = 0;

	scan_read_lock();
	for (unsigned int i = 0; i < list_cnt && !ret; i++)
		ret = func(&lists[i], arg);
	scan_read_unlock();
	return ret;
}

int SCAN(pages_create)(size_t len, size_t page_sz)
{
	int shift = __builtin_ctzl(page_sz);
	unsigned int huge =
		page_sz > 4096 ? MFD_HUGETLB | (unsigned int)shift << MFD_HUGE_SHIFT : 0;
	void *base;

	backing = memfd_create("scan", MFD_CLOEXEC | huge);
	if (backing < 0)
		return -1;
	if (ftruncate(backing, (off_t)len))
		goto close_backing;
	base = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, backing, 0);
	if (base == MAP_FAILED)
		goto close_backing;
	backed = list_cnt;
	if (!SCAN(list_add)(base, len, page_sz))
		return 0;
	munmap(base, len);
close_backing:
	close(backing);
	backing = -1;
	return -1;
}

void SCAN(pages_destroy)(void)
{
	scan_write_lock();
	munmap(lists[backed].base_va, lists[backed].len);
	munmap(lists[backed].memseg_arr.data, array_len(&lists[backed]));
	close(backing);
	backing = -1;
	list_cnt = backed;
	high[backed] = 0;
	scan_write_unlock();
}

/* The first page of `pages` free ones in a row, or the list's length. */
static size_t free_find(const struct rte_memseg_list *list, size_t pages)
{
	size_t run = 0;

	for (size_t i = 0; i < list->memseg_arr.len; i++) {
		run = segments_of(list)[i].len ? 0 : run + 1;
		if (run == pages)
			return i + 1 - pages;
	}
	return list->memseg_arr.len;
}

void *SCAN(pages_alloc)(size_t len)
{
	struct rte_memseg_list *list = &lists[backed];
	char *addr = NULL;
	size_t first;

	scan_write_lock();
	first = free_find(list, len / list->page_sz);
	if (first == list->memseg_arr.len)
		goto unlock;
	if (fallocate(backing, 0, (off_t)(first * list->page_sz), (off_t)len))
		goto unlock;
	addr = (char *)list->base_va + first * list->page_sz;
	for (size_t off = 0; off < len; off += list->page_sz) {
		struct rte_memseg segment = {.iova = (uintptr_t)addr + off,
			.addr = addr + off,
			.len = list->page_sz,
			.hugepage_sz = list->page_sz};

		segment_set(list, first + off / list->page_sz, &segment);
	}
unlock:
	scan_write_unlock();
	return addr;
}

int SCAN(pages_free)(void *addr, size_t len)
{
	struct rte_memseg_list *list = &lists[backed];
	size_t off = (uintptr_t)addr - (uintptr_t)list->base_va;
	size_t pages = len / list->page_sz;
	int err;

	scan_write_lock();
	memset(&segments_of(list)[off / list->page_sz], 0, pages * sizeof(struct rte_memseg));
	list->memseg_arr.count -= (unsigned int)pages;
	err = fallocate(
		backing, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)off, (off_t)len);
	scan_write_unlock();
	return err;
}
