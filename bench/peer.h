/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_H
#define PEER_H

/*
 * One side of tools/bench-dpdk: a process that holds PEER_PAGES pages of 2 MiB
 * and times lookups in them when it is told to.
 *
 * peer_main.c and peer_loop.c are compiled twice, with the same flags: against
 * DPDK's rte_memory.h and against ours.  Only the start differs
 * (peer_dpdk.c, peer_rcumem.c).
 *
 * Each side is built twice more: with everything in a shared object, as
 * drivers and plugins are, and with everything in the program.  It matters: a
 * program is mapped far from the libraries, and some processors take longer
 * for a branch that leaves its 4 GiB.
 */

#include <stdint.h>

#define PEER_PAGES   256u
#define PEER_PAGE_SZ (2u << 20)
#define PEER_LAP     1024u /* Operations after which every loop's checksum is known. */

/* All of the program but its main(). */
__attribute__((visibility("default"))) int peer_main(int argc, char **argv);

/* Start the runtime with PEER_PAGES pages in use, all faulted in.  Returns 0, or -1 and has said
 * why on stderr. */
int peer_start(int argc, char **argv);
/* Give everything back. */
void peer_stop(void);
/* Which library this is, with its version; valid after peer_start(). */
const char *peer_version(void);

/* One thing that is timed. */
struct peer_row {
	const char *name;
	/* Run `laps` laps and return the checksum of all answers. */
	uint64_t (*loop)(uint64_t laps);
	uint32_t lap_ops;      /* Operations in a lap. */
	uint64_t lap_checksum; /* Of right answers; set by peer_rows_prepare(). */
};

extern struct peer_row peer_rows[];
extern const unsigned int peer_row_cnt;

/* Find the pages by a walk and precompute addresses and right answers.  Returns the number of
 * segments, or 0 and has said why on stderr. */
unsigned int peer_rows_prepare(void);

#endif /* PEER_H */
