/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_HOTPLUG_MODEL_H
#define SUPPORT_HOTPLUG_MODEL_H

/*
 * A naive model of a runtime with one internal list: what each page is, and which
 * external lists there are.  It knows no index, no snapshot and no mask.
 */

#include "support_walk.h" /* First: it has the system headers. */

#include "support_random.h"

#define PAGES_MAX 96u
#define EXT_SPAN  48u /* External memory stands somewhere in so many pages. */
#define EXT_MAX   8u
#define EXT_IOVA  0x7200000000ull
#define STEPS_MAX 400u

enum page_is {
	IS_FREE,
	IS_USED,
	IS_WAITING, /* Freed while a reader is inside. */
	IS_PASSED,  /* ... who has left. */
};

struct ext_list {
	char *va;
	uint32_t n;
	uint64_t iova;
};

static struct {
	uint32_t n_pages;    /* That can be had. */
	uint32_t list_pages; /* Of the list. */
	char *base;
	int socket;
	uint32_t limit; /* Pages of the socket; 0: no limit. */
	enum page_is is[PAGES_MAX];
	bool keep[PAGES_MAX]; /* RTE_MEMSEG_FLAG_DO_NOT_FREE */
	uint64_t stamp[PAGES_MAX];
	bool held; /* A reader is inside. */
	/* The validator: registered from how many bytes on, what it will say, what it was asked. */
	uint64_t validator_from;
	int verdict;
	unsigned int asked;
	uint64_t asked_len;
	char *ext_base;
	struct ext_list ext[EXT_MAX];
	uint32_t n_ext;
	uint64_t allocs, frees, failures, version, stamps;
} model;

/* ---- What was done since the runtime started, to be printed when something is wrong ---- */

static char steps[STEPS_MAX][80];
static uint32_t n_steps;

#define STEP(...)                                                                                  \
	snprintf(steps[n_steps < STEPS_MAX ? n_steps++ : STEPS_MAX - 1], sizeof(steps[0]),         \
		__VA_ARGS__)

static inline void steps_print(void)
{
	for (uint32_t i = 0; i < n_steps; i++)
		print_error("%3u: %s\n", i, steps[i]);
}

/* An assertion that says how it came to that. */
#define agree(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			steps_print();                                                             \
			print_error("not so: %s\n", #condition);                                   \
			fail_msg(__VA_ARGS__);                                                     \
		}                                                                                  \
	} while (0)

/* ---- Questions to the model ---- */

static inline uint32_t count_is(enum page_is what)
{
	uint32_t cnt = 0;

	for (uint32_t p = 0; p < model.n_pages; p++)
		cnt += model.is[p] == what;
	return cnt;
}

static inline char *page_va(uint32_t page)
{
	return model.base + page * page_sz;
}

/* The first of the lowest n free pages in a row, or -1. */
static inline int64_t first_fit(uint32_t n)
{
	uint32_t row = 0;

	for (uint32_t p = 0; p < model.n_pages; p++) {
		row = model.is[p] == IS_FREE ? row + 1 : 0;
		if (row == n)
			return p + 1 - n;
	}
	return -1;
}

/* Pages in use from this one on. */
static inline uint32_t run_from(uint32_t page)
{
	uint32_t n = 0;

	while (page + n < model.n_pages && model.is[page + n] == IS_USED)
		n++;
	return n;
}

static inline void change_is(enum page_is from, enum page_is to)
{
	for (uint32_t p = 0; p < model.n_pages; p++)
		if (model.is[p] == from)
			model.is[p] = to;
}

/* A writer comes by: what readers have passed is free. */
static inline void model_reclaim(void)
{
	change_is(IS_PASSED, IS_FREE);
}

/* The answer to an IO address: internal memory, else the first external list in `order`. */
static inline void *model_iova2virt(uint64_t iova, const uint32_t *order)
{
	uint64_t off = iova - (uint64_t)(uintptr_t)model.base;

	if (off < model.n_pages * page_sz && model.is[off / page_sz] == IS_USED)
		return (void *)(uintptr_t)iova;
	for (uint32_t i = 0; i < model.n_ext; i++) {
		const struct ext_list *ext = &model.ext[order[i]];

		if (iova - ext->iova < ext->n * EXT_PAGE)
			return ext->va + (iova - ext->iova);
	}
	return NULL;
}

/* The list that has the byte, or NULL. */
static inline const struct ext_list *model_ext_at(const char *va)
{
	for (uint32_t i = 0; i < model.n_ext; i++)
		if ((uint64_t)(va - model.ext[i].va) < model.ext[i].n * EXT_PAGE)
			return &model.ext[i];
	return NULL;
}

#endif /* SUPPORT_HOTPLUG_MODEL_H */
