/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_PAGE_H
#define STRESS_PAGE_H

/*
 * What stands in a page: its address and generation, at several places, so
 * that a page that was taken back, or given out again, cannot be mistaken.
 *
 * A page is all zero until the writer has filled it in; `generation` of the
 * head comes last.  After that nothing in it changes as long as it is plugged.
 */

#include "stress.h"

struct page_head {
	uint64_t generation; /* How often this place was plugged; 0: not filled in yet. */
	uint64_t addr;
	uint64_t iova;
	uint64_t id;    /* Of the allocation. */
	uint32_t n;     /* Its pages. */
	uint32_t index; /* This one among them. */
	uint32_t parts; /* It is freed in parts. */
};

/* Writer: fill in a page that must be clear. */
void page_fill(void *va, uint64_t page_sz, const struct page_head *head);

/*
 * Read a page: its generation, and the rest in *head; 0 while it is not filled
 * in.  Fails when it is not of one piece.
 */
uint64_t page_read(const void *va, uint64_t page_sz, struct page_head *head);

#endif /* STRESS_PAGE_H */
