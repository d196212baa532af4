/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Registering and unregistering external memory: a writer that dies in the middle, and one that
 * dies in the recovery.
 */

#include "support_death.h"

static int register_odd(void)
{
	uint64_t iovas[2] = {ODD_IOVA + ODD_PAGE, ODD_IOVA + 2 * ODD_PAGE};

	return rte_extmem_register(scene.op_odd, 2 * ODD_PAGE, iovas, 2, ODD_PAGE);
}

static void odd_registered(void)
{
	scene.n = 0;
	assert_int_equal(register_odd(), 0);
}

static int unregister_odd(void)
{
	return rte_extmem_unregister(scene.op_odd, 2 * ODD_PAGE);
}

/* ---- The cases ---- */

static void death_in_register_is_undone_or_completed(void **state)
{
	(void)state;
	die_in("register", no_pages, ext_subject_register);
	die_in("register among others", no_pages, register_odd);
}

static void death_in_register_beside_a_reader_can_be_tried_again(void **state)
{
	(void)state;
	die_waiting_in("register beside a reader", no_pages, ext_subject_register, true);
}

static void death_in_unregister_is_completed(void **state)
{
	(void)state;
	die_in("unregister", registered, ext_subject_unregister);
	die_in("unregister among others", odd_registered, unregister_odd);
}

static void death_in_unregister_beside_a_reader_waits_for_the_reader(void **state)
{
	(void)state;
	die_waiting_in("unregister beside a reader", registered, ext_subject_unregister, true);
}

/* ---- A lookup that straddles the undoing of a registration ---- */

static __thread bool pauses;
static sem_t paused, go_on;

static void pause_at_piece(const char *name)
{
	if (!pauses || strcmp(name, "lookup.piece") != 0)
		return;
	sem_post(&paused);
	while (sem_wait(&go_on))
		;
}

static int look_up_and_pause(void *found)
{
	pauses = true;
	*(void **)found = rte_mem_iova2virt(OP_IOVA);
	pauses = false;
	return 0;
}

/*
 * The number of its snapshot is that of the next one, which must not bring it to life, nor may the
 * next one have its place while the lookup goes on.
 */
static void lookup_takes_no_undone_registration_for_its_successor(void **state)
{
	/* The next one has the IO address too, as its second piece. */
	uint64_t iovas[2] = {OP_IOVA, OP_IOVA - EXT_PAGE};
	void *found = NULL;
	char *next;
	struct rcumem_options opts = test_options();

	(void)state;
	if (!HAVE_POINTS)
		skip();
	opts.free_timeout_ms = 1;
	runtime_start(&opts);
	scene_set();
	sem_init(&paused, 0, 0);
	sem_init(&go_on, 0, 0);
	assert_true(run_with(ext_subject_register, &(struct death){.name = "external.shown"}).died);
	POINT_HOOK = pause_at_piece;
	actor_begin(scene.reader, look_up_and_pause, &found);
	while (sem_wait(&paused))
		;
	assert_int_equal(recover(), 0);
	next = scene.op_ext + 4 * EXT_PAGE;
	assert_int_equal(rte_extmem_register(next, 2 * EXT_PAGE, iovas, 2, EXT_PAGE), 0);
	sem_post(&go_on);
	actor_end(scene.reader);
	POINT_HOOK = NULL;
	assert_ptr_equal(found, next);
	rest_release();
	settle();
	scene_clear();
	runtime_stop();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(death_in_register_is_undone_or_completed),
		BARE_CASE(death_in_register_beside_a_reader_can_be_tried_again),
		CASE(death_in_unregister_is_completed),
		BARE_CASE(lookup_takes_no_undone_registration_for_its_successor),
		BARE_CASE(death_in_unregister_beside_a_reader_waits_for_the_reader),
	};

	setenv("RCUMEM_LOG", "error", 1); /* Each death would be told. */
	random_begin();
	return RUN_CASES("recovery of external memory", cases);
}
