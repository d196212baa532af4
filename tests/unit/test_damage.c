/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Guarantee G7: single words that somebody has damaged, each of which has crashed or hung a caller
 * once, or taken what was in use.
 */

#include "support_walk.h"

#include <pthread.h>

#include "arena_table.h"
#include "event_log.h"
#include "hotplug.h"
#include "intent.h"
#include "pagemask.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "writer.h"

/* The list of a page, and its number there. */
static struct page_range range_of(const void *page)
{
	struct page_range range;

	assert_int_equal(hotplug_range(runtime_region(), (uintptr_t)page, page_sz, &range), 0);
	return range;
}

static void alloc_and_free(void)
{
	pages_put(pages_get(1), 1);
}

static void a_record_of_pages_in_use_does_not_take_them(void **state)
{
	struct region *region = runtime_region();
	char *page = pages_get(1);
	struct page_range range = range_of(page);

	(void)state;
	page[0] = 'x';
	region->ops[9] = (struct op_record){.state = OP_QUARANTINE,
		.list = range.list,
		.first = range.first,
		.n = 1,
		.ticket = 1};
	alloc_and_free();
	assert_int_equal(region->ops[9].state, OP_QUARANTINE);
	assert_int_equal(page[0], 'x');
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page), page);
	/* Of pages that are not in use, nothing is to be unpublished. */
	region->ops[9] = (struct op_record){.state = OP_FREE_EVENTS,
		.list = range.list,
		.first = region->states[range.list].n_pages - 1,
		.n = 1};
	alloc_and_free();
	assert_int_equal(region->ops[9].state, OP_FREE_EVENTS);
	region->ops[9].state = OP_FREE_SLOT;
	pages_put(page, 1);
}

/* As a free finds it that has waited for a reader, without the mutex. */
static void a_record_that_was_damaged_meanwhile_is_not_followed(void **state)
{
	struct region *region = runtime_region();

	(void)state;
	region->ops[9] = (struct op_record){.state = OP_QUARANTINE, .list = UINT32_MAX, .n = 1};
	hotplug_reclaim(region, 9);
	assert_int_equal(region->ops[9].state, OP_QUARANTINE);
	hotplug_take_back(region, 9);
	assert_int_equal(region->ops[9].state, OP_QUARANTINE);
	region->ops[9].state = OP_FREE_SLOT;
	alloc_and_free();
}

static void a_page_that_is_said_to_be_free_is_not_given_away(void **state)
{
	struct region *region = runtime_region();
	char *page = pages_get(1);
	struct page_range range = range_of(page);
	const struct list_state *list = &region->states[range.list];

	(void)state;
	page[0] = 'x';
	pagemask_set(list->taken, list->n_pages, range.first, 1, false);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENOTRECOVERABLE);
	pagemask_set(list->taken, list->n_pages, range.first, 1, true);
	assert_int_equal(page[0], 'x');
	pages_put(page, 1);
}

static void a_descriptor_with_anothers_address_does_not_take_that_out(void **state)
{
	char *pages = pages_get(2);
	struct page_range range = range_of(pages);
	struct segment_mirror *first = segment_mirror(runtime_region(), range.list, range.first);

	(void)state;
	first->iova += page_sz;
	assert_fails(rcumem_pages_free(pages, page_sz), ENOTRECOVERABLE);
	first->iova -= page_sz;
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)pages + page_sz), pages + page_sz);
	pages_put(pages, 2);
}

static void nodes_in_use_are_not_taken_again(void **state)
{
	struct rcu_radix *tree = runtime_region()->ext_index;
	char *ext = ext_reserve(1);
	uint32_t cnt;

	(void)state;
	assert_int_equal(ext_register(ext, 1, 1ull << 40), 0);
	cnt = tree->node_cnt;
	tree->node_cnt = 0;
	assert_fails(ext_register(ext + EXT_PAGE, 1, 1ull << 42), ENOTRECOVERABLE);
	tree->node_cnt = cnt;
	assert_ptr_equal(rte_mem_iova2virt(1ull << 40), ext);
	assert_int_equal(ext_unregister(ext, 1), 0);
	ext_release(ext, 1);
}

static void room_in_the_arena_is_of_whole_pages(void **state)
{
	struct rte_fbarray arr = {0};
	char *ext = ext_reserve(1);

	(void)state;
	runtime_region()->arena->next += 12;
	assert_int_equal(ext_register(ext, 1, 1ull << 40), 0);
	runtime_region()->arena->next += 12;
	assert_int_equal(rte_fbarray_init(&arr, "array", 8, 8), 0);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	assert_int_equal(ext_unregister(ext, 1), 0);
	ext_release(ext, 1);
}

static void a_descriptor_without_a_length_ends_a_translation(void **state)
{
	char *ext = ext_reserve(2);
	uint64_t len = 2 * EXT_PAGE;
	struct rte_memseg *ms;

	(void)state;
	assert_int_equal(ext_register(ext, 2, 1ull << 40), 0);
	ms = rte_mem_virt2memseg(ext + EXT_PAGE, NULL);
	ms->len = 0;
	assert_int_equal(rcumem_virt2iova(NULL, ext, &len), 1ull << 40);
	assert_int_equal(len, EXT_PAGE);
	ms->len = EXT_PAGE;
	assert_int_equal(ext_unregister(ext, 2), 0);
	ext_release(ext, 2);
}

