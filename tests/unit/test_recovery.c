/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A writer dies with the mutex, at every named point of every operation, and
 * so does its successor at every named point of the recovery; the writer after
 * them finds all that it needs.  support_recovery.h says what must hold.
 *
 * The points are met in a run that nobody dies in, and then one after the
 * other is the last; they exist in builds with -Dpause_points=true only.
 */

#include "point.h"
#include "support_recovery.h"

#ifdef RCU_PAUSE_POINTS
#define HAVE_POINTS true
#define POINT_HOOK  test_point_hook
#else
#define HAVE_POINTS false
static void (*POINT_HOOK)(const char *name);
#endif

/* Where a thread dies: at the point that it meets as number `at`. */
struct death {
	unsigned int at; /* 0: nowhere. */
	unsigned int met;
	bool died;
};

static __thread struct death *dying;

static void point(const char *name)
{
	struct death *death = dying;

	/* Points of lookups are there for readers. */
	if (!death || strncmp(name, "lookup.", 7) == 0)
		return;
	dying = NULL;
	look_on(name);
	if (++death->met == death->at) {
		death->died = true;
		pthread_exit(NULL);
	}
	dying = death;
}

struct victim {
	struct death death;
	int (*run)(void);
	int result;
};

static void *victim_main(void *arg)
{
	struct victim *victim = arg;

	dying = &victim->death;
	victim->result = victim->run();
	dying = NULL;
	return NULL;
}

/* Run in a thread of its own that dies at a point: the points it met. */
static unsigned int run_and_die(int (*run)(void), unsigned int at)
{
	struct victim victim = {.death = {.at = at}, .run = run};
	pthread_t thread;

	POINT_HOOK = point;
	assert_int_equal(pthread_create(&thread, NULL, victim_main, &victim), 0);
	pthread_join(thread, NULL);
	POINT_HOOK = NULL;
	assert_true(victim.death.died || victim.result == 0);
	assert_int_equal(victim.death.died, at && at <= victim.death.met);
	return victim.death.met;
}

/* A writer call that changes nothing: recovers, when the mutex was left by a dead one. */
static int recover(void)
{
	int err = writer_begin();

	return err ? err : writer_end(0);
}

