/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation with contiguous length, in space 0 and in spaces of peers. */

#include <rcumem.h>

#include "external_lookup.h"
#include "index.h"
#include "point.h"
#include "runtime.h"
#include "segment.h"
#include "space.h"
#include "translate.h"

static void *word_answer(const struct rcu_radix_found *found, uint64_t iova, uint64_t *len)
{
	*len = rcu_radix_found_run(found, iova, *len);
	return (void *)(uintptr_t)(iova + found->word - INDEX_DIRECT);
}

/* External memory, as far as there is no internal. */
static __attribute__((noinline)) void *step_external(uint64_t iova, uint64_t *len)
{
	struct rcu_radix_found found = rcu_radix_view_find(&runtime_view.iova_index, iova);
	uint64_t part = *len;
	void *va;

	if (index_tag(found.word) == INDEX_DIRECT)
		return word_answer(&found, iova, len);
	TEST_POINT("lookup.miss");
	va = external_iova2virt(iova, &part);
	/* Internal memory that came meanwhile goes before external memory that came after it, and
	 * may have come before external memory went. */
	found = rcu_radix_view_find(&runtime_view.iova_index, iova);
	if (index_tag(found.word) == INDEX_DIRECT)
		return word_answer(&found, iova, len);
	if (va) /* As far as there is no internal memory. */
		*len = rcu_radix_found_run(&found, iova, part);
	return va;
}

/* One step: the answer of a word is good for all that it covers, and so do those behind it that are
 * equal. */
static inline void *step_iova(uint64_t iova, uint64_t *len)
{
	struct rcu_radix_found found = rcu_radix_view_find(&runtime_view.iova_index, iova);

	if (__builtin_expect(index_tag(found.word) != INDEX_DIRECT, 0))
		return step_external(iova, len);
	return word_answer(&found, iova, len);
}

void *translate_iova(uint64_t iova, uint64_t *len)
{
	return step_iova(iova, len);
}

void *rcumem_iova2virt(const struct rcumem_space *space, uint64_t iova, uint64_t *len)
{
	uint64_t want = len ? *len : 1, done = want;
	char *va;

	if (space)
		return space_iova2virt(space, iova, len);
	va = want ? step_iova(iova, &done) : NULL;
	if (va == NULL)
		done = 0;
	while (done < want && done) {
		uint64_t part = want - done;
		char *next = iova + done < iova ? NULL : step_iova(iova + done, &part);

		if (next == NULL || next != va + done)
			break;
		done += part;
	}
	if (len)
		*len = done;
	return va;
}

/* Internal page of a word of va_index: true with its list and number. */
static bool internal_page(uint64_t word, uint64_t va, uint32_t *list, uint32_t *page)
{
	const struct list_state *state;

	if (index_tag(word) == INDEX_DIRECT || index_tag(word) == INDEX_PAGES)
		*list = index_list(word);
	else if (index_tag(word) == INDEX_RANGE)
		*list = index_range_list(word);
	else
		return false;
	if (*list >= runtime_view.region->n_internal)
		return false; /* Damaged. */
	state = &runtime_view.region->states[*list];
	*page = (uint32_t)((va - state->base) >> state->page_shift);
	return *page < state->n_pages;
}

/* External pages do not change while they are registered; a section keeps the list.  Apart, for
 * tools/check-readers: a lookup of internal memory is no section. */
static __attribute__((noinline)) uint64_t external_iova(uint64_t va, uint64_t *len)
{
	struct region *region = runtime_region();
	const struct rte_memseg *ms = NULL;
	uint64_t iova = RTE_BAD_IOVA;

	if (region == NULL || rcu_section_enter())
		return RTE_BAD_IOVA;
	ms = external_segment_of(region, va);
	if (ms && ms->iova != RTE_BAD_IOVA) {
		uint64_t off = va - ms->addr_64;

		/* Else it is damaged. */
		iova = off < ms->len ? ms->iova + off : RTE_BAD_IOVA;
		if (ms->len - off < *len)
			*len = ms->len - off;
	}
	rcu_section_exit();
	return iova;
}

/* Where the IO address is not the virtual one: the descriptor knows it. */
static __attribute__((noinline)) uint64_t virt_by_segment(uint64_t va, uint64_t *len)
{
	uint64_t word = rcu_radix_view_lookup(&runtime_view.va_index, va);
	uint64_t iova, page_sz, rest;
	uint32_t list, page;

	if (word == 0)
		return RTE_BAD_IOVA;
	if (!internal_page(word, va, &list, &page))
		return external_iova(va, len);
	if (!segment_iova(runtime_view.region, list, page, &iova) || iova == RTE_BAD_IOVA)
		return RTE_BAD_IOVA;
	page_sz = 1ull << runtime_view.region->states[list].page_shift;
	rest = page_sz - (va & (page_sz - 1));
	if (rest < *len)
		*len = rest;
	return iova + (va & (page_sz - 1));
}

/*
 * If the IOVA index leads from this address, taken as an IO address, to itself,
 * that is the answer: in mode VA, of all pages in use.  Linearization point: the
 * last load of the descent.
 */
static inline uint64_t step_virt(uint64_t va, uint64_t *len)
{
	struct rcu_radix_found found = rcu_radix_view_find(&runtime_view.iova_index, va);

	if (found.word != INDEX_DIRECT)
		return virt_by_segment(va, len);
	*len = rcu_radix_found_run(&found, va, *len);
	return va;
}

uint64_t translate_virt(uint64_t va, uint64_t *len)
{
	return step_virt(va, len);
}

rte_iova_t rcumem_virt2iova(const struct rcumem_space *space, const void *virt, uint64_t *len)
{
	uint64_t want = len ? *len : 1, done = want;
	uint64_t va = (uint64_t)(uintptr_t)virt, iova;

	if (space)
		return space_virt2iova(space, virt, len);
	iova = want ? step_virt(va, &done) : RTE_BAD_IOVA;
	if (iova == RTE_BAD_IOVA)
		done = 0;
	while (done < want && done) {
		uint64_t part = want - done;

		/* Neither beyond the last IO address, nor to that which is none. */
		if (va + done < va || iova + done < iova || iova + done == RTE_BAD_IOVA ||
			step_virt(va + done, &part) != iova + done)
			break;
		done += part;
	}
	if (len)
		*len = done;
	return iova;
}
