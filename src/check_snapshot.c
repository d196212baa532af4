/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The published picture, and where each block is: reachable, retired or free
 * (INV-SNAPSHOT-3).
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "check_state.h"
#include "snapshot_edit.h"

enum place {
	NOWHERE,
	REACHABLE,
	RETIRED,
	FREE,
};

/* The descent from one root. */
struct picture {
	struct check *check;
	uint8_t *places; /* Of each block. */
	uint32_t list;   /* Below which entry. */
};

static uint32_t root_block(const struct check *check)
{
	return snapshot_root_block(check->region->root);
}

static bool block_exists(const struct check *check, uint32_t block)
{
	return block && block < check->pool->next && block < check->layout->snapshot_max;
}

/* Enter a block: false when it is none, or was entered before. */
static bool enter(struct picture *picture, uint32_t block)
{
	struct check *check = picture->check;

	if (!block_exists(check, block)) {
		check_finding(check, "snapshot: there is no block %u", block);
		return false;
	}
	if (picture->places[block] != NOWHERE) {
		check_finding(check, "snapshot: block %u is reachable twice", block);
		return false;
	}
	picture->places[block] = REACHABLE;
	if (check->born[block] > snapshot_seq(check->region->root))
		check_finding(
			check, "snapshot: block %u is reachable, and of a picture to come", block);
	return true;
}

static void take_leaf(struct picture *picture, const struct snapshot_block *block, uint64_t base)
{
	struct check_list *list = &picture->check->internal[picture->list];

	for (uint32_t w = 0; w < SNAPSHOT_LEAF_PAGES / 64; w++) {
		uint64_t first = base + w * 64ull, mask = block->mask[w];

		if (mask == 0)
			continue;
		if (first >= list->at.n_pages ||
			mask & ~check_range_bits(first / 64, 0, list->at.n_pages)) {
			check_finding(picture->check,
				"snapshot: list %u has no page %llu that is in use", picture->list,
				(unsigned long long)(first + 63 -
						     (unsigned int)__builtin_clzll(mask)));
			continue;
		}
		list->in_use[first / 64] = mask;
		list->used += (unsigned int)__builtin_popcountll(mask);
	}
}

/* All pages of a range. */
static void take_all(struct picture *picture, uint64_t base, uint64_t n)
{
	struct check_list *list = &picture->check->internal[picture->list];

	if (base + n > list->at.n_pages) {
		check_finding(picture->check, "snapshot: list %u has no page %llu that is in use",
			picture->list, (unsigned long long)(base + n - 1));
		return;
	}
	memset(&list->in_use[base / 64], 0xff, n / 8);
	list->used += n;
}

/* Below a block that covers pages from `base` on; depth is at most 3. */
static void take_pages(struct picture *picture, uint32_t block, unsigned int height, uint64_t base)
{
	const struct snapshot_block *b;

	if (block == 0)
		return;
	if (block == SNAPSHOT_ALL) {
		take_all(picture, base, snapshot_span(height));
		return;
	}
	if (!enter(picture, block))
		return;
	b = &picture->check->blocks[block];
	if (height == 0) {
		take_leaf(picture, b, base);
		return;
	}
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN; i++)
		take_pages(picture, b->child[i], height - 1, base + i * snapshot_span(height - 1));
}

static const char *entry_fault(
	const struct check *check, uint32_t i, const struct snapshot_entry *entry)
{
	const struct list_state *state = &check->states[i];
	bool internal = i < check->layout->n_internal;

	if (entry->active > 1 || entry->full > 1 || entry->pad)
		return "its entry is damaged";
	if (!entry->active)
		return entry->child || entry->full || entry->used ? "it is not shown, but has pages"
								  : NULL;
	if (i >= check->region->max_lists || i >= check->region->list_high)
		return "it is shown, and above the highest list";
	if (internal)
		return entry->full || entry->height !=
					       snapshot_height(check->internal[i].at.n_pages)
			       ? "its entry has another size"
			       : NULL;
	if (check->still && state->kind != LIST_EXTERNAL)
		return "it is shown, and not there";
	if (!entry->full || entry->child || (check->still && entry->used != state->n_pages))
		return "its entry has another size";
	return NULL;
}

