/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checker: a sound runtime has no finding, whatever state it is in, and
 * looking at it takes no page of it.
 */

#include <sys/stat.h>

#include "support_check.h"

static void a_fresh_runtime_is_sound(void **state)
{
	assert_sound();
}

static void a_runtime_in_which_everything_waits_is_sound(void **state)
{
	assert_int_equal(scene.region->ops[scene.record].state, OP_QUARANTINE);
	assert_int_equal(scene.region->states[scene.list_dying].kind, LIST_DYING);
	assert_sound();
}

/* Plugs, holes and frees of all sizes, with a look after each. */
static void pages_that_come_and_go_are_sound(void **state)
{
	char *first = pages_get(4), *second;

	assert_sound();
	pages_put(first + page_sz, 2);
	assert_sound();
	second = pages_get(3);
	assert_sound();
	pages_put(first, 1);
	pages_put(second, 3);
	assert_sound();
	second = rcumem_pages_alloc(4096, 4096, SOCKET_ID_ANY, RCUMEM_ALLOC_DO_NOT_FREE);
	assert_non_null(second);
	assert_sound();
	pages_put(first + 3 * page_sz, 1);
	assert_sound();
}

/* Lists whose pieces share index words, and one list whose pages share an IO address. */
static void external_memory_that_shares_words_is_sound(void **state)
{
	char *ext = ext_reserve(4);
	uint64_t iovas[4] = {0x71000000400, 0x71000000800, 0x71000000400, 0x71000000c00};
	uint64_t same = 0x71000000400;

	assert_int_equal(rte_extmem_register(ext, 4 * 1024, iovas, 4, 1024), 0);
	assert_sound();
	assert_int_equal(rte_extmem_register(ext + 4096, 1024, &same, 1, 1024), 0);
	assert_int_equal(rte_extmem_register(ext + 6144, 1024, NULL, 0, 1024), 0);
	assert_sound();
	assert_int_equal(rte_extmem_unregister(ext, 4 * 1024), 0);
	assert_sound();
	assert_int_equal(rte_extmem_unregister(ext + 4096, 1024), 0);
	assert_int_equal(rte_extmem_unregister(ext + 6144, 1024), 0);
	assert_sound();
	ext_release(ext, 4);
}

static void the_highest_addresses_are_sound(void **state)
{
	char *ext = ext_reserve(1);

	assert_int_equal(ext_register(ext, 1, UINT64_MAX - EXT_PAGE + 1), 0);
	assert_sound();
	assert_int_equal(ext_unregister(ext, 1), 0);
	ext_release(ext, 1);
}

/* Physical addresses are in no order; only root knows them. */
static void pages_in_iova_mode_pa_are_sound(void **state)
{
	struct rcumem_options opts = test_options();

	opts.iova_mode = RCUMEM_IOVA_PA;
	if (geteuid() != 0) {
		assert_fails(rcumem_init(&opts), EPERM);
		skip();
	}
	runtime_start(&opts);
	pages_get(5);
	assert_sound();
	runtime_stop();
}

/* INV-IMAGE-1: what stands still is copied; a writer that never pauses is waited for, not for ever.
 */
static void a_look_takes_no_page_of_the_region(void **state)
{
	struct stat before, after;

	assert_int_equal(fstat(runtime.region_fd, &before), 0);
	assert_sound();
	assert_int_equal(fstat(runtime.region_fd, &after), 0);
	assert_int_equal(after.st_blocks, before.st_blocks);
}

#ifdef RCU_PAUSE_POINTS
static unsigned int readings, changes;

/* Somebody who makes it larger than it was when it was checked. */
static void enlarge(const char *point)
{
	if (strcmp(point, "image.checked") == 0)
		runtime_region()->shape.max_readers = UINT32_MAX;
}

static int look_at_larger(void)
{
	struct region *region = runtime_region();
	uint32_t right = region->shape.max_readers;
	struct findings findings;

	test_point_hook = enlarge;
	findings = findings_of(NULL);
	test_point_hook = NULL;
	region->shape.max_readers = right;
	return findings.cnt;
}

/* A writer that comes between the two readings, the first `changes` times. */
static void change(const char *point)
{
	if (strcmp(point, "image.read") == 0 && readings++ < changes)
		runtime_region()->stats.allocs++;
}

static int look_while(unsigned int n)
{
	struct findings findings;

	readings = 0;
	changes = n;
	test_point_hook = change;
	findings = findings_of(NULL);
	test_point_hook = NULL;
	return findings.cnt;
}
#else
static unsigned int readings;

static int look_at_larger(void)
{
	skip(); /* Needs a build with pause points. */
	return 0;
}

static int look_while(unsigned int n)
{
	skip(); /* Needs a build with pause points. */
	return 0;
}
#endif

/* INV-IMAGE-1 */
static void a_region_that_changes_meanwhile_is_read_again(void **state)
{
	assert_int_equal(look_while(3), 0);
	assert_int_equal(readings, 4);
}

static void a_region_that_never_stands_still_is_to_be_tried_again(void **state)
{
	assert_int_equal(look_while(UINT32_MAX), -EAGAIN);
	assert_int_equal(readings, 100);
}

static void a_region_whose_shape_changes_is_a_bad_message(void **state)
{
	assert_int_equal(look_at_larger(), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_fresh_runtime_is_sound),
		SCENE_CASE(a_runtime_in_which_everything_waits_is_sound),
		CASE(pages_that_come_and_go_are_sound),
		CASE(external_memory_that_shares_words_is_sound),
		CASE(the_highest_addresses_are_sound),
		BARE_CASE(pages_in_iova_mode_pa_are_sound),
		SCENE_CASE(a_look_takes_no_page_of_the_region),
		CASE(a_region_that_changes_meanwhile_is_read_again),
		CASE(a_region_whose_shape_changes_is_a_bad_message),
		CASE(a_region_that_never_stands_still_is_to_be_tried_again),
	};

	return RUN_CASES("check", cases);
}
