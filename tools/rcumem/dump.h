/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DUMP_H
#define DUMP_H

/*
 * What `rcumem dump` shows: the lists in walk order, and the segments in use
 * merged to runs.  Everywhere `observer` is the runtime that is looked at from
 * outside, NULL this process's own.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rcumem.h>

/* Pages of one list that follow each other in virtual and IO address and are alike. */
struct dump_run {
	uint64_t list_va;        /* Address of the list. */
	unsigned int list_no;    /* In walk order. */
	unsigned int first_page; /* Index in the list. */
	unsigned int page_cnt;
	struct rte_memseg seg; /* The first page's descriptor. */
};

/* Receives a run; a return other than 0 ends the walk. */
typedef int (*dump_run_t)(const struct dump_run *run, void *arg);

/* Hand every run to `fn`; with `each_page` every page is a run of its own.  Returns the first
 * value of `fn` that is not 0, else 0. */
int dump_walk(const struct rcumem_observer *observer, bool each_page, dump_run_t fn, void *arg);
int dump_list_walk(const struct rcumem_observer *observer, rte_memseg_list_walk_t fn, void *arg);

/* Position of the list at this address in walk order; UINT_MAX when there is none. */
unsigned int dump_list_no(const struct rcumem_observer *observer, uint64_t list_va);

/* The runtime as a whole. */
struct dump_head {
	struct rcumem_stats stats;
	const char *iova_mode; /* "va", "pa" or "-". */
	uint64_t bytes;        /* In use. */
	unsigned int nchannel;
	unsigned int nrank;
};

/* TOOL_OK, or TOOL_FAILED with the reason on stderr. */
int dump_head_read(const struct rcumem_observer *observer, struct dump_head *head);

/* Print everything as text or JSON: TOOL_OK or TOOL_FAILED. */
int dump_text(const struct rcumem_observer *observer, bool each_page);
int dump_json(const struct rcumem_observer *observer);

/* Their parts that `rcumem info` of a runtime shows, too. */
void dump_text_stats(const struct rcumem_stats *stats);
struct json_t *dump_json_stats(const struct rcumem_stats *stats);

#endif /* DUMP_H */
