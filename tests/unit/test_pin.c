/* SPDX-License-Identifier: BSD-3-Clause */

/* Pins: what is pinned is not freed, by anybody, and nobody is told that it would be. */

#include <rte_eal_memconfig.h>

#include "support_walk.h"

#include "runtime.h"
#include "support_actor.h"

#define N 4u

static struct {
	unsigned int allocs, frees;
	int result, err; /* Of what the callback did. */
	bool pins;
} heard;

static void hear(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)arg;
	rte_errno = 0;
	if (event == RTE_MEM_EVENT_ALLOC) {
		heard.allocs++;
		if (heard.pins)
			heard.result = rcumem_pages_pin(addr, len);
	} else {
		heard.frees++;
		if (heard.pins)
			heard.result = rcumem_pages_pin(addr, len);
	}
	heard.err = rte_errno;
}

static void hear_from_now_on(void)
{
	memset(&heard, 0, sizeof(heard));
	assert_int_equal(rte_mem_event_callback_register("hear", hear, NULL), 0);
}

static void hear_no_more(void)
{
	assert_int_equal(rte_mem_event_callback_unregister("hear", NULL), 0);
}

static int pin(const char *pages, size_t first, size_t n)
{
	return rcumem_pages_pin(pages + first * page_sz, n * page_sz);
}

static int unpin(const char *pages, size_t first, size_t n)
{
	return rcumem_pages_unpin(pages + first * page_sz, n * page_sz);
}

static int64_t pins(const char *pages, size_t first, size_t n)
{
	return rcumem_pages_pins(pages + first * page_sz, n * page_sz);
}

static uint64_t ranges_pinned(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	assert_int_equal(rcumem_stats_get(&stats), 0);
	return stats.pins;
}

static void pinned_pages_are_busy_until_they_are_unpinned_and_nobody_hears_of_it(void **state)
{
	char *pages = pages_get(N);

	(void)state;
	hear_from_now_on();
	memset(pages, 'p', N * page_sz);
	assert_int_equal(pin(pages, 1, 2), 0);
	for (size_t first = 0; first < N; first++)
		for (size_t n = 1; first + n <= N; n++)
			if (first < 3 && first + n > 1)
				assert_fails(
					rcumem_pages_free(pages + first * page_sz, n * page_sz),
					EBUSY);
	assert_int_equal(heard.frees, 0);
	assert_int_equal(segs_now(), N);
	assert_int_equal(pages[2 * page_sz], 'p');
	pages_put(pages, 1);
	assert_int_equal(unpin(pages, 1, 2), 0);
	pages_put(pages + page_sz, N - 1);
	assert_int_equal(heard.frees, 2);
	hear_no_more();
}

static void pins_are_counted_by_range(void **state)
{
	char *pages = pages_get(N);

	(void)state;
	assert_int_equal(pin(pages, 0, N), 0);
	assert_int_equal(pin(pages, 0, N), 0);
	assert_int_equal(pin(pages, 1, 1), 0);
	assert_int_equal(ranges_pinned(), 2);
	assert_int_equal(pins(pages, 0, 1), 2);
	assert_int_equal(pins(pages, 1, 1), 3);
	assert_int_equal(pins(pages, 0, N), 3);
	assert_fails(unpin(pages, 0, 2), ENOENT);
	assert_fails(unpin(pages, 2, 1), ENOENT);
	assert_int_equal(unpin(pages, 0, N), 0);
	assert_fails(rcumem_pages_free(pages + 3 * page_sz, page_sz), EBUSY);
	assert_int_equal(unpin(pages, 0, N), 0);
	assert_fails(unpin(pages, 0, N), ENOENT);
	pages_put(pages + 3 * page_sz, 1);
	assert_fails(rcumem_pages_free(pages, 2 * page_sz), EBUSY);
	assert_int_equal(unpin(pages, 1, 1), 0);
	assert_int_equal(ranges_pinned(), 0);
	assert_int_equal(pins(pages, 0, N), 0);
	pages_put(pages, 3);
}