static void take_entry(struct picture *picture, uint32_t i, const struct snapshot_entry *entry)
{
	struct check *check = picture->check;
	const char *fault = entry_fault(check, i, entry);

	if (fault) {
		check_finding(check, "snapshot: list %u: %s", i, fault);
		return;
	}
	if (!entry->active)
		return;
	check->shown[i] = true;
	if (i >= check->layout->n_internal)
		return;
	picture->list = i;
	take_pages(picture, entry->child, entry->height, 0);
	if (entry->used != check->internal[i].used)
		check_finding(check, "snapshot: list %u counts %llu pages, and shows %llu", i,
			(unsigned long long)entry->used,
			(unsigned long long)check->internal[i].used);
}

static void take_picture(struct picture *picture)
{
	struct check *check = picture->check;
	uint32_t root = root_block(check);

	if (!enter(picture, root))
		return;
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN; i++) {
		uint32_t table = check->blocks[root].child[i];

		if (table == 0 || !enter(picture, table))
			continue;
		for (uint32_t k = 0; k < SNAPSHOT_ENTRIES; k++)
			take_entry(
				picture, i * SNAPSHOT_ENTRIES + k, &check->blocks[table].entry[k]);
	}
	for (uint32_t i = 0; i < check->region->max_lists; i++)
		if (!check->shown[i] &&
			(i < check->layout->n_internal ||
				(check->still && check->states[i].kind == LIST_EXTERNAL)))
			check_finding(check, "snapshot: list %u is not shown", i);
}

/* ---- Blocks ---- */

static void put(struct picture *picture, uint32_t block, enum place place)
{
	static const char *const names[] = {"nowhere", "reachable", "retired", "free"};
	struct check *check = picture->check;

	if (!block_exists(check, block))
		check_finding(
			check, "snapshot: block %u is %s, and does not exist", block, names[place]);
	else if (picture->places[block] != NOWHERE)
		check_finding(check, "snapshot: block %u is %s and %s", block,
			names[picture->places[block]], names[place]);
	else
		picture->places[block] = (uint8_t)place;
}

/* INV-SNAPSHOT-4 */
static void check_born(struct check *check, uint32_t block, uint64_t born)
{
	if (block < check->layout->snapshot_max && check->born[block] != born)
		check_finding(check, "snapshot: block %u does not say where it stands", block);
}

static void take_free(struct picture *picture)
{
	struct check *check = picture->check;

	for (uint32_t i = 0; i < check->pool->free_cnt; i++) {
		uint32_t block = check->free[i];

		put(picture, block, FREE);
		check_born(check, block, SNAPSHOT_FREE | i);
	}
}

static void take_retired(struct picture *picture)
{
	struct check *check = picture->check;
	const struct snapshot_pool *pool = check->pool;

	for (uint64_t i = pool->ring_head; i != pool->ring_tail; i++) {
		const struct snapshot_retired *r = &check->ring[i % check->layout->snapshot_max];

		put(picture, r->block, RETIRED);
		check_born(check, r->block, SNAPSHOT_RETIRED | i);
		if (r->ticket == 0 || r->ticket > check->domain->sequence)
			check_finding(check,
				"snapshot: block %u waits for a ticket that was never drawn",
				r->block);
	}
}

static bool pool_sound(struct check *check)
{
	const struct snapshot_pool *pool = check->pool;
	uint32_t max = check->layout->snapshot_max;

	if (pool->next < 2 || pool->next > max || pool->free_cnt >= pool->next ||
		pool->ring_tail - pool->ring_head >= pool->next) {
		check_finding(check, "snapshot: the numbers of blocks are out of range");
		return false;
	}
	return true;
}

void check_snapshot(struct check *check)
{
	struct picture picture = {.check = check};

	picture.places = calloc(check->layout->snapshot_max, 1);
	if (picture.places == NULL) {
		check->err = -ENOMEM;
		return;
	}
	take_picture(&picture);
	if (check->idle && pool_sound(check)) {
		take_free(&picture);
		take_retired(&picture);
		for (uint32_t b = 1; b < check->pool->next; b++)
			if (picture.places[b] == NOWHERE)
				check_finding(check, "snapshot: block %u is lost", b);
		for (uint32_t b = check->pool->next; b < check->layout->snapshot_max; b++)
			check_born(check, b, 0);
	}
	free(picture.places);
}
