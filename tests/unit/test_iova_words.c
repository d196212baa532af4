/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Pages of 4 KiB that are plugged together share a word of the IOVA index, 512
 * at a time, until some of them are freed.
 */

#include "support_death.h"

#define PAGE  RTE_PGSIZE_4K
#define WORD  512u        /* Pages under a word of 2 MiB. */
#define PAGES (4u * WORD) /* Of the model. */

static struct {
	char *base;
	bool used[PAGES];
} model;

static uint32_t nodes(void)
{
	return rcu_radix_node_cnt(runtime_region()->iova_index);
}

static char *small_get(size_t n)
{
	char *va = rcumem_pages_alloc(n * PAGE, PAGE, SOCKET_ID_ANY, 0);

	assert_non_null(va);
	return va;
}

static int whole_image_sound(void)
{
	struct region_image image;
	int findings = -1;

	if (region_image_take(&image, runtime.region_fd, runtime.list_fds,
		    runtime_region()->n_internal) == 0) {
		findings = check_image(&image, finding_print, NULL);
		region_image_free(&image);
	}
	return findings == 0;
}

static void assert_found(const char *va, size_t n, bool there)
{
	for (size_t i = 0; i < n; i++)
		if (rte_mem_iova2virt((uint64_t)(uintptr_t)va + i * PAGE + 7) !=
			(there ? va + i * PAGE + 7 : NULL))
			fail_msg("page %zu is %s", i, there ? "not found" : "found");
}

static void pages_plugged_together_need_a_node_only_where_a_part_is_freed(void **state)
{
	uint32_t before = nodes();
	char *pages = small_get(PAGES);

	(void)state;
	assert_int_equal((uintptr_t)pages % (WORD * PAGE), 0);
	assert_int_equal(nodes(), before + 1); /* Of the window: its words of 2 MiB. */
	assert_found(pages, PAGES, true);
	assert_int_equal(rcumem_pages_free(pages, WORD * PAGE), 0);
	assert_int_equal(nodes(), before + 1);
	assert_int_equal(rcumem_pages_free(pages + (WORD + 9) * PAGE, PAGE), 0);
	assert_int_equal(nodes(), before + 2);
	assert_found(pages, WORD, false);
	assert_found(pages + WORD * PAGE, 9, true);
	assert_found(pages + (WORD + 9) * PAGE, 1, false);
	assert_found(pages + (WORD + 10) * PAGE, PAGES - WORD - 10, true);
	assert_int_equal(rcumem_pages_free(pages + WORD * PAGE, 9 * PAGE), 0);
	assert_int_equal(
		rcumem_pages_free(pages + (WORD + 10) * PAGE, (PAGES - WORD - 10) * PAGE), 0);
	assert_found(pages, PAGES, false);
}

/* Runs of pages that are in use, or not, from one on. */
static uint32_t run_from(uint32_t at, uint32_t most)
{
	uint32_t n = 1;

	while (n < most && at + n < PAGES && model.used[at + n] == model.used[at])
		n++;
	return n;
}

static void step(void)
{
	uint32_t at = (uint32_t)random_below(PAGES);
	uint32_t n = run_from(at, (uint32_t)random_size(11));
	char *va = model.base + at * PAGE;

	if (model.used[at]) {
		assert_int_equal(rcumem_pages_free(va, n * PAGE), 0);
	} else {
		va = small_get(n);
		at = (uint32_t)((size_t)(va - model.base) / PAGE);
		if (at + n > PAGES) { /* No hole was large enough. */
			assert_int_equal(rcumem_pages_free(va, n * PAGE), 0);
			return;
		}
	}
	for (uint32_t i = at; i < at + n; i++)
		model.used[i] = !model.used[i];
}

static void any_parts_come_and_go_and_lookups_follow(void **state)
{
	(void)state;
	for (unsigned int round = 0; round < 20; round++) {
		model.base = small_get(PAGES);
		memset(model.used, true, sizeof(model.used));
		for (unsigned int i = 0; i < 30; i++) {
			step();
			for (uint32_t page = 0; page < PAGES; page++)
				assert_found(model.base + page * PAGE, 1, model.used[page]);
		}
		assert_true(whole_image_sound());
		for (uint32_t at = 0, n; at < PAGES; at += n) {
			n = run_from(at, PAGES);
			if (model.used[at])
				assert_int_equal(
					rcumem_pages_free(model.base + at * PAGE, n * PAGE), 0);
		}
	}
}