static void what_are_no_pages_in_use_cannot_be_pinned(void **state)
{
	char *pages = pages_get(2), *va = ext_reserve(1);
	int here = 0;

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_fails(rcumem_pages_pin(NULL, page_sz), EINVAL);
	assert_fails(rcumem_pages_pin(&here, page_sz), EINVAL);
	assert_fails(rcumem_pages_pin(pages, 0), EINVAL);
	assert_fails(rcumem_pages_pin(pages + 1, page_sz), EINVAL);
	assert_fails(rcumem_pages_pin(pages, page_sz - 1), EINVAL);
	assert_fails(rcumem_pages_pin(va, EXT_PAGE), EINVAL);
	assert_fails(rcumem_pages_unpin(va, EXT_PAGE), EINVAL);
	assert_fails(rcumem_pages_unpin(pages, 0), EINVAL);
	assert_fails(rcumem_pages_pins(pages + 1, page_sz), EINVAL);
	assert_fails(pin(pages, 0, 3), ENOENT);
	assert_fails(pin(pages, 2, 1), ENOENT);
	assert_fails(unpin(pages, 0, 1), ENOENT);
	assert_int_equal(ranges_pinned(), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
	pages_put(pages, 2);
}

static void without_a_runtime_nothing_is_pinned(void **state)
{
	(void)state;
	assert_fails(rcumem_pages_pin((void *)(4 * GIB), page_sz), ENODEV);
	assert_fails(rcumem_pages_unpin((void *)(4 * GIB), page_sz), ENODEV);
	assert_fails(rcumem_pages_pins((void *)(4 * GIB), page_sz), ENODEV);
}

static void holder_of_the_write_lock_cannot_pin(void **state)
{
	char *pages = pages_get(1);

	(void)state;
	rte_mcfg_mem_write_lock();
	rte_errno = 0;
	int pinned = pin(pages, 0, 1), err = rte_errno;
	int unpinned = unpin(pages, 0, 1);

	rte_mcfg_mem_write_unlock();
	assert_int_equal(pinned, -1);
	assert_int_equal(err, EDEADLK);
	assert_int_equal(unpinned, -1);
	pages_put(pages, 1);
}

static int hold_the_lock(void *arg)
{
	(void)arg;
	rte_mcfg_mem_write_lock();
	return 0;
}

static int let_go(void *arg)
{
	(void)arg;
	rte_mcfg_mem_write_unlock();
	return 0;
}

static void pins_wait_for_a_writer_no_longer_than_allowed(void **state)
{
	struct rcumem_options opts = test_options();
	static struct actor writer;
	char *pages;

	(void)state;
	opts.lock_timeout_ms = 20;
	runtime_start(&opts);
	pages = pages_get(1);
	actor_start(&writer);
	actor_do(&writer, hold_the_lock, NULL);
	assert_fails(pin(pages, 0, 1), ETIMEDOUT);
	assert_fails(unpin(pages, 0, 1), ETIMEDOUT);
	assert_int_equal(pins(pages, 0, 1), 0);
	actor_do(&writer, let_go, NULL);
	actor_stop(&writer);
	pages_put(pages, 1);
	runtime_stop();
}

static int pin_in_walk(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	*(int *)arg |= rcumem_pages_pin(ms->addr, ms->len) || rcumem_pages_unpin(ms->addr, ms->len);
	return 0;
}

static void sections_and_walks_may_pin(void **state)
{
	char *pages = pages_get(1);
	int failed = 0;

	(void)state;
	assert_int_equal(rcumem_read_lock(), 0);
	assert_int_equal(pin(pages, 0, 1), 0);
	assert_int_equal(unpin(pages, 0, 1), 0);
	rcumem_read_unlock();
	assert_int_equal(rte_memseg_walk(pin_in_walk, &failed), 0);
	assert_int_equal(failed, 0);
	pages_put(pages, 1);
}

static void callback_may_pin_what_is_new(void **state)
{
	char *pages;

	(void)state;
	hear_from_now_on();
	heard.pins = true;
	pages = pages_get(2);
	assert_int_equal(heard.result, 0);
	heard.pins = false;
	assert_fails(rcumem_pages_free(pages, page_sz), EBUSY);
	assert_int_equal(unpin(pages, 0, 2), 0);
	pages_put(pages, 2);
	hear_no_more();
}

static void what_is_going_cannot_be_pinned(void **state)
{
	char *pages = pages_get(2);

	(void)state;
	hear_from_now_on();
	heard.pins = true;
	pages_put(pages, 2);
	assert_int_equal(heard.frees, 1);
	assert_int_equal(heard.result, -1);
	assert_int_equal(heard.err, EBUSY);
	assert_int_equal(ranges_pinned(), 0);
	hear_no_more();
}

static void pins_run_out_and_come_back(void **state)
{
	char *pages = pages_get(N);
	struct region *region = runtime_region();

	(void)state;
	/* As many as there are, of somebody who has others. */
	for (uint32_t i = 1; i < REGION_PINS; i++)
		region->pins[i] = (struct pin_record){
			.holder = runtime.process + 1, .first = 9, .n = 1, .count = 1};
	region->pin_high = REGION_PINS;
	assert_int_equal(pin(pages, 0, 1), 0);
	assert_fails(pin(pages, 1, 1), ENOSPC);
	assert_int_equal(pin(pages, 0, 1), 0);
	assert_int_equal(unpin(pages, 0, 1), 0);
	assert_int_equal(unpin(pages, 0, 1), 0);
	assert_int_equal(pin(pages, 1, 1), 0);
	assert_int_equal(unpin(pages, 1, 1), 0);
	memset(region->pins, 0, sizeof(region->pins));
	pages_put(pages, N);
}

static void pins_do_not_outlive_the_runtime(void **state)
{
	struct rcumem_options opts = test_options();
	char *pages = pages_get(1);

	(void)state;
	assert_int_equal(pin(pages, 0, 1), 0);
	runtime_stop();
	runtime_start(&opts);
	assert_int_equal(ranges_pinned(), 0);
	pages_put(pages_get(1), 1);
}

/* Pins and frees of the same pages by several threads: who was told that it has a pin has pages. */
static struct {
	char *pages;
	bool stop;
	unsigned int wrong, pinned;
} race;

static void *pin_for_a_while(void *arg)
{
	(void)arg;
	while (!__atomic_load_n(&race.stop, __ATOMIC_RELAXED)) {
		if (pin(race.pages, 0, 1))
			continue;
		__atomic_fetch_add(&race.pinned, 1, __ATOMIC_RELAXED);
		for (int i = 0; i < 10; i++)
			if (rte_mem_iova2virt((uintptr_t)race.pages) != race.pages)
				__atomic_fetch_add(&race.wrong, 1, __ATOMIC_RELAXED);
		if (unpin(race.pages, 0, 1))
			__atomic_fetch_add(&race.wrong, 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static void pinned_page_never_goes_while_others_free_it(void **state)
{
	pthread_t threads[2];
	unsigned int freed = 0;

	(void)state;
	memset(&race, 0, sizeof(race));
	race.pages = pages_get(1);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		assert_int_equal(pthread_create(&threads[i], NULL, pin_for_a_while, NULL), 0);
	for (int i = 0; i < 3000; i++) {
		if (rcumem_pages_free(race.pages, page_sz))
			continue;
		freed++;
		if (pages_get(1) != race.pages)
			race.wrong++;
	}
	__atomic_store_n(&race.stop, true, __ATOMIC_RELAXED);
	for (size_t i = 0; i < ARRAY_LEN(threads); i++)
		pthread_join(threads[i], NULL);
	print_message("%u frees, %u pins\n", freed, race.pinned);
	assert_int_equal(race.wrong, 0);
	assert_true(race.pinned > 0);
	pages_put(race.pages, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(pinned_pages_are_busy_until_they_are_unpinned_and_nobody_hears_of_it),
		CASE(pins_are_counted_by_range),
		CASE(what_are_no_pages_in_use_cannot_be_pinned),
		BARE_CASE(without_a_runtime_nothing_is_pinned),
		CASE(holder_of_the_write_lock_cannot_pin),
		BARE_CASE(pins_wait_for_a_writer_no_longer_than_allowed),
		CASE(sections_and_walks_may_pin),
		CASE(callback_may_pin_what_is_new),
		CASE(what_is_going_cannot_be_pinned),
		CASE(pins_run_out_and_come_back),
		CASE(pins_do_not_outlive_the_runtime),
		CASE(pinned_page_never_goes_while_others_free_it),
	};

	return RUN_CASES("pins", cases);
}
