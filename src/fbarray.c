/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arrays that every process finds at the same address, with a mask of used
 * elements: their life and access to one element.  Invariants: fbarray.h;
 * searches: fbarray_find.c.
 */

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "api.h"
#include "arena.h"
#include "atomic.h"
#include "fbarray.h"
#include "fbarray_mask.h"
#include "point.h"
#include "runtime.h"

#define STORAGE_ALIGN 64

_Static_assert(sizeof(((struct rte_fbarray *)NULL)->name) == ARENA_NAME_LEN,
	"a name that fits an array fits the arena");

/* Stands between the elements and the mask; immutable (INV-FBARRAY-1). */
struct fbarray_header {
	uint32_t n_words;
	uint32_t len;
	uint32_t changeable; /* 0: an array of the library's own, a view for users. */
	uint32_t reserved;
};

static size_t elements_len(unsigned int len, unsigned int elt_sz)
{
	return (size_t)len * elt_sz;
}

static size_t header_off(unsigned int len, unsigned int elt_sz)
{
	size_t mask = STORAGE_ALIGN - 1;

	return (elements_len(len, elt_sz) + mask) & ~mask;
}

static struct fbarray_header *header_of(const struct rte_fbarray *arr)
{
	return (void *)((char *)arr->data + header_off(arr->len, arr->elt_sz));
}

/* What may be an array at all. */
static int shape_check(const char *name, unsigned int len, unsigned int elt_sz)
{
	if (name == NULL || len == 0 || len > INT_MAX || elt_sz == 0)
		return -EINVAL;
	if (strnlen(name, ARENA_NAME_LEN) == ARENA_NAME_LEN)
		return -ENAMETOOLONG;
	return strchr(name, '/') ? -ENOENT : 0;
}

size_t fbarray_storage_size(unsigned int len, unsigned int elt_sz)
{
	return header_off(len, elt_sz) + sizeof(struct fbarray_header) +
	       fbmask_word_cnt(len) * sizeof(uint64_t);
}

uint64_t *fbarray_mask_words(const struct rte_fbarray *arr)
{
	return (uint64_t *)(header_of(arr) + 1);
}

size_t fbarray_mask_off(unsigned int len, unsigned int elt_sz)
{
	return header_off(len, elt_sz) + sizeof(struct fbarray_header);
}

bool fbarray_storage_sound(const void *storage, unsigned int len, unsigned int elt_sz)
{
	const struct fbarray_header *header =
		(const void *)((const char *)storage + header_off(len, elt_sz));

	return header->n_words == fbmask_word_cnt(len) && header->len == len &&
	       header->changeable == 0 && header->reserved == 0;
}

int fbarray_setup(struct rte_fbarray *arr, const char *name, unsigned int len, unsigned int elt_sz,
	void *data)
{
	int err = shape_check(name, len, elt_sz);

	if (err)
		return err;
	if (arr == NULL || data == NULL || (uintptr_t)data % sizeof(uint64_t))
		return -EINVAL;
	*arr = (struct rte_fbarray){.len = len, .elt_sz = elt_sz, .data = data};
	memcpy(arr->name, name, strlen(name) + 1);
	*header_of(arr) = (struct fbarray_header){.n_words = fbmask_word_cnt(len), .len = len};
	return 0;
}

void fbarray_allow_changes(struct rte_fbarray *arr)
{
	TEST_POINT("fbarray.laid");
	header_of(arr)->changeable = 1;
}

/* The struct alone, which costs no access to the storage. */
static int struct_check(const struct rte_fbarray *arr)
{
	if (arr == NULL || arr->len == 0 || arr->len > INT_MAX || arr->elt_sz == 0)
		return -EINVAL;
	if (arr->data == NULL || (uintptr_t)arr->data % sizeof(uint64_t))
		return -EINVAL;
	return 0;
}

int fbarray_check(const struct rte_fbarray *arr)
{
	const struct fbarray_header *header;

	if (struct_check(arr))
		return -EINVAL;
	/* After rcumem_fini(), or in a forked child, the storage is gone. */
	if (!runtime_holds(arr->data, fbarray_storage_size(arr->len, arr->elt_sz)))
		return -EINVAL;
	header = header_of(arr);
	if (header->len != arr->len || header->n_words != fbmask_word_cnt(arr->len))
		return -EINVAL;
	return 0;
}

void fbarray_mark_used(struct rte_fbarray *arr, unsigned int idx)
{
	uint64_t *words = fbarray_mask_words(arr);

	if (fbmask_is_used(words, idx))
		return;
	TEST_POINT("fbarray.use");
	/* Relaxed: the release in fbmask_set() puts it before the bit (INV-FBARRAY-3). */
	rcu_fetch_add_relaxed(&arr->count, 1);
	TEST_POINT("fbarray.counted");
	/* Relaxed: another thread has set the bit since; what it counted stands for both. */
	if (!fbmask_set(words, idx))
		rcu_fetch_add_relaxed(&arr->count, -1);
}

