/* SPDX-License-Identifier: BSD-3-Clause */
/* Translation with contiguous length, in space 0 and in spaces of peers. */

#include <rcumem.h>

#include "external_lookup.h"
#include "index.h"
#include "runtime.h"
#include "segment.h"
#include "space.h"
#include "translate.h"

void *translate_iova(uint64_t iova, uint64_t *len)
{
	uint64_t word = rcu_radix_view_lookup(&runtime_view.iova_index, iova);
	uint64_t va, page_sz, rest;
	uint32_t list;

	if (index_tag(word) != INDEX_DIRECT)
		return external_iova2virt(iova, len);
	va = iova + (word & ~RCU_RADIX_TAG);
	/* The page's size is that of its list, which the other index names; its words stay for
	 * ever. */
	list = index_list(rcu_radix_view_lookup(&runtime_view.va_index, va));
	page_sz = 1ull << runtime_view.region->states[list].page_shift;
	rest = page_sz - (va & (page_sz - 1));
	if (rest < *len)
		*len = rest;
	return (void *)(uintptr_t)va;
}

void *rcumem_iova2virt(const struct rcumem_space *space, uint64_t iova, uint64_t *len)
{
	uint64_t one = 1, want, done;
	uint64_t *out = len ? len : &one;
	char *va;

	if (space)
		return space_iova2virt(space, iova, len);
	want = *out;
	if (want == 1) { /* Then the word is enough: the size of the page does not matter. */
		uint64_t word = rcu_radix_view_near(&runtime_view.iova_index, iova);

		if (__builtin_expect(index_tag(word) == INDEX_DIRECT, 1))
			return (void *)(uintptr_t)(iova + word - INDEX_DIRECT);
	}
	done = want;
	va = want ? translate_iova(iova, &done) : NULL;
	if (va == NULL)
		done = 0;
	while (done < want && done) {
		uint64_t part = want - done;

		if (iova + done < iova || translate_iova(iova + done, &part) != va + done)
			break;
		done += part;
	}
	*out = done;
	return va;
}

/* Internal page of a word of va_index: true with its list and number. */
static bool internal_page(uint64_t word, uint64_t va, uint32_t *list, uint32_t *page)
{
	const struct list_state *state;

	if (index_tag(word) == INDEX_DIRECT)
		*list = index_list(word);
	else if (index_tag(word) == INDEX_RANGE)
		*list = index_range_list(word);
	else
		return false;
	state = &runtime_view.region->states[*list];
	*page = (uint32_t)((va - state->base) >> state->page_shift);
	return true;
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
		iova = ms->iova + (va - ms->addr_64);
		if (ms->len - (va - ms->addr_64) < *len)
			*len = ms->len - (va - ms->addr_64);
	}
	rcu_section_exit();
	return iova;
}

uint64_t translate_virt(uint64_t va, uint64_t *len)
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

rte_iova_t rcumem_virt2iova(const struct rcumem_space *space, const void *virt, uint64_t *len)
{
	uint64_t va = (uint64_t)(uintptr_t)virt;
	uint64_t one = 1, want, done, iova;
	uint64_t *out = len ? len : &one;

	if (space)
		return space_virt2iova(space, virt, len);
	want = *out;
	/* The index leads from this address, taken as an IO address, to itself: that is the answer,
	 * in mode VA for all pages in use.  Linearization point: the last load of the descent. */
	if (want == 1 && rcu_radix_view_near(&runtime_view.iova_index, va) == INDEX_DIRECT)
		return va;
	done = want;
	iova = want ? translate_virt(va, &done) : RTE_BAD_IOVA;
	if (iova == RTE_BAD_IOVA)
		done = 0;
	while (done < want && done) {
		uint64_t part = want - done;

		if (va + done < va || translate_virt(va + done, &part) != iova + done)
			break;
		done += part;
	}
	*out = done;
	return iova;
}
