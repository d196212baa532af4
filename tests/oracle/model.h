/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_MODEL_H
#define ORACLE_MODEL_H

/*
 * The state that the contract gives after the operations so far, kept in the plainest way.
 *
 * The generator draws from it, so that arguments hit what is there; operations that are not
 * defined in this state are passed over by it; and it names the row that an operation meets.  It
 * is the same in both drivers and takes no answer of theirs into account.
 */

#include "op.h"
#include "row.h"

#define LISTS_MAX   127
#define PAGES_MAX   600 /* Of one list. */
#define GONE_CNT    8
#define NAMES_CNT   6
#define PLAIN_LIMIT (1u << 22) /* Bytes of an array that may be made. */

/* How the IO addresses of a list's pages are made from the first: bits 0-2 of `table`. */
enum table {
	TABLE_NULL, /* No table. */
	TABLE_RISING,
	TABLE_APART, /* Every second page's place is left out. */
	TABLE_FALLING,
	TABLE_SAME,
	TABLE_HOLES, /* Every second page has none. */
	TABLE_BAD,
	TABLE_CNT,
};

struct model_list {
	bool live;
	bool attached;
	uint64_t va;
	uint64_t len;
	uint64_t page;
	uint64_t table;
};

enum array_state { ARRAY_NONE, ARRAY_LIVE, ARRAY_DETACHED };

struct model_array {
	enum array_state state;
	unsigned int name;
	unsigned int len;
	unsigned int elt;
};

struct model {
	unsigned int capacity; /* External lists that there is room for. */
	bool legacy;       /* DPDK runs without hugepages: row L19; memory of its own is as ours. */
	unsigned int bits; /* Address width that the library's own memory needs. */
	unsigned int live;
	unsigned int detached;
	struct model_list lists[LISTS_MAX];
	struct model_array arrays[ARRAY_CNT];
	struct {
		uint64_t va, len;
	} gone[GONE_CNT]; /* What was unregistered last. */
	unsigned int gone_next;
};

extern struct model model;

uint64_t table_iova(uint64_t table, uint64_t page, uint64_t i);

static inline uint64_t list_pages(const struct model_list *list)
{
	return list->len / list->page;
}

static inline uint64_t list_last(const struct model_list *list)
{
	return list->va + (list->len - 1);
}

/* May this be asked of DPDK now?  What it does is defined, and it survives. */
bool model_legal(const struct op *op);

/* The row that the operation meets.  Rows that only the answer tells are given by execute.c. */
enum row model_row(const struct op *op);

/* What the operation changes. */
void model_apply(const struct op *op, enum row row);

/* Parts of model_row(). */
enum row model_row_external(const struct op *op);
enum row model_row_lookup(const struct op *op);
enum row model_row_iova(const struct op *op, uint64_t *answer);
enum row model_row_dma(uint64_t bits);
enum row model_row_array(const struct op *op);

/* True when one library takes a registration of this row and the other refuses it. */
static inline bool row_one_sided(enum row row)
{
	return row == ROW_X5 || row == ROW_X9_LARGE || row == ROW_X8_TRUNCATED ||
	       row == ROW_L4_WRAP || row == ROW_L18_WRAP;
}

/* The list that contains an address, in the order of slots; NULL. */
const struct model_list *model_find(uint64_t va);

/* Elements of an array, 0 when it is none; their size. */
unsigned int model_array_len(uint64_t arr, unsigned int *elt);

static inline const struct model_list *model_list(uint64_t slot)
{
	return slot < LISTS_MAX && model.lists[slot].live ? &model.lists[slot] : NULL;
}

/* Addresses where the libraries' own memory stands are asked for relative to it. */
#define INTERNAL_FIRST (1ull << 32)
#define INTERNAL_LAST  ((1ull << 40) - 1)
#define INTERNAL_USED  (64u << 10) /* Bytes in use at its beginning, in both. */
#define LEN_INTERNAL   1           /* For FROM_INTERNAL: the length of the whole list. */

#endif /* ORACLE_MODEL_H */
