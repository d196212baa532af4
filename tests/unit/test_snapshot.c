/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Snapshots against one byte for each page, at every height of the tree.
 * RCUMEM_SEED repeats a run.
 */

#include "support_region.h"

/* ---- The model ---- */

#define PAGES_MAX (1u << 20)

struct model {
	uint32_t n[LISTS];
	uint8_t *used[LISTS];
};

static struct model model_new(void)
{
	struct model model;

	for (int i = 0; i < LISTS; i++) {
		model.n[i] = region->states[i].n_pages;
		model.used[i] = calloc(model.n[i], 1);
		assert_non_null(model.used[i]);
	}
	return model;
}

static struct model model_copy(const struct model *model)
{
	struct model copy = model_new();

	for (int i = 0; i < LISTS; i++)
		memcpy(copy.used[i], model->used[i], model->n[i]);
	return copy;
}

static void model_free(struct model *model)
{
	for (int i = 0; i < LISTS; i++)
		free(model->used[i]);
}

/* ---- Comparing ---- */

struct compare {
	const uint8_t *used;
	uint32_t at; /* All below was compared. */
	uint64_t cnt;
};

static int compare_run(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	struct compare *compare = ctx;

	(void)list;
	/* Runs are as long as they can be, so that a free page is between any two. */
	assert_true(n > 0 && (compare->at == 0 || first > compare->at));
	for (; compare->at < first; compare->at++)
		assert_int_equal(compare->used[compare->at], 0);
	for (; compare->at < first + n; compare->at++)
		assert_int_equal(compare->used[compare->at], 1);
	compare->cnt += n;
	return 0;
}

static void assert_same(uint64_t root, const struct model *model)
{
	for (uint32_t list = 0; list < LISTS; list++) {
		const struct snapshot_entry *entry = snapshot_entry(region, root, list);
		struct compare compare = {.used = model->used[list]};
		int ret = -1;

		assert_int_equal(entry->active, 1);
		assert_int_equal(
			snapshot_runs(region, entry, list, compare_run, &compare, &ret), 0);
		assert_int_equal(ret, 0);
		for (; compare.at < model->n[list]; compare.at++)
			assert_int_equal(compare.used[compare.at], 0);
		assert_int_equal(entry->used, compare.cnt);
	}
}

/* ---- Random changes ---- */

/* A range whose pages are all used, or all free: its length; `first` is where it begins. */
static uint32_t random_range(const struct model *model, uint32_t list, uint32_t *first)
{
	uint32_t most = (uint32_t)random_size(1 + (unsigned int)random_below(21));
	uint32_t n = 1;

	*first = (uint32_t)random_below(model->n[list]);
	/* The edges of blocks, where a mistake would show. */
	if (random_below(2))
		*first = *first / SNAPSHOT_LEAF_PAGES * SNAPSHOT_LEAF_PAGES;
	while (n < most && *first + n < model->n[list] &&
		model->used[list][*first + n] == model->used[list][*first])
		n++;
	return n;
}

static void change(struct snapshot_edit *edit, struct model *model)
{
	uint32_t list = (uint32_t)random_below(LISTS), first;
	uint32_t n = random_range(model, list, &first);
	bool used = !model->used[list][first];

	snapshot_set_pages(edit, list, first, n, used);
	memset(model->used[list] + first, used, n);
}

static void publish_changes(struct model *model, unsigned int n)
{
	struct snapshot_edit edit;

	assert_int_equal(snapshot_reserve(region, snapshot_cost(PAGES_MAX) * n, NULL), 0);
	snapshot_begin(&edit, region);
	for (; n; n--)
		change(&edit, model);
	snapshot_publish(&edit);
}

/* Heights: 0 for the larger pages in any case. */
static void check_list_len(uint64_t list_len, unsigned int height, unsigned int changes)
{
	struct model model;

	region_open(list_len);
	assert_int_equal(snapshot_height(region->states[LIST_OF_4K].n_pages), height);
	assert_int_equal(snapshot_height(region->states[LIST_OF_2M].n_pages), 0);
	model = model_new();
	for (unsigned int i = 0; i < changes; i++) {
		publish_changes(&model, 1 + (unsigned int)random_below(3));
		if (i % 20 == 0)
			assert_same(snapshot_get(region), &model);
	}
	assert_same(snapshot_get(region), &model);
	assert_true(blocks_sound(region));
	model_free(&model);
	region_close();
}

static void random_changes_match_the_model_at_every_height(void **state)
{
	(void)state;
	check_list_len(1ull << 30, 1, 400);
	check_list_len(4ull << 30, 2, 200);
}

static void heights_are_the_least_that_suffice(void **state)
{
	const uint64_t leaf = SNAPSHOT_LEAF_PAGES, children = SNAPSHOT_CHILDREN;

	(void)state;
	assert_int_equal(snapshot_height(1), 0);
	assert_int_equal(snapshot_height((uint32_t)leaf), 0);
	assert_int_equal(snapshot_height((uint32_t)leaf + 1), 1);
	assert_int_equal(snapshot_height((uint32_t)(leaf * children)), 1);
	assert_int_equal(snapshot_height((uint32_t)(leaf * children) + 1), 2);
	assert_int_equal(snapshot_height((uint32_t)(leaf * children * children)), 2);
	assert_int_equal(snapshot_height((uint32_t)(leaf * children * children) + 1), 3);
}

