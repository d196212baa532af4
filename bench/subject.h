/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUBJECT_H
#define SUBJECT_H

/*
 * Whoever is asked: rcumem and its peers, each in a file of its own.
 *
 * The timed loops are written once, here, and made in the subject's file, so
 * that they call it directly.  A loop makes operations `first` to `first` + `n`
 * and returns how many were answered.
 */

#include <stdbool.h>
#include <stdint.h>

#include <rte_memory.h>

#include "world.h"

typedef uint64_t subject_loop(uint64_t first, uint64_t n);

/* One question about one address. */
struct subject_lookup {
	subject_loop *loop;
	subject_loop *dependent; /* Asks for the next address when the answer is there. */
};

/* What a walk adds up. */
struct subject_sum {
	uint64_t bytes;
	uint64_t cnt;
};

/* `n` walks, each of which must add up to `right`; returns how many did. */
typedef uint64_t subject_walk(uint64_t n, const struct subject_sum *right);

/* NULL for what a subject does not answer. */
struct subject {
	const char *name;
	/* Take over the segments in use from `world`: 0 or -1.  NULL: it is told of them anyway. */
	int (*learn)(void);
	/* Are the answers about address i right?  NULL: nothing is looked up. */
	bool (*right)(uint32_t i, bool miss);
	struct subject_lookup virt2memseg;
	struct subject_lookup iova2virt;
	subject_walk *walk;
	subject_walk *contig_walk;
	subject_walk *list_walk;
	bool hits_only;         /* It must not be asked for what is not there. */
	unsigned int iova_max;  /* Segments up to which iova2virt ends in time; 0: any number. */
	unsigned int *world_id; /* Of the world it has learned. */
};

/* Local variables of every loop, where the subject's file defines some. */
#ifndef SUBJECT_LOCALS
#define SUBJECT_LOCALS
#endif

/* The body of a loop: `expr` is the answer to `va` or `iova`, 0 when there is none. */
#define SUBJECT_LOOP(name, expr)                                                                   \
	static uint64_t name(uint64_t first, uint64_t n)                                           \
	{                                                                                          \
		const struct world w = world;                                                      \
		SUBJECT_LOCALS                                                                     \
		uint64_t found = 0;                                                                \
		for (uint64_t k = first; k < first + n; k++) {                                     \
			const void *va = w.va[k & w.mask];                                         \
			rte_iova_t iova = w.iova[k & w.mask];                                      \
			(void)va;                                                                  \
			(void)iova;                                                                \
			found += (expr) != 0;                                                      \
		}                                                                                  \
		return found;                                                                      \
	}

/* The same, but which address is next waits for the answer: no answer has bit 63. */
#define SUBJECT_DEPENDENT(name, expr)                                                              \
	static uint64_t name(uint64_t first, uint64_t n)                                           \
	{                                                                                          \
		const struct world w = world;                                                      \
		SUBJECT_LOCALS                                                                     \
		uint64_t found = 0, i = first;                                                     \
		for (uint64_t k = 0; k < n; k++) {                                                 \
			const void *va = w.va[i & w.mask];                                         \
			rte_iova_t iova = w.iova[i & w.mask];                                      \
			uintptr_t answer;                                                          \
			(void)va;                                                                  \
			(void)iova;                                                                \
			answer = (uintptr_t)(expr);                                                \
			found += answer != 0;                                                      \
			i += 1 + (answer >> 63);                                                   \
		}                                                                                  \
		return found;                                                                      \
	}

#define SUBJECT_RIGHT(name, virt_expr, iova_expr)                                                  \
	static bool name(uint32_t i, bool miss)                                                    \
	{                                                                                          \
		SUBJECT_LOCALS                                                                     \
		const void *va = world.va[i];                                                      \
		rte_iova_t iova = world.iova[i];                                                   \
		const struct rte_memseg *ms = (virt_expr);                                         \
		const void *back = (iova_expr);                                                    \
		uint64_t off = (uintptr_t)va - (ms ? ms->addr_64 : 0);                             \
		if (miss)                                                                          \
			return !ms && !back;                                                       \
		return ms && off < ms->len && ms->iova + off == iova && back == va;                \
	}

/* Everything that has to do with single addresses. */
#define SUBJECT_LOOKUPS(subject, virt_expr, iova_expr)                                             \
	SUBJECT_LOOP(subject##_virt, virt_expr)                                                    \
	SUBJECT_DEPENDENT(subject##_virt_dependent, virt_expr)                                     \
	SUBJECT_LOOP(subject##_iova, iova_expr)                                                    \
	SUBJECT_DEPENDENT(subject##_iova_dependent, iova_expr)                                     \
	SUBJECT_RIGHT(subject##_right, virt_expr, iova_expr)

#define SUBJECT_WALK(name, walk_call, callback)                                                    \
	static uint64_t name(uint64_t n, const struct subject_sum *right)                          \
	{                                                                                          \
		uint64_t good = 0;                                                                 \
		for (uint64_t k = 0; k < n; k++) {                                                 \
			struct subject_sum sum = {0};                                              \
			good += !walk_call(callback, &sum) && sum.bytes == right->bytes &&         \
				sum.cnt == right->cnt;                                             \
		}                                                                                  \
		return good;                                                                       \
	}

#define SUBJECT_WALKS(subject, walk_call, contig_call, list_call)                                  \
	SUBJECT_WALK(subject##_walk, walk_call, subject_add_segment)                               \
	SUBJECT_WALK(subject##_contig_walk, contig_call, subject_add_run)                          \
	SUBJECT_WALK(subject##_list_walk, list_call, subject_add_list)

/* Members of struct subject that the macros above have made. */
#define SUBJECT_HAS_LOOKUPS(subject)                                                               \
	.right = subject##_right, .virt2memseg = {subject##_virt, subject##_virt_dependent},       \
	.iova2virt = {subject##_iova, subject##_iova_dependent}
#define SUBJECT_HAS_WALKS(subject)                                                                 \
	.walk = subject##_walk, .contig_walk = subject##_contig_walk,                              \
	.list_walk = subject##_list_walk

/* The callbacks of walks, the same ones for all. */
int subject_add_segment(const struct rte_memseg_list *list, const struct rte_memseg *ms, void *arg);
int subject_add_run(
	const struct rte_memseg_list *list, const struct rte_memseg *ms, size_t len, void *arg);
int subject_add_list(const struct rte_memseg_list *list, void *arg);

/* All of this program, a NULL behind the last; in all.c. */
extern const struct subject *const subjects[];

/* Let the subject know the present world: NULL, or why it does not. */
const char *subject_prepare(const struct subject *subject);

extern const struct subject subject_rte;    /* The library behind rte_memory.h. */
extern const struct subject subject_raw;    /* Its walks without a section of their own. */
extern const struct subject subject_inline; /* rcumem_inline.h. */
extern const struct subject subject_scan;
extern const struct subject subject_spin;
extern const struct subject subject_spdk;
extern const struct subject subject_sorted;
extern const struct subject subject_flat;
extern const struct subject subject_empty;

#endif /* SUBJECT_H */
