/* SPDX-License-Identifier: BSD-3-Clause */
/* From a table of IO addresses to sorted, disjoint pieces: merge, sort, sweep. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_memory.h>

#include "piece.h"

/* The lower in virtual address is the lower page, and wins. */
static int by_first(const void *a, const void *b)
{
	const struct piece *p = a, *q = b;

	if (p->first != q->first)
		return p->first < q->first ? -1 : 1;
	return p->va < q->va ? -1 : p->va > q->va;
}

/* Neighbouring pages that follow each other in IO address become one run. */
static int runs_make(uint64_t va, uint64_t page_sz, const uint64_t *iovas, uint32_t n,
	struct piece *runs, uint32_t *cnt)
{
	*cnt = 0;
	for (uint32_t i = 0; i < n; i++) {
		struct piece *run = *cnt ? &runs[*cnt - 1] : NULL;
		uint64_t page_va = va + i * page_sz;

		if (iovas[i] == RTE_BAD_IOVA)
			continue;
		if (iovas[i] + (page_sz - 1) < iovas[i])
			return -EINVAL;
		if (run && run->last + 1 == iovas[i] && iovas[i] != 0 &&
			run->va + (iovas[i] - run->first) == page_va)
			run->last += page_sz;
		else
			runs[(*cnt)++] =
				(struct piece){iovas[i], iovas[i] + (page_sz - 1), page_va};
	}
	return 0;
}

/* A binary heap of runs that reach the sweep, lowest page on top. */
struct heap {
	const struct piece **run;
	uint32_t cnt;
};

static void heap_push(struct heap *heap, const struct piece *run)
{
	uint32_t i = heap->cnt++;

	for (; i && heap->run[(i - 1) / 2]->va > run->va; i = (i - 1) / 2)
		heap->run[i] = heap->run[(i - 1) / 2];
	heap->run[i] = run;
}

static void heap_pop(struct heap *heap)
{
	const struct piece *moved = heap->run[--heap->cnt];
	uint32_t i = 0;

	for (;;) {
		uint32_t child = 2 * i + 1;

		if (child >= heap->cnt)
			break;
		if (child + 1 < heap->cnt && heap->run[child + 1]->va < heap->run[child]->va)
			child++;
		if (moved->va <= heap->run[child]->va)
			break;
		heap->run[i] = heap->run[child];
		i = child;
	}
	heap->run[i] = moved;
}

/* Append [first, last] of `run`, growing the piece before it where it goes on. */
static void emit(
	struct piece *out, uint32_t *cnt, const struct piece *run, uint64_t first, uint64_t last)
{
	struct piece *prev = *cnt ? &out[*cnt - 1] : NULL;
	uint64_t va = run->va + (first - run->first);

	if (prev && prev->last + 1 == first && prev->va + (first - prev->first) == va)
		prev->last = last;
	else
		out[(*cnt)++] = (struct piece){first, last, va};
}

/*
 * Sweep over sorted runs.  At `at`, the lowest page among the runs that reach
 * it wins, until it ends or a run begins that is lower.
 */
static void sweep(
	const struct piece *runs, uint32_t n, struct heap *heap, struct piece *out, uint32_t *cnt)
{
	uint64_t at = 0;
	uint32_t next = 0;

	*cnt = 0;
	while (next < n || heap->cnt) {
		const struct piece *top;
		uint64_t until;

		if (heap->cnt == 0)
			at = runs[next].first;
		while (next < n && runs[next].first <= at)
			heap_push(heap, &runs[next++]);
		top = heap->run[0];
		if (top->last < at) {
			heap_pop(heap);
			continue;
		}
		until = top->last;
		if (next < n && runs[next].first <= until)
			until = runs[next].first - 1;
		emit(out, cnt, top, at, until);
		if (until == UINT64_MAX)
			return;
		at = until + 1;
	}
}

int piece_make(uint64_t va, uint64_t page_sz, const uint64_t *iovas, uint32_t n,
	struct piece **pieces, uint32_t *cnt)
{
	struct piece *runs, *out = NULL;
	struct heap heap = {0};
	uint32_t n_runs;
	int err;

	*pieces = NULL;
	*cnt = 0;
	if (iovas == NULL)
		return 0;
	runs = malloc(n * sizeof(*runs));
	err = runs ? runs_make(va, page_sz, iovas, n, runs, &n_runs) : -ENOMEM;
	if (err || n_runs == 0)
		goto out_runs;
	qsort(runs, n_runs, sizeof(*runs), by_first);
	out = malloc(2 * (size_t)n_runs * sizeof(*out));
	heap.run = malloc(n_runs * sizeof(*heap.run));
	if (out && heap.run) {
		sweep(runs, n_runs, &heap, out, cnt);
		*pieces = out;
	} else {
		free(out);
		err = -ENOMEM;
	}
	free(heap.run);
out_runs:
	free(runs);
	return err;
}

/* Number of pieces that begin at or before `iova`. */
static uint32_t count_up_to(const struct piece *pieces, uint32_t cnt, uint64_t iova)
{
	uint32_t lo = 0, hi = cnt;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (pieces[mid].first <= iova)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const struct piece *piece_find(const struct piece *pieces, uint32_t cnt, uint64_t iova)
{
	uint32_t n = count_up_to(pieces, cnt, iova);

	return n && iova <= pieces[n - 1].last ? &pieces[n - 1] : NULL;
}

uint64_t piece_gap(const struct piece *pieces, uint32_t cnt, uint64_t iova)
{
	uint32_t n = count_up_to(pieces, cnt, iova);

	return n < cnt ? pieces[n].first - iova : UINT64_MAX;
}

bool piece_touches(const struct piece *pieces, uint32_t cnt, uint64_t first, uint64_t last)
{
	uint32_t n = count_up_to(pieces, cnt, last);

	return n && pieces[n - 1].last >= first;
}
