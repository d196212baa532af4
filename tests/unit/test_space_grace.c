/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Address spaces and their readers: who waits for whom, what a reader keeps,
 * and what happens when one is stuck.
 */

#include "atomic.h"
#include "support_space.h"

#define STUCK_MS 30 /* How long a writer waits for a stuck reader here. */

static int stuck_setup(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.free_timeout_ms = STUCK_MS;
	baseline_take();
	return rcumem_init(&opts);
}

/* A case whose writers soon give up. */
#define STUCK_CASE(name) cmocka_unit_test_setup_teardown(name, stuck_setup, case_teardown)

static uint64_t now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* ---- Register ---- */

struct burst {
	const struct rcumem_space *space;
	const struct rcumem_map *map;
};

static int do_take_map(void *arg)
{
	struct burst *burst = arg;
	int err = rcumem_read_lock();

	burst->map = rcumem_space_map(burst->space);
	return err;
}

/* The map it took is the one with a single region, whatever was published since. */
static int do_check_map(void *arg)
{
	const struct burst *burst = arg;

	return rcumem_map_count(burst->map) != 1 ||
	       rcumem_map_iova2virt(burst->map, 0x1000, NULL) != nowhere ||
	       rcumem_map_iova2virt(burst->map, 0x3000, NULL) != NULL;
}

static void register_does_not_wait_and_leaves_a_reader_its_map(void **state)
{
	struct rcumem_space *space = space_new();
	struct burst burst = {.space = space};
	struct actor reader;
	uint64_t begin;

	(void)state;
	add_va(space, 0x1000, 0x1000, nowhere);
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_take_map, &burst), 0);
	begin = now_ms();
	for (uint64_t i = 0; i < 50; i++)
		add_va(space, 0x3000 + i * 0x2000, 0x1000, nowhere);
	assert_true(now_ms() - begin < 200); /* The free timeout of this runtime. */
	assert_int_equal(count_of(space), 51);
	assert_int_equal(actor_do(&reader, do_check_map, &burst), 0);
	actor_do(&reader, do_unlock, NULL);
	actor_stop(&reader);
	assert_works(rcumem_space_destroy(space));
}

static void too_many_changes_beside_a_stuck_reader_are_eagain(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region region = region_va(0, 1, nowhere);
	struct actor reader;
	unsigned int n = 0;

	(void)state;
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	while (rcumem_space_register(space, &region) == 0 && n < 1000) {
		region.iova += 4096;
		n++;
	}
	assert_in_range(n, 64, 66);
	assert_int_equal(rte_errno, EAGAIN);
	assert_fails(rcumem_space_unregister(space, 0, 1), EAGAIN);
	assert_fails(rcumem_space_replace(space, NULL, 0, &n), EAGAIN);
	assert_int_equal(count_of(space), n);
	assert_null(user_of(space));
	assert_ptr_equal(virt_of(space, 0), nowhere);
	actor_do(&reader, do_unlock, NULL);
	assert_works(rcumem_space_register(space, &region));
	assert_int_equal(count_of(space), n + 1);
	actor_stop(&reader);
	assert_works(rcumem_space_destroy(space));
}

/* ---- Unregister, replace, destroy ---- */

static int unlock_later(void *arg)
{
	sleep_ms(20);
	rcu_store_relaxed((int *)arg, 1); /* The end of the section orders it. */
	rcumem_read_unlock();
	return 0;
}

