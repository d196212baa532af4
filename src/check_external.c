/* SPDX-License-Identifier: BSD-3-Clause */
/* What stands in the storage of external lists: descriptors, their marks, and pieces. */

#include <rte_memory.h>

#include "check_state.h"
#include "fbarray.h"

static const struct piece *pieces_of(const struct check *check, uint32_t i)
{
	uint64_t off;

	check_inside(check, (uint64_t)(uintptr_t)check->states[i].pieces, 0, &off);
	return (const void *)(check->image->base + off);
}

/* Sorted, disjoint, and each within the list's addresses. */
static bool pieces_sound(struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const struct piece *pieces = pieces_of(check, i);
	uint64_t len = (uint64_t)state->n_pages << state->page_shift;

	for (uint32_t p = 0; p < state->n_pieces; p++) {
		const struct piece *piece = &pieces[p];
		uint64_t from = piece->va - state->base;

		if (piece->last < piece->first || (p && piece->first <= pieces[p - 1].last) ||
			piece->va < state->base || from >= len ||
			piece->last - piece->first >= len - from) {
			check_finding(check, "list %u: piece %u is out of order or range", i, p);
			return false;
		}
	}
	return true;
}

static const char *page_fault(
	const struct check *check, uint32_t i, uint32_t page, const struct segment_mirror *s)
{
	const struct list_state *state = &check->states[i];

	if (s->addr != segment_va(state, page) || s->len != 1ull << state->page_shift ||
		s->hugepage_sz != s->len || s->socket_id != state->socket)
		return "its descriptor is not complete";
	if (s->iova != RTE_BAD_IOVA &&
		piece_find(pieces_of(check, i), state->n_pieces, s->iova) == NULL)
		return "its IO address is in no piece";
	return NULL;
}

static void check_list_pages(struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const struct segment_mirror *slots;
	const uint64_t *mask;
	uint64_t off;

	check_inside(check, (uint64_t)(uintptr_t)check->lists[i].memseg_arr.data, 0, &off);
	slots = (const void *)(check->image->base + off);
	mask = (const void *)(check->image->base + off +
			      fbarray_mask_off(state->n_pages, sizeof(struct rte_memseg)));
	for (uint32_t page = 0; page < state->n_pages; page++) {
		const char *fault = check_bit(mask, page) ? page_fault(check, i, page, &slots[page])
							  : "it is not marked as used";

		if (fault)
			check_finding(check, "list %u page %u: %s", i, page, fault);
	}
	if (check->lists[i].memseg_arr.count != state->n_pages)
		check_finding(check, "list %u: %u pages are counted, %u are in use", i,
			check->lists[i].memseg_arr.count, state->n_pages);
}

/* Each piece is found by its first and its last address: as itself, or among several. */
static void check_list_index(struct check *check, uint32_t i)
{
	const struct list_state *state = &check->states[i];
	const struct piece *pieces = pieces_of(check, i);

	for (uint32_t p = 0; p < state->n_pieces; p++) {
		uint64_t first = check_lookup(check, CHECK_TREE_EXT, pieces[p].first);
		uint64_t last = check_lookup(check, CHECK_TREE_EXT, pieces[p].last);

		if (first == 0 || last == 0)
			check_finding(
				check, "list %u piece %u: the index does not lead to it", i, p);
	}
	if (check_lookup(check, CHECK_TREE_VA, state->base) == 0 ||
		check_lookup(check, CHECK_TREE_VA, segment_va(state, state->n_pages) - 1) == 0)
		check_finding(check, "list %u: the index does not lead to it", i);
}

void check_external(struct check *check)
{
	uint32_t cnt = 0;

	if (!check->still)
		return;
	for (uint32_t i = check->layout->n_internal; i < check->region->max_lists; i++) {
		cnt += check->states[i].kind == LIST_EXTERNAL;
		if (!check_external_shown(check, i))
			continue;
		if (!pieces_sound(check, i)) {
			check->readable[i] = false;
			continue;
		}
		check_list_pages(check, i);
		check_list_index(check, i);
	}
	if (check->region->external_cnt != cnt)
		check_finding(check, "external lists: %u are counted, %u are there",
			check->region->external_cnt, cnt);
}