static void external_memory_has_no_more_than_was_registered(void **state)
{
	struct region *region = runtime_region();
	char *ext = ext_reserve(2);
	struct list_state *list;

	(void)state;
	assert_int_equal(ext_register(ext, 2, 1ull << 40), 0);
	list = &region->states[rte_mem_virt2memseg_list(ext) - region->lists];
	list->n_pieces = 5;
	assert_fails(ext_unregister(ext, 2), ENOTRECOVERABLE);
	list->n_pieces = 1;
	list->n_pages = 5000;
	assert_fails(rte_memseg_walk(count_seg, &(unsigned int){0}), ENOTRECOVERABLE);
	list->n_pages = 2;
	assert_int_equal(ext_unregister(ext, 2), 0);
	ext_release(ext, 2);
}

/* ---- Events ---- */

static void event(enum rte_mem_event type, const void *addr, size_t len, void *arg)
{
	(void)type;
	(void)addr;
	(void)len;
	++*(unsigned int *)arg;
}

static void subscribing_beside_a_damaged_log_returns(void **state)
{
	struct region *region = runtime_region();
	uint64_t *told = &region->processes[runtime.process].told, *head = &region->events.head;
	uint64_t *listeners = &region->events.listeners;
	unsigned int heard = 0;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("first", event, &heard), 0);
	*told = UINT64_MAX;
	assert_int_equal(rcumem_subscribe("second", event, &heard), 0);
	assert_int_equal(rte_mem_event_callback_unregister("second", &heard), 0);
	*told = *head + 1;
	assert_int_equal(rcumem_subscribe("second", event, &heard), 0);
	assert_int_equal(rte_mem_event_callback_unregister("second", &heard), 0);
	*told = 0;
	*head = 1ull << 62;
	assert_int_equal(rcumem_subscribe("second", event, &heard), 0);
	assert_int_equal(rte_mem_event_callback_unregister("second", &heard), 0);
	*head = 1;
	*told = 0;
	*listeners = 0;
	assert_fails(rcumem_subscribe("second", event, &heard), ENOTRECOVERABLE);
	*listeners = 1ull << runtime.process;
	*told = 1;
	assert_int_equal(heard, 0);
	alloc_and_free();
	assert_int_equal(heard, 2);
	assert_int_equal(rte_mem_event_callback_unregister("first", &heard), 0);
}

static void an_event_of_no_pages_is_not_told(void **state)
{
	struct region *region = runtime_region();
	unsigned int heard = 0;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("first", event, &heard), 0);
	*event_log_entry(region, ++region->events.head) =
		(struct region_event){.to = 1ull << runtime.process, .list = UINT32_MAX, .n = 1};
	alloc_and_free();
	assert_int_equal(heard, 2);
	assert_int_equal(rte_mem_event_callback_unregister("first", &heard), 0);
}

/* ---- A dead writer's successor ---- */

static void *die_in_free(void *arg)
{
	struct region *region = runtime_region();
	const struct page_range *range = arg;

	if (writer_lock(region))
		return arg;
	intent_begin(region, INTENT_UNPUBLISH, range->list, range->first, 1,
		snapshot_seq(region->root) + 1, 0);
	return NULL;
}

/* Blocks that were never used are free, wherever the damaged figure says that they begin. */
static void a_successor_has_blocks_whatever_the_pool_says(void **state)
{
	const struct rcumem_options opts = test_options();
	struct snapshot_pool *pool;
	struct page_range range;
	pthread_t thread;
	void *failed;

	(void)state;
	runtime_start(&opts);
	pool = runtime_region()->snapshots;
	range = range_of(pages_get(1));
	assert_int_equal(pthread_create(&thread, NULL, die_in_free, &range), 0);
	assert_int_equal(pthread_join(thread, &failed), 0);
	assert_null(failed);
	pool->next = pool->max;
	alloc_and_free(); /* It goes on where the dead one was. */
	assert_int_equal(segs_now(), 0);
	runtime_stop();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(a_record_of_pages_in_use_does_not_take_them),
		CASE(a_record_that_was_damaged_meanwhile_is_not_followed),
		CASE(a_page_that_is_said_to_be_free_is_not_given_away),
		CASE(a_descriptor_with_anothers_address_does_not_take_that_out),
		CASE(nodes_in_use_are_not_taken_again),
		CASE(room_in_the_arena_is_of_whole_pages),
		CASE(a_descriptor_without_a_length_ends_a_translation),
		CASE(external_memory_has_no_more_than_was_registered),
		CASE(subscribing_beside_a_damaged_log_returns),
		CASE(an_event_of_no_pages_is_not_told),
		BARE_CASE(a_successor_has_blocks_whatever_the_pool_says),
	};

	return RUN_CASES("damaged words", cases);
}
