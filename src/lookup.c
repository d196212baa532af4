/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lookups of rte_memory.h: contract rows L1-L20.
 *
 * Internal memory is answered from the radix trees alone, without a section:
 * words of va_index are written once, and a word of iova_index is the whole
 * answer.  External memory may go away as a list, so its lookups are sections.
 */

#include <stdbool.h>

#include "external_lookup.h"
#include "index.h"
#include "point.h"
#include "runtime.h"
#include "segment.h"

/* The descriptor of the page of a list that contains `va`, which lies in the list. */
static struct rte_memseg *list_segment(const struct rte_memseg_list *msl, uint64_t va)
{
	uint64_t page = (va - msl->addr_64) >> __builtin_ctzll(msl->page_sz);

	return (struct rte_memseg *)msl->memseg_arr.data + page;
}

/* A word that names another number is damaged. */
static struct rte_memseg_list *internal_list(const struct region *region, uint32_t list)
{
	return list < region->n_internal ? &region->lists[list] : NULL;
}

/* Any answer of va_index but a direct one. */
static __attribute__((noinline)) struct rte_memseg_list *list_of_word(uint64_t word, uint64_t va)
{
	struct region *region = runtime_region();

	switch (index_tag(word)) {
	case INDEX_DIRECT:
	case INDEX_PAGES:
		return internal_list(region, index_list(word));
	case INDEX_RANGE:
		return internal_list(region, index_range_list(word));
	case INDEX_EXTERNAL:
	case INDEX_MIXED:
		return external_list_of(region, va);
	default:
		return NULL;
	}
}

struct rte_memseg_list *rte_mem_virt2memseg_list(const void *virt)
{
	uint64_t va = (uint64_t)(uintptr_t)virt;

	return list_of_word(rcu_radix_view_lookup(&runtime_view.va_index, va), va);
}

/* Any answer of va_index but a direct one or none; arithmetic in the list found. */
static __attribute__((noinline)) struct rte_memseg *segment_of_word(uint64_t word, uint64_t va)
{
	const struct rte_memseg_list *msl;

	if (index_tag(word) == INDEX_EXTERNAL || index_tag(word) == INDEX_MIXED)
		return external_segment_of(runtime_region(), va);
	msl = list_of_word(word, va);
	return msl ? list_segment(msl, va) : NULL;
}

/* What the window does not answer: pages never plugged, external memory, what is in no list. */
static __attribute__((noinline, cold)) struct rte_memseg *segment_far(uint64_t va)
{
	return segment_of_word(rcu_radix_lookup(runtime_view.va_index.tree, va), va);
}

/* Arithmetic inside the list that the caller names. */
static __attribute__((noinline)) struct rte_memseg *segment_in_list(
	uint64_t va, const struct rte_memseg_list *msl)
{
	if (msl->addr_64 == 0 || va - msl->addr_64 >= msl->len)
		return NULL;
	if (msl->external && !external_list_attached(runtime_region(), msl))
		return NULL;
	return list_segment(msl, va);
}

struct rte_memseg *rte_mem_virt2memseg(const void *virt, const struct rte_memseg_list *msl)
{
	const struct rcu_radix_view *view = &runtime_view.va_index;
	uint64_t va = (uint64_t)(uintptr_t)virt;
	uint64_t word, i;

	if (__builtin_expect(msl != NULL, 0))
		return segment_in_list(va, msl);
	i = rcu_radix_view_index(view, va);
	if (__builtin_expect(i >= view->window_cnt, 0)) {
		/* Who asks often asks of memory that is not ours. */
		if (__builtin_expect(!rcu_radix_root_empty(view->tree, va), 0))
			return segment_far(va);
		return NULL;
	}
	word = rcu_radix_view_word(view, i);
	/* An empty word is told from the other two by its segment: a compare less.  Nodes have none
	 * of these tags: the few there are in this index are no hurry. */
	if (__builtin_expect(
		    (word & (RCU_RADIX_TAG ^ INDEX_DIRECT)) == 0 && index_segment(word), 1))
		return index_segment(word);
	if ((word & (RCU_RADIX_TAG ^ INDEX_PAGES)) == 0 && index_segment(word))
		return index_segment_in(word, va);
	return segment_far(va);
}

/* What the window does not answer. */
static __attribute__((noinline, cold)) void *iova2virt_far(uint64_t iova)
{
	uint64_t word = rcu_radix_lookup(runtime_view.iova_index.tree, iova);
	void *va = NULL;

	TEST_POINT("lookup.miss");
	if (index_tag(word) != INDEX_DIRECT) {
		va = external_iova2virt(iova, NULL);
		/* Internal memory that came meanwhile goes before external memory that came after
		 * it, and may have come before external memory went. */
		word = rcu_radix_lookup(runtime_view.iova_index.tree, iova);
	}
	return index_tag(word) == INDEX_DIRECT ? (void *)(uintptr_t)(iova + word - INDEX_DIRECT)
					       : va;
}

void *rte_mem_iova2virt(rte_iova_t iova)
{
	const struct rcu_radix_view *view = &runtime_view.iova_index;
	uint64_t word = rcu_radix_view_near(view, iova);
	const struct region *region = runtime_region();

	/* Linearization point: the last load of the descent, which is all the answer there is. */
	if (__builtin_expect(index_tag(word) == INDEX_DIRECT, 1))
		return (void *)(uintptr_t)(iova + word - INDEX_DIRECT);
	/* Acquire pairs with publish_list(): a registration that is complete is counted. */
	if (rcu_radix_view_index(view, iova) >= view->window_cnt &&
		rcu_radix_root_empty(view->tree, iova) && region &&
		rcu_load_acquire(&region->external_cnt) == 0 &&
		rcu_radix_root_empty(view->tree, iova)) /* Still: as in iova2virt_far(). */
		return NULL;
	return iova2virt_far(iova);
}
