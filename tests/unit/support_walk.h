/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_WALK_H
#define SUPPORT_WALK_H

/*
 * Walks that record what they are shown, and external memory to be shown.
 */

#include <sys/mman.h>

#include "support.h"

#define VISITS_MAX 512

/* One call of a walk callback: the pointers, and a copy of what they showed then. */
struct visit {
	const struct rte_memseg_list *msl;
	const struct rte_memseg *ms; /* NULL in list walks. */
	struct rte_memseg seg;
	size_t len; /* Contiguous walks only. */
};

struct visits {
	unsigned int n;       /* Calls; those above VISITS_MAX are counted only. */
	unsigned int stop_at; /* Call that answers `answer`, from 1; 0: none. */
	int answer;
	struct visit at[VISITS_MAX];
};

static inline int visits_add(struct visits *visits, const struct rte_memseg_list *msl,
	const struct rte_memseg *ms, size_t len)
{
	if (visits->n < VISITS_MAX) {
		struct visit *visit = &visits->at[visits->n];

		*visit = (struct visit){.msl = msl, .ms = ms, .len = len};
		if (ms)
			visit->seg = *ms;
	}
	visits->n++;
	return visits->n == visits->stop_at ? visits->answer : 0;
}

static inline int record_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	return visits_add(arg, msl, ms, 0);
}

static inline int record_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	return visits_add(arg, msl, ms, len);
}

static inline int record_list(const struct rte_memseg_list *msl, void *arg)
{
	return visits_add(arg, msl, NULL, 0);
}

/* Segments, runs and lists as they are now. */
static inline void visit_segs(struct visits *visits)
{
	memset(visits, 0, sizeof(*visits));
	assert_int_equal(rte_memseg_walk(record_seg, visits), 0);
	assert_true(visits->n <= VISITS_MAX);
}

static inline void visit_runs(struct visits *visits)
{
	memset(visits, 0, sizeof(*visits));
	assert_int_equal(rte_memseg_contig_walk(record_run, visits), 0);
	assert_true(visits->n <= VISITS_MAX);
}

static inline void visit_lists(struct visits *visits)
{
	memset(visits, 0, sizeof(*visits));
	assert_int_equal(rte_memseg_list_walk(record_list, visits), 0);
	assert_true(visits->n <= VISITS_MAX);
}

static inline int count_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	(void)ms;
	++*(unsigned int *)arg;
	return 0;
}

/* Segments in use: callable anywhere, and asserts nothing. */
static inline unsigned int segs_now(void)
{
	unsigned int n = 0;

	rte_memseg_walk(count_seg, &n);
	return n;
}

/* The position of a segment's first byte in a recorded walk, or -1. */
static inline int visits_find(const struct visits *visits, const void *addr)
{
	for (unsigned int i = 0; i < visits->n && i < VISITS_MAX; i++)
		if (visits->at[i].ms && visits->at[i].seg.addr == addr)
			return (int)i;
	return -1;
}

/* ---- External memory: pages of 4 KiB whatever the run's page size ---- */

#define EXT_PAGE 4096ull

/* Address space that nobody else uses; never touched, so inaccessible will do. */
static inline char *ext_reserve(size_t n_pages)
{
	char *va = mmap(NULL, n_pages * EXT_PAGE, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(va, MAP_FAILED);
	return va;
}

static inline void ext_release(void *va, size_t n_pages)
{
	munmap(va, n_pages * EXT_PAGE);
}

/* Register n pages whose IO addresses begin at `iova` and follow each other. */
static inline int ext_register(void *va, size_t n_pages, rte_iova_t iova)
{
	rte_iova_t *table = calloc(n_pages, sizeof(*table));
	int rc;

	for (size_t i = 0; i < n_pages; i++)
		table[i] = iova + i * EXT_PAGE;
	rc = rte_extmem_register(va, n_pages * EXT_PAGE, table, (unsigned int)n_pages, EXT_PAGE);
	free(table);
	return rc;
}

static inline int ext_unregister(void *va, size_t n_pages)
{
	return rte_extmem_unregister(va, n_pages * EXT_PAGE);
}

#endif /* SUPPORT_WALK_H */