static int enter(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static int leave(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static uint32_t blocks_at_hand(void)
{
	const struct snapshot_pool *pool = runtime_region()->snapshots;

	return pool->free_cnt + (pool->max - pool->next);
}

/* One life: the points met by the writer, and, when it died, by its successor. */
struct life {
	unsigned int met;
	unsigned int met_again;
};

static struct life live(const struct operation *op, unsigned int at, unsigned int again)
{
	char *others = NULL;
	struct life life = {0};

	scene.pages = scene.stay + STAY_PAGES * page_sz;
	if (op->held)
		assert_int_equal(actor_do(scene.reader, enter, NULL), 0);
	op->prepare();
	life.met = run_and_die(op->run, at);
	if (at)
		life.met_again = run_and_die(recover, again);
	assert_int_equal(recover(), 0);
	assert_true(region_sound());
	if (op->held && blocks_at_hand() > snapshot_cost(2) + snapshot_cost(8))
		others = take_while_held();
	if (op->held)
		actor_do(scene.reader, leave, NULL);
	settle();
	assert_whole();
	if (others)
		give_back(others);
	rest_release();
	settle();
	if (scene.wrong)
		fail_msg("%s: at %s the memory of others was not what it should be", op->name,
			scene.wrong);
	return life;
}

/* Deaths of successors: all of them for a short operation, some for a long one. */
#define SUCCESSORS 30u

static void die_everywhere(const struct operation *op)
{
	unsigned int met = live(op, 0, 0).met;
	unsigned int deaths = 0, twice = 0;

	assert_true(met >= 4);
	for (unsigned int at = 1; at <= met; at++, deaths++) {
		unsigned int again = live(op, at, 0).met_again;
		unsigned int step = again * met / (SUCCESSORS * SUCCESSORS) + 1;

		assert_true(again >= 3);
		for (unsigned int i = 1 + (unsigned int)random_below(step); i <= again;
			i += step, twice++)
			live(op, at, i);
	}
	print_message("%s: %u points, %u deaths, %u more of the successor\n", op->name, met, deaths,
		twice);
}

/* ---- Operations on pages ---- */

static size_t many(void)
{
	return page_sz == RTE_PGSIZE_4K ? 70 : 5;
}

static int alloc_n(size_t n)
{
	return rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0) == scene.pages ? 0 : -1;
}

static int alloc_subject(void)
{
	return alloc_n(scene.n);
}

static void nothing_yet(void)
{
	scene.n = 2;
}

static void nothing_yet_of_many(void)
{
	scene.n = many();
}

static void pages_in_use(void)
{
	scene.n = 3;
	assert_int_equal(alloc_n(scene.n), 0);
	memset(scene.pages, 'p', scene.n * page_sz);
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

static int free_subject(void)
{
	return rcumem_pages_free(scene.pages, scene.n * page_sz);
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

/* ---- Operations on external memory ---- */

static void no_pages(void)
{
	scene.n = 0;
}

static int register_subject(void)
{
	/* Two pieces: the pages stand in reverse in IO address. */
	uint64_t iovas[2] = {OP_IOVA + EXT_PAGE, OP_IOVA};

	return rte_extmem_register(scene.op_ext, 2 * EXT_PAGE, iovas, 2, EXT_PAGE);
}

static int register_odd(void)
{
	uint64_t iovas[2] = {ODD_IOVA + ODD_PAGE, ODD_IOVA + 2 * ODD_PAGE};

	return rte_extmem_register(scene.op_odd, 2 * ODD_PAGE, iovas, 2, ODD_PAGE);
}

static void registered(void)
{
	scene.n = 0;
	assert_int_equal(register_subject(), 0);
}

static void odd_registered(void)
{
	scene.n = 0;
	assert_int_equal(register_odd(), 0);
}

static int unregister_subject(void)
{
	return rte_extmem_unregister(scene.op_ext, 2 * EXT_PAGE);
}

static int unregister_odd(void)
{
	return rte_extmem_unregister(scene.op_odd, 2 * ODD_PAGE);
}

/* ---- The cases ---- */

static void die_in(const char *name, void (*prepare)(void), int (*run)(void))
{
	struct operation op = {name, prepare, run, false};

	if (!HAVE_POINTS)
		skip();
	scene_set();
	die_everywhere(&op);
	scene_clear();
}

/* Where a reader is inside, free waits for it in vain: not for long. */
static void die_waiting_in(const char *name, void (*prepare)(void), int (*run)(void), bool held)
{
	struct operation op = {name, prepare, run, held};
	struct rcumem_options opts = test_options();

	if (!HAVE_POINTS)
		skip();
	opts.free_timeout_ms = 1;
	runtime_start(&opts);
	scene_set();
	die_everywhere(&op);
	scene_clear();
	runtime_stop();
}

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
	(void)state;
	assert_int_equal(rte_mem_event_callback_register("seen", event_seen, NULL), 0);
	die_in("alloc with events", nothing_yet, alloc_subject);
	die_in("free with events", pages_in_use, free_subject);
	assert_int_equal(rte_mem_event_callback_unregister("seen", NULL), 0);
}

static void death_in_register_is_undone_or_completed(void **state)
{
	(void)state;
	die_in("register", no_pages, register_subject);
	die_in("register among others", no_pages, register_odd);
}

static void death_in_register_beside_a_reader_can_be_tried_again(void **state)
{
	(void)state;
	die_waiting_in("register beside a reader", no_pages, register_subject, true);
}

static void death_in_unregister_is_completed(void **state)
{
	(void)state;
	die_in("unregister", registered, unregister_subject);
	die_in("unregister among others", odd_registered, unregister_odd);
}

static void death_in_unregister_beside_a_reader_waits_for_the_reader(void **state)
{
	(void)state;
	die_waiting_in("unregister beside a reader", registered, unregister_subject, true);
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
		CASE(death_in_register_is_undone_or_completed),
		BARE_CASE(death_in_register_beside_a_reader_can_be_tried_again),
		CASE(death_in_unregister_is_completed),
		BARE_CASE(death_in_unregister_beside_a_reader_waits_for_the_reader),
		BARE_CASE(death_when_readers_hold_all_other_snapshots_is_recovered),
	};

	setenv("RCUMEM_LOG", "error", 1); /* Each death would be told. */
	random_begin();
	return RUN_CASES("recovery", cases);
}