static void unregister_waits_for_the_reader_and_unmaps(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(1), leaving = 0;
	struct actor reader;

	(void)state;
	add_fd(space, 0, page_sz, fd, 0);
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	actor_begin(&reader, unlock_later, &leaving);
	assert_works(rcumem_space_unregister(space, 0, page_sz));
	assert_int_equal(rcu_load_relaxed(&leaving), 1); /* The grace period orders it. */
	assert_int_equal(mapped_pages(fd), 0);
	actor_end(&reader);
	actor_stop(&reader);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void unregister_beside_a_stuck_reader_is_etimedout_and_unmaps_later(void **state)
{
	struct rcumem_space *space = space_new();
	struct actor reader;
	int fd = file_new(1);
	char *va;

	(void)state;
	add_fd(space, 0, page_sz, fd, 0);
	va = virt_of(space, 0);
	*va = 'a';
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	assert_fails(rcumem_space_unregister(space, 0, page_sz), ETIMEDOUT);
	assert_null(virt_of(space, 0));
	assert_int_equal(mapped_pages(fd), 1);
	assert_int_equal(*va, 'a'); /* The reader may still look at it. */
	add_va(space, 0, 1, nowhere);
	assert_int_equal(mapped_pages(fd), 1);
	actor_do(&reader, do_unlock, NULL);
	add_va(space, 4096, 1, nowhere); /* The next writer call gives it back. */
	assert_int_equal(mapped_pages(fd), 0);
	actor_stop(&reader);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void replace_beside_a_stuck_reader_is_etimedout_until_it_leaves(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region set = region_va(0, 1, nowhere);
	struct actor reader;

	(void)state;
	add_va(space, 0, 1, nowhere + 1);
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	assert_fails(rcumem_space_replace(space, &set, 1, &set), ETIMEDOUT);
	assert_ptr_equal(virt_of(space, 0), nowhere);
	assert_ptr_equal(user_of(space), &set);
	/* Nothing is left to publish, but 0 would say that no reader has the earlier set. */
	assert_fails(rcumem_space_replace(space, &set, 1, &set), ETIMEDOUT);
	actor_do(&reader, do_unlock, NULL);
	assert_works(rcumem_space_replace(space, &set, 1, &set));
	actor_stop(&reader);
	assert_works(rcumem_space_destroy(space));
}

static void destroy_beside_a_stuck_reader_is_etimedout_and_can_be_repeated(void **state)
{
	struct rcumem_space *space = space_new();
	struct actor reader;
	int fd = file_new(1);

	(void)state;
	add_fd(space, 0, page_sz, fd, 0);
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	assert_fails(rcumem_space_destroy(space), ETIMEDOUT);
	assert_null(virt_of(space, 0));
	assert_int_equal(count_of(space), 0);
	assert_fails(rcumem_space_destroy(space), ETIMEDOUT);
	assert_int_equal(mapped_pages(fd), 1);
	actor_do(&reader, do_unlock, NULL);
	assert_works(rcumem_space_destroy(space));
	assert_int_equal(mapped_pages(fd), 0);
	actor_stop(&reader);
	close(fd);
}

static void destroy_works_when_all_slots_for_replaced_maps_are_taken(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region region = region_va(0, 1, nowhere);
	struct actor reader;

	(void)state;
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_lock, NULL), 0);
	while (rcumem_space_register(space, &region) == 0)
		region.iova += 4096;
	assert_int_equal(rte_errno, EAGAIN);
	assert_fails(rcumem_space_destroy(space), ETIMEDOUT);
	assert_int_equal(count_of(space), 0);
	actor_do(&reader, do_unlock, NULL);
	assert_works(rcumem_space_destroy(space));
	actor_stop(&reader);
}

/* ---- QSBR ---- */

static void an_online_qsbr_reader_may_change_a_space_itself(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region set = region_va(0, 2, nowhere);

	(void)state;
	assert_works(rcumem_reader_register());
	add_va(space, 0, 1, nowhere);
	assert_works(rcumem_space_replace(space, &set, 1, NULL));
	assert_works(rcumem_space_unregister(space, 0, 2));
	assert_works(rcumem_space_replace(space, &set, 1, NULL));
	assert_ptr_equal(rcumem_iova2virt(space, 1, NULL), nowhere + 1); /* Online again. */
	assert_works(rcumem_space_destroy(space));
	assert_works(rcumem_reader_unregister());
}

static void a_qsbr_reader_is_waited_for_until_it_is_quiescent(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region set = region_va(0, 1, nowhere);
	struct actor reader;

	(void)state;
	actor_start(&reader);
	assert_int_equal(actor_do(&reader, do_register, NULL), 0);
	assert_fails(rcumem_space_replace(space, &set, 1, &set), ETIMEDOUT);
	actor_do(&reader, do_quiescent, NULL);
	assert_works(rcumem_space_replace(space, &set, 1, &set));
	actor_stop(&reader);
	assert_works(rcumem_space_destroy(space));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(register_does_not_wait_and_leaves_a_reader_its_map),
		STUCK_CASE(too_many_changes_beside_a_stuck_reader_are_eagain),
		CASE(unregister_waits_for_the_reader_and_unmaps),
		STUCK_CASE(unregister_beside_a_stuck_reader_is_etimedout_and_unmaps_later),
		STUCK_CASE(replace_beside_a_stuck_reader_is_etimedout_until_it_leaves),
		STUCK_CASE(destroy_beside_a_stuck_reader_is_etimedout_and_can_be_repeated),
		STUCK_CASE(destroy_works_when_all_slots_for_replaced_maps_are_taken),
		CASE(an_online_qsbr_reader_may_change_a_space_itself),
		STUCK_CASE(a_qsbr_reader_is_waited_for_until_it_is_quiescent),
	};

	return RUN_CASES("space_grace", cases);
}