void fbarray_mark_free(struct rte_fbarray *arr, unsigned int idx)
{
	uint64_t *words = fbarray_mask_words(arr);

	/* The acquire in fbmask_is_used() puts the setter's count before ours (INV-FBARRAY-3). */
	if (!fbmask_is_used(words, idx))
		return;
	TEST_POINT("fbarray.free");
	if (fbmask_clear(words, idx)) {
		TEST_POINT("fbarray.freed");
		/* Relaxed: `count` publishes nothing. */
		rcu_fetch_add_relaxed(&arr->count, -1);
	}
}

int rte_fbarray_init(
	struct rte_fbarray *arr, const char *name, unsigned int len, unsigned int elt_sz)
{
	void *data;
	int err;

	if (arr == NULL)
		return api_result(-EINVAL);
	err = shape_check(name, len, elt_sz);
	if (!err)
		err = arena_create(name, fbarray_storage_size(len, elt_sz), &data);
	if (err)
		return api_result(err);
	TEST_POINT("fbarray.created");
	err = fbarray_setup(arr, name, len, elt_sz, data);
	if (!err)
		fbarray_allow_changes(arr);
	return api_result(err);
}

/* The piece of that name may be another array's, as large by chance: ours exists no more. */
static int attach(const struct rte_fbarray *arr)
{
	void *data;
	int err = arena_attach(arr->name, fbarray_storage_size(arr->len, arr->elt_sz), &data);

	if (err)
		return err;
	if (data == arr->data && !fbarray_check(arr))
		return 0;
	(void)arena_detach(data); /* What it fails with would say less than this. */
	return -ENOENT;
}

int rte_fbarray_attach(struct rte_fbarray *arr)
{
	int err;

	if (arr == NULL)
		return api_result(-EINVAL);
	err = shape_check(arr->name, arr->len, arr->elt_sz);
	if (!err && arena_is_view(arr->data))
		err = -EEXIST; /* The library's own arrays are attached for as long as it runs. */
	if (!err)
		err = attach(arr);
	return api_result(err);
}

int rte_fbarray_detach(struct rte_fbarray *arr)
{
	if (arr == NULL)
		return api_result(-EINVAL);
	if (arena_is_view(arr->data))
		return api_result(-EPERM);
	return api_result(arena_detach(arr->data));
}

int rte_fbarray_destroy(struct rte_fbarray *arr)
{
	int err;

	if (arr == NULL)
		return api_result(-EINVAL);
	if (arena_is_view(arr->data))
		return api_result(-EPERM);
	err = arena_destroy(arr->data);
	if (!err)
		memset(arr, 0, sizeof(*arr));
	return api_result(err);
}

void *rte_fbarray_get(const struct rte_fbarray *arr, unsigned int idx)
{
	if (struct_check(arr) || idx >= arr->len)
		return api_null(-EINVAL);
	return (char *)arr->data + elements_len(idx, arr->elt_sz);
}

int rte_fbarray_find_idx(const struct rte_fbarray *arr, const void *elt)
{
	uintptr_t off;

	if (struct_check(arr) || elt == NULL)
		return api_result(-EINVAL);
	off = (uintptr_t)elt - (uintptr_t)arr->data; /* Huge when `elt` lies below. */
	if (off >= elements_len(arr->len, arr->elt_sz))
		return api_result(-EINVAL);
	return (int)(off / arr->elt_sz);
}

/* May the user change this index? */
static int change_check(const struct rte_fbarray *arr, unsigned int idx)
{
	if (fbarray_check(arr) || idx >= arr->len)
		return -EINVAL;
	return header_of(arr)->changeable ? 0 : -EPERM;
}

int rte_fbarray_set_used(struct rte_fbarray *arr, unsigned int idx)
{
	int err = change_check(arr, idx);

	if (!err)
		fbarray_mark_used(arr, idx);
	return api_result(err);
}

int rte_fbarray_set_free(struct rte_fbarray *arr, unsigned int idx)
{
	int err = change_check(arr, idx);

	if (!err)
		fbarray_mark_free(arr, idx);
	return api_result(err);
}

int rte_fbarray_is_used(struct rte_fbarray *arr, unsigned int idx)
{
	if (fbarray_check(arr) || idx >= arr->len)
		return api_result(-EINVAL);
	return fbmask_is_used(fbarray_mask_words(arr), idx);
}

void rte_fbarray_dump_metadata(struct rte_fbarray *arr, FILE *f)
{
	const uint64_t *words;

	if (f == NULL || fbarray_check(arr)) {
		(void)api_result(-EINVAL);
		return;
	}
	words = fbarray_mask_words(arr);
	/* Relaxed, here and below: figures for people. */
	fprintf(f, "fbarray \"%.*s\": %u of %u elements of %u bytes used\n", ARENA_NAME_LEN,
		arr->name, rcu_load_relaxed(&arr->count), arr->len, arr->elt_sz);
	for (uint32_t i = 0; i < fbmask_word_cnt(arr->len); i++)
		fprintf(f, "  used[%" PRIu32 "] 0x%016" PRIx64 "\n", i,
			rcu_load_relaxed(&words[i]));
}
