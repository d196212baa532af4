/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef DUMP_H
#define DUMP_H

/*
 * What `rcumem dump` shows, read by walks of the public API: the lists in walk
 * order, and the segments in use merged to runs.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rcumem.h>

/* Pages of one list that follow each other in virtual and IO address and are alike. */
struct dump_run {
	const struct rte_memseg_list *list;
	unsigned int list_no;    /* In walk order. */
	unsigned int first_page; /* Index in the list. */
	unsigned int page_cnt;
	struct rte_memseg seg; /* The first page's descriptor. */
};

/* Receives a run; a return other than 0 ends the walk. */
typedef int (*dump_run_t)(const struct dump_run *run, void *arg);

/* Hand every run to `fn`; with `each_page` every page is a run of its own.  Returns the first
 * value of `fn` that is not 0, else 0. */
int dump_walk(bool each_page, dump_run_t fn, void *arg);

/* Position of a list in walk order; UINT_MAX when it is not there. */
unsigned int dump_list_no(const struct rte_memseg_list *list);

/* "va", "pa" or "-". */
const char *dump_iova_mode(void);

/* Print everything as text or JSON: TOOL_OK or TOOL_FAILED. */
int dump_text(bool each_page);
int dump_json(void);

#endif /* DUMP_H */
