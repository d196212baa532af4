/* SPDX-License-Identifier: BSD-3-Clause */
#include "external_lookup.h"
#include "index.h"
#include "piece.h"
#include "point.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot.h"

/* True when the snapshot that the caller took shows the list. */
static bool external_alive(const struct list_state *state, uint64_t root)
{
	uint64_t seq = snapshot_seq(root);

	/*
	 * Acquire pairs with external_unpublish() and external_undo(); `born` was
	 * written before the index word that led here, and the section keeps the
	 * record from reuse.  A record that is not in use has died at 0.
	 */
	return state->born <= seq && seq < rcu_load_acquire(&state->died);
}

static bool contains(const struct region *region, uint32_t list, uint64_t va)
{
	const struct list_state *state = &region->states[list];
	uint64_t len = (uint64_t)state->n_pages << state->page_shift % 64;

	return va >= state->base && va - state->base < len && list_sound(region, list);
}

/* The list that contains `va` among all that a snapshot shows; -1. */
static int64_t search_va(const struct region *region, uint64_t root, uint64_t va)
{
	const struct snapshot_entry *entry;
	int64_t list = -1;

	while ((list = snapshot_next_list(region, root, (uint32_t)(list + 1), &entry)) >= 0)
		if (contains(region, (uint32_t)list, va))
			break;
	return list;
}

/* Inside a section. */
static int64_t find_list(const struct region *region, uint64_t word, uint64_t va)
{
	uint64_t root = snapshot_get(region);
	uint32_t list = index_list(word);

	if (index_tag(word) == INDEX_EXTERNAL && list < region->max_lists &&
		external_alive(&region->states[list], root))
		return contains(region, list, va) ? (int64_t)list : -1;
	/* Several lists share the word, or the one it names came or went meanwhile. */
	return search_va(region, root, va);
}

struct rte_memseg_list *external_list_of(struct region *region, uint64_t va)
{
	int64_t list;

	if (region == NULL || rcu_section_enter())
		return NULL;
	/* The word is loaded inside the section, which keeps the list it names. */
	list = find_list(region, rcu_radix_lookup(region->va_index, va), va);
	rcu_section_exit();
	return list < 0 ? NULL : &region->lists[list];
}

struct rte_memseg *external_segment_of(struct region *region, uint64_t va)
{
	struct rte_memseg *ms = NULL;
	int64_t list;

	if (region == NULL || rcu_section_enter())
		return NULL;
	list = find_list(region, rcu_radix_lookup(region->va_index, va), va);
	if (list >= 0 && runtime_list_attached(region, (uint32_t)list))
		ms = segment_public(region, (uint32_t)list,
			(uint32_t)((va - region->states[list].base) >>
				   region->states[list].page_shift));
	rcu_section_exit();
	return ms;
}

bool external_list_attached(const struct region *region, const struct rte_memseg_list *msl)
{
	return region && msl >= region->lists && msl < region->lists + region->max_lists &&
	       runtime_list_attached(region, (uint32_t)(msl - region->lists)) &&
	       external_list_sound(region, (uint32_t)(msl - region->lists)) && msl->page_sz;
}

static void *piece_answer(const struct piece *piece, uint64_t iova, uint64_t *len)
{
	if (piece->last - iova < *len - 1)
		*len = piece->last - iova + 1;
	return (void *)(uintptr_t)(piece->va + (iova - piece->first));
}

/* The first piece in walk order among the attached lists that a snapshot shows; *len is cut to
 * where a list before its own has one. */
static const struct piece *search_iova(
	const struct region *region, uint64_t root, uint64_t iova, uint64_t *len)
{
	const struct snapshot_entry *entry;
	int64_t list = region->n_internal - 1;

	while ((list = snapshot_next_list(region, root, (uint32_t)(list + 1), &entry)) >= 0) {
		const struct list_state *state = &region->states[list];
		const struct piece *piece;
		uint64_t gap;

		if (!runtime_list_attached(region, (uint32_t)list) ||
			!external_list_sound(region, (uint32_t)list))
			continue;
		piece = piece_find(state->pieces, state->n_pieces, iova);
		if (piece)
			return piece;
		gap = piece_gap(state->pieces, state->n_pieces, iova);
		if (gap < *len)
			*len = gap;
	}
	return NULL;
}

/* Inside a section.  *len is cut to where another list may begin. */
static const struct piece *find_piece(const struct region *region, uint64_t iova, uint64_t *len)
{
	const struct rcu_radix_found found = rcu_radix_find(region->ext_index, iova);
	const uint64_t word = found.word;
	uint32_t list = index_list(word);
	uint64_t root;

	TEST_POINT("lookup.piece");
	root = snapshot_get(region);
	if (index_tag(word) == INDEX_EXTERNAL && list < region->max_lists &&
		external_alive(&region->states[list], root) &&
		runtime_list_attached(region, list)) {
		const struct piece *piece;

		*len = rcu_radix_found_run(&found, iova, *len);
		if (!external_list_sound(region, list) ||
			index_piece(word) >= region->states[list].n_pieces)
			return NULL;
		piece = &region->states[list].pieces[index_piece(word)];
		return iova >= piece->first && iova <= piece->last ? piece : NULL;
	}
	return word ? search_iova(region, root, iova, len) : NULL;
}

void *external_iova2virt(uint64_t iova, uint64_t *len)
{
	const struct region *region = runtime_region();
	const struct piece *piece;
	uint64_t one = 1;
	void *va = NULL;

	/* Acquire pairs with publish_list(): a registration that is complete is counted. */
	if (region == NULL || rcu_load_acquire(&region->external_cnt) == 0 ||
		iova == RTE_BAD_IOVA || rcu_section_enter())
		return NULL;
	if (len == NULL)
		len = &one;
	piece = find_piece(region, iova, len);
	if (piece)
		va = piece_answer(piece, iova, len);
	rcu_section_exit();
	return va;
}