/* INV-SNAPSHOT-1 */
static void snapshot_that_a_reader_holds_does_not_change(void **state)
{
	struct model model, then;
	uint64_t root;

	(void)state;
	region_open(1ull << 30);
	model = model_new();
	publish_changes(&model, 3);
	assert_int_equal(rcu_section_enter(), 0);
	root = snapshot_get(region);
	then = model_copy(&model);
	for (int i = 0; i < 300; i++)
		publish_changes(&model, 1);
	assert_same(root, &then);
	assert_same(snapshot_get(region), &model);
	rcu_section_exit();
	model_free(&then);
	model_free(&model);
	region_close();
}

static void replaced_blocks_are_used_again(void **state)
{
	struct model model;
	uint32_t next;

	(void)state;
	region_open(1ull << 30);
	model = model_new();
	for (int i = 0; i < 2000; i++)
		publish_changes(&model, 1);
	next = region->snapshots->next;
	for (int i = 0; i < 4000; i++)
		publish_changes(&model, 1);
	/* Live ones can grow by a few, not by what 4,000 changes replace. */
	assert_true(region->snapshots->next < next + 1000);
	assert_true(blocks_sound(region));
	model_free(&model);
	region_close();
}

/* Blocks of the picture after a change, the replaced ones given back. */
static uint32_t blocks_after(uint32_t first, uint32_t n, bool used)
{
	struct snapshot_edit edit;

	assert_int_equal(snapshot_reserve(region, snapshot_cost(n), NULL), 0);
	snapshot_begin(&edit, region);
	snapshot_set_pages(&edit, LIST_OF_4K, first, n, used);
	snapshot_publish(&edit);
	snapshot_reclaim(region, UINT64_MAX);
	return snapshot_blocks_used(region);
}

/* However they came to be in use: a walk passes over them by one look. */
static void what_is_in_use_as_a_whole_takes_no_blocks(void **state)
{
	const uint32_t leaf = SNAPSHOT_LEAF_PAGES, all = leaf * SNAPSHOT_CHILDREN;
	uint32_t none;

	(void)state;
	region_open(4ull << 30); /* Directories of two levels. */
	snapshot_reclaim(region, UINT64_MAX);
	none = snapshot_blocks_used(region);
	assert_int_equal(blocks_after(0, 1, true), none + 3);
	assert_int_equal(blocks_after(1, leaf - 1, true), none + 2); /* The leaf is full. */
	assert_int_equal(blocks_after(leaf, all - leaf - 1, true), none + 3);
	assert_int_equal(blocks_after(all - 1, 1, true), none + 1); /* The directory, too. */
	assert_int_equal(blocks_after(all, all, true), none + 1);
	assert_int_equal(blocks_after(all + 5, 1, false), none + 3); /* And back. */
	assert_int_equal(blocks_after(all + 5, 1, true), none + 1);
	assert_int_equal(blocks_after(0, 2 * all, false), none);
	assert_true(blocks_sound(region));
	region_close();
}

static void readers_that_hold_too_many_blocks_are_named(void **state)
{
	struct rcu_culprit culprit = {0};
	struct snapshot_edit edit;

	(void)state;
	region_open(1ull << 30);
	assert_int_equal(rcu_section_enter(), 0);
	while (snapshot_reserve(region, snapshot_cost(1), &culprit) == 0) {
		snapshot_begin(&edit, region);
		snapshot_set_pages(&edit, LIST_OF_4K, 0, 1,
			snapshot_entry(region, snapshot_get(region), LIST_OF_4K)->used == 0);
		snapshot_publish(&edit);
	}
	assert_int_equal(culprit.tid, gettid());
	rcu_section_exit();
	assert_int_equal(snapshot_reserve(region, snapshot_cost(1), &culprit), 0);
	assert_true(blocks_sound(region));
	region_close();
}

/* INV-SNAPSHOT-3, INV-SNAPSHOT-4 */
static void sweep_finds_the_blocks_of_an_edit_that_was_lost(void **state)
{
	struct model model, lost;
	struct snapshot_edit edit;

	(void)state;
	region_open(1ull << 30);
	model = model_new();
	for (int i = 0; i < 100; i++) {
		const struct snapshot_pool *pool = region->snapshots;
		uint32_t at_hand;

		publish_changes(&model, 2);
		assert_int_equal(snapshot_reserve(region, snapshot_cost(PAGES_MAX) * 2, NULL), 0);
		at_hand = pool->free_cnt + pool->max - pool->next;
		lost = model_copy(&model);
		snapshot_begin(&edit, region);
		change(&edit, &lost);
		change(&edit, &lost);
		model_free(&lost);
		snapshot_sweep(region);
		assert_true(blocks_sound(region));
		assert_true(pool->free_cnt + pool->max - pool->next >= at_hand);
		if (i % 10 == 0)
			assert_same(snapshot_get(region), &model);
	}
	model_free(&model);
	region_close();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(random_changes_match_the_model_at_every_height),
		cmocka_unit_test(heights_are_the_least_that_suffice),
		cmocka_unit_test(snapshot_that_a_reader_holds_does_not_change),
		cmocka_unit_test(replaced_blocks_are_used_again),
		cmocka_unit_test(what_is_in_use_as_a_whole_takes_no_blocks),
		cmocka_unit_test(readers_that_hold_too_many_blocks_are_named),
		cmocka_unit_test(sweep_finds_the_blocks_of_an_edit_that_was_lost),
	};

	random_begin();
	return cmocka_run_group_tests_name("snapshot", cases, NULL, NULL);
}
