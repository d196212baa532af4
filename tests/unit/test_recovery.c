/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Allocating and freeing pages: a writer that dies in the middle, and one that dies in the
 * recovery.
 */

#include "support_death.h"

static size_t many(void)
{
	return page_sz == RTE_PGSIZE_4K ? 70 : 5;
}

static void nothing_yet_of_many(void)
{
	scene.n = many();
}

static void many_pages_in_use(void)
{
	scene.n = many();
	assert_int_equal(alloc_n(scene.n), 0);
}

/* The middle one of three. */
static void middle_in_use(void)
{
	assert_int_equal(alloc_n(3), 0);
	scene.pages += page_sz;
	scene.n = 1;
}

/* Freed while a reader was inside, which has left since: the next writer reclaims. */
static void pages_in_quarantine(void)
{
	pages_in_use();
	assert_int_equal(actor_do(scene.reader, enter, NULL), 0);
	pages_put(scene.pages, scene.n);
	actor_do(scene.reader, leave, NULL);
}

static void event_seen(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	(void)arg;
}

/* As many pictures, of which a reader holds all, as leave just the blocks that the free needs. */
static void pages_in_use_and_few_blocks(void)
{
	struct region *region = runtime_region();
	struct snapshot_edit edit;

	pages_in_use();
	assert_int_equal(writer_begin(), 0);
	while (blocks_at_hand() >= snapshot_cost((uint32_t)scene.n) + 2) {
		snapshot_begin(&edit, region);
		snapshot_set_list(&edit, region->max_lists - 1, false, false, 0);
		snapshot_publish(&edit);
	}
	writer_end(0);
}

/* ---- The cases ---- */

static void death_in_alloc_is_undone_or_completed(void **state)
{
	(void)state;
	die_in("alloc of 2 pages", nothing_yet, alloc_subject);
}

static void death_in_alloc_of_many_pages_is_undone_or_completed(void **state)
{
	(void)state;
	die_in("alloc of many pages", nothing_yet_of_many, alloc_subject);
}

static void death_in_alloc_that_reclaims_loses_nothing(void **state)
{
	(void)state;
	die_waiting_in("alloc over a quarantine", pages_in_quarantine, alloc_subject, false);
}

static void death_in_alloc_beside_a_reader_gives_no_page_twice(void **state)
{
	(void)state;
	die_waiting_in("alloc beside a reader", nothing_yet, alloc_subject, true);
}

static void death_in_free_is_completed(void **state)
{
	(void)state;
	die_in("free of 3 pages", pages_in_use, free_subject);
}

static void death_in_free_of_many_pages_is_completed(void **state)
{
	(void)state;
	die_in("free of many pages", many_pages_in_use, free_subject);
}

static void death_in_free_of_a_part_leaves_the_rest(void **state)
{
	(void)state;
	die_in("free of the middle page", middle_in_use, free_subject);
}

static void death_in_free_beside_a_reader_waits_for_the_reader(void **state)
{
	(void)state;
	die_waiting_in("free beside a reader", pages_in_use, free_subject, true);
}

static void death_before_events_are_told_leaves_no_range_busy(void **state)
{
	const uint32_t *bell = &runtime_region()->processes[runtime.process].bell;
	uint32_t before = *bell;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("seen", event_seen, NULL), 0);
	die_in("alloc with events", nothing_yet, alloc_subject);
	die_in("free with events", pages_in_use, free_subject);
	/* Who recovers may not be about to tell its own callbacks. */
	assert_int_not_equal(*bell, before);
	assert_int_equal(rte_mem_event_callback_unregister("seen", NULL), 0);
}

static void death_when_readers_hold_all_other_snapshots_is_recovered(void **state)
{
	(void)state;
	die_waiting_in(
		"free with the last blocks", pages_in_use_and_few_blocks, free_subject, true);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(death_in_alloc_is_undone_or_completed),
		CASE(death_in_alloc_of_many_pages_is_undone_or_completed),
		BARE_CASE(death_in_alloc_that_reclaims_loses_nothing),
		BARE_CASE(death_in_alloc_beside_a_reader_gives_no_page_twice),
		CASE(death_in_free_is_completed),
		CASE(death_in_free_of_many_pages_is_completed),
		CASE(death_in_free_of_a_part_leaves_the_rest),
		BARE_CASE(death_in_free_beside_a_reader_waits_for_the_reader),
		CASE(death_before_events_are_told_leaves_no_range_busy),
		BARE_CASE(death_when_readers_hold_all_other_snapshots_is_recovered),
	};

	setenv("RCUMEM_LOG", "error", 1); /* Each death would be told. */
	random_begin();
	return RUN_CASES("recovery", cases);
}