static void free_for_which_the_index_has_no_node_changes_nothing(void **state)
{
	struct rcumem_options opts = test_options();
	char *pages;

	(void)state;
	opts.max_nodes = 1;
	opts.page_sizes = PAGE;
	runtime_start(&opts);
	pages = small_get(PAGES);
	assert_int_equal(rcumem_pages_free(pages, PAGE), 0);
	assert_fails(rcumem_pages_free(pages + (WORD - 1) * PAGE, 2 * PAGE), ENOSPC);
	assert_found(pages + PAGE, PAGES - 1, true);
	assert_int_equal(runtime_region()->stats.segments, PAGES - 1);
	assert_true(whole_image_sound());
	assert_int_equal(rcumem_pages_free(pages + PAGE, (PAGES - 1) * PAGE), 0);
	assert_found(pages, PAGES, false);
	runtime_stop();
}

/* ---- A writer dies ---- */

static int alloc_all(void)
{
	scene.pages = small_get(PAGES);
	return 0;
}

/* Of the first word the second half, of the second all, of the third the first half. */
static int free_middle(void)
{
	return rcumem_pages_free(scene.pages + WORD / 2 * PAGE, 2 * WORD * PAGE);
}

static bool is_used(const void *va)
{
	return ((const struct rte_memseg *)rte_mem_virt2memseg(va, NULL))->addr != NULL;
}

static void die_at(const char *name, int (*run)(void))
{
	struct death death = run_with(run, &(struct death){.name = name});

	assert_true(death.died);
	assert_int_equal(recover(), 0);
	pages_put(pages_get(1), 1); /* Reclaims what readers have passed. */
	assert_true(nothing_waits(runtime_region()));
	assert_true(whole_image_sound());
}

static void death_in_alloc_of_whole_words_is_undone_or_completed(void **state)
{
	static const char *const names[] = {"plug.backed", "radix.node", "plug.page",
		"plug.described", "radix.word", "plug.shown", "plug.published"};
	char *pages = small_get(PAGES), *before, *behind;

	(void)state;
	if (!HAVE_POINTS)
		skip();
	assert_int_equal(rcumem_pages_free(pages, PAGES * PAGE), 0);
	before = small_get(3); /* So that both ends cover a word in part. */
	scene_set();
	behind = before + (page_sz == PAGE ? 3 + STAY_PAGES : 3) * PAGE;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		bool used;

		die_at(names[i], alloc_all);
		used = is_used(pages + WORD * PAGE);
		assert_int_equal(used, strcmp(names[i], "plug.published") == 0);
		assert_found(pages + WORD * PAGE, WORD, used);
		if (used)
			assert_int_equal(rcumem_pages_free(behind, PAGES * PAGE), 0);
	}
	assert_int_equal(rcumem_pages_free(before, 3 * PAGE), 0);
	scene_clear();
}

static void death_in_free_of_parts_of_words_is_completed_or_has_not_begun(void **state)
{
	static const char *const names[] = {"radix.node", "free.claimed", "radix.word",
		"unpublish.withdrawn", "unpublish.published", "reclaim.page"};

	(void)state;
	if (!HAVE_POINTS)
		skip();
	scene_set();
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		alloc_all();
		scene.n = 0; /* A walk sees a part of what was plugged together. */
		die_at(names[i], free_middle);
		assert_found(scene.pages, WORD / 2, true);
		assert_found(scene.pages + WORD / 2 * PAGE, 2 * WORD, i < 2);
		assert_found(scene.pages + 5 * WORD / 2 * PAGE, PAGES - 5 * WORD / 2, true);
		for (uint32_t at = 0; at < PAGES; at += WORD / 2)
			if (is_used(scene.pages + at * PAGE))
				assert_int_equal(
					rcumem_pages_free(scene.pages + at * PAGE, WORD / 2 * PAGE),
					0);
	}
	scene_clear();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(pages_plugged_together_need_a_node_only_where_a_part_is_freed),
		CASE(any_parts_come_and_go_and_lookups_follow),
		BARE_CASE(free_for_which_the_index_has_no_node_changes_nothing),
		CASE(death_in_alloc_of_whole_words_is_undone_or_completed),
		CASE(death_in_free_of_parts_of_words_is_completed_or_has_not_begun),
	};

	return RUN_CASES("words of the IOVA index", cases);
}
