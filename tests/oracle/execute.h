/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ORACLE_EXECUTE_H
#define ORACLE_EXECUTE_H

/* Calling the library, and putting into a record what came of it. */

#include <rte_errno.h>
#include <rte_memory.h>

#include "model.h"

/* What a driver knows of its library. */
struct world {
	unsigned int n_internal; /* Lists of its own; the first is `internal`. */
	const struct rte_memseg_list *internal;
	const struct rte_memseg_list *slots[LISTS_MAX]; /* External lists, as the model counts. */
	struct rte_fbarray arrays[ARRAY_CNT];
	uint64_t physmem; /* At the beginning. */
};

extern struct world world;

/* After side_start(): false when memory of the library's own is not where it should be. */
bool execute_begin(void);

/* Do the operation if it is legal, and change the model. */
void execute(const struct op *op, struct record *rec);

/* Parts of execute(), by group of functions. */
void execute_external(const struct op *op, struct record *rec);
void execute_lookup(const struct op *op, struct record *rec);
void execute_walk(const struct op *op, struct record *rec);
void execute_info(const struct op *op, struct record *rec);
void execute_array(const struct op *op, struct record *rec);

void *execute_address(uint64_t from, uint64_t off);

/* Digests: of a list's record, of a slot, of a handle. */
uint64_t digest_list(uint64_t h, const struct rte_memseg_list *msl);
uint64_t digest_segment(uint64_t h, const struct rte_memseg *ms);
uint64_t digest_text(uint64_t h, const char *text);

#endif /* ORACLE_EXECUTE_H */
