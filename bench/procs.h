/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PROCS_H
#define PROCS_H

/*
 * One process of tools/bench-processes: it reads commands on stdin and answers
 * each with a line, "ok ..." or "failed WHY".
 *
 * procs_main.c is compiled twice, against DPDK's rte_memory.h and against ours.
 * What the two do not have in common is here (procs_dpdk.c, procs_rcumem.c).
 */

#include <stddef.h>

/* Start a runtime, or join the one of that name.  The command line tells which.  0, or -1. */
int procs_start(int argc, char **argv);
void procs_stop(void);
/* Which library this is, with its version; valid after procs_start(). */
const char *procs_version(void);

/* Allocate memory such that what is plugged grows by `len` bytes of whole pages.  NULL: failed. */
void *procs_alloc(size_t len, size_t page_sz);
/* Give it back, so that as much is unplugged.  0, or -1. */
int procs_free(void *addr, size_t len);
/* Why the last call failed. */
const char *procs_error(void);

/* Hold a registered reader that is offline.  0, or -1. */
int procs_be_offline_reader(void);
/* Enter a read section, and leave it.  0, or -1. */
int procs_enter(void);
void procs_leave(void);
/* Bytes that are freed and wait for a reader. */
size_t procs_quarantined(void);

#endif /* PROCS_H */
