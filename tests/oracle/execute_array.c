/* SPDX-License-Identifier: BSD-3-Clause */
/* The 26 functions of arrays. */

#include <string.h>

#include <rte_fbarray.h>

#include "execute.h"

#define LOOKED_AT 4096u /* Bytes of a new array that are looked at and written. */

static struct rte_fbarray *array_of(uint64_t arr)
{
	if (arr == ARRAY_NULL)
		return NULL;
	if (arr < ARRAY_CNT)
		return &world.arrays[arr];
	return (struct rte_fbarray *)&world.slots[arr - ARRAY_LIST]->memseg_arr;
}

static uint64_t digest_handle(uint64_t h, const struct rte_fbarray *arr)
{
	h = digest_text(h, arr->name);
	h = digest(h, (uint64_t)arr->len << 32 | arr->elt_sz);
	return digest(h, (uint64_t)arr->count << 1 | (arr->data != NULL));
}

/* A new array is cleared; then it is written to, so that the next one has to be cleared too. */
static uint64_t dirty(const struct rte_fbarray *arr)
{
	size_t len = (size_t)arr->len * arr->elt_sz;
	unsigned char *byte = arr->data;
	uint64_t set = 0;

	for (size_t i = 0; i < len && i < LOOKED_AT; i++) {
		set += byte[i] != 0;
		byte[i] = 0xab;
	}
	return set;
}

static int call_init(const struct op *op, struct rte_fbarray *arr)
{
	static const char *const names[] = {"", "a", "oracle", "with space", "%s%n",
		"sixty-three bytes are the most that the name of an array may be", NULL,
		"sixty-four bytes are one more than the name of an array may be..", "no/such"};

	return rte_fbarray_init(arr, names[op->arg[1] % (NAMES_CNT + 3)], (unsigned int)op->arg[2],
		(unsigned int)op->arg[3]);
}

static void call_life(const struct op *op, struct rte_fbarray *arr, struct record *rec)
{
	if (op->fn == FN_rte_fbarray_init)
		rec->ret = call_init(op, arr);
	else if (op->fn == FN_rte_fbarray_attach)
		rec->ret = rte_fbarray_attach(arr);
	else if (op->fn == FN_rte_fbarray_detach)
		rec->ret = rte_fbarray_detach(arr);
	else
		rec->ret = rte_fbarray_destroy(arr);
	if (op->fn == FN_rte_fbarray_init && rec->ret == 0)
		rec->seen = dirty(arr);
	if (arr)
		rec->seen = digest_handle(rec->seen, arr);
}

/* Several in a row, or at equal distances, so that long and equal runs come about. */
static void call_mark(const struct op *op, struct rte_fbarray *arr, struct record *rec)
{
	bool used = op->fn == FN_rte_fbarray_set_used;
	unsigned int idx = (unsigned int)op->arg[1];

	for (uint64_t i = 0; i < op->arg[2] && rec->ret == 0; i++, rec->cnt++) {
		rec->ret = used ? rte_fbarray_set_used(arr, idx) : rte_fbarray_set_free(arr, idx);
		idx += (unsigned int)op->arg[3];
	}
	if (rec->ret) /* The last of them was beyond the end. */
		rec->row = ROW_A_INVALID;
	if (arr)
		rec->seen = digest_handle(0, arr);
}

static void call_element(const struct op *op, struct rte_fbarray *arr, struct record *rec)
{
	unsigned int idx = (unsigned int)op->arg[1];
	char *data = arr ? arr->data : NULL, *elt;

	if (op->fn == FN_rte_fbarray_get) {
		elt = rte_fbarray_get(arr, idx);
		rec->ret = elt ? elt - data : -1;
	} else if (op->fn == FN_rte_fbarray_find_idx) {
		elt = (char *)((uintptr_t)data + op->arg[2]);
		rec->ret = rte_fbarray_find_idx(arr, op->arg[1] ? NULL : elt);
	} else {
		rec->ret = rte_fbarray_is_used(arr, idx);
	}
}

/* The format is no interface: only whether something was written. */
static void call_dump(const struct op *op, struct rte_fbarray *arr, struct record *rec)
{
	char text[1 << 16];
	FILE *file = fmemopen(text, sizeof(text), "w");

	rte_errno = 0;
	rte_fbarray_dump_metadata(arr, op->arg[1] ? NULL : file);
	rec->ret = ftell(file) > 0 ? 1 : -1;
	fclose(file);
}

typedef int (*search_t)(struct rte_fbarray *arr, unsigned int start);
typedef int (*search_n_t)(struct rte_fbarray *arr, unsigned int start, unsigned int n);

static void call_search(const struct op *op, struct rte_fbarray *arr, struct record *rec)
{
	static const search_t search[FUNCTION_CNT] = {
#define SEARCH(name) [FN_rte_fbarray_find_##name] = rte_fbarray_find_##name
		SEARCH(next_free), SEARCH(next_used), SEARCH(prev_free), SEARCH(prev_used),
		SEARCH(contig_free), SEARCH(contig_used), SEARCH(rev_contig_free),
		SEARCH(rev_contig_used), SEARCH(biggest_free), SEARCH(biggest_used),
		SEARCH(rev_biggest_free), SEARCH(rev_biggest_used)};
	static const search_n_t search_n[FUNCTION_CNT] = {
		SEARCH(next_n_free), SEARCH(next_n_used), SEARCH(prev_n_free), SEARCH(prev_n_used)};
	unsigned int start = (unsigned int)op->arg[1], n = (unsigned int)op->arg[2];

	rec->ret = search[op->fn] ? search[op->fn](arr, start) : search_n[op->fn](arr, start, n);
	if (rec->row != ROW_A || rec->ret >= 0) {
		/* A run that does not fit into the array: a fault of DPDK. */
		if (op->fn == FN_rte_fbarray_find_next_n_free && rec->ret >= 0 &&
			(uint64_t)rec->ret + n > arr->len)
			rec->row = ROW_A_TAIL;
		return;
	}
	rec->row = ROW_A_NONE;
}

void execute_array(const struct op *op, struct record *rec)
{
	struct rte_fbarray *arr = array_of(op->arg[0]);

	if (op->fn <= FN_rte_fbarray_destroy)
		call_life(op, arr, rec);
	else if (op->fn == FN_rte_fbarray_set_used || op->fn == FN_rte_fbarray_set_free)
		call_mark(op, arr, rec);
	else if (op->fn <= FN_rte_fbarray_is_used)
		call_element(op, arr, rec);
	else if (op->fn == FN_rte_fbarray_dump_metadata)
		call_dump(op, arr, rec);
	else
		call_search(op, arr, rec);
}
