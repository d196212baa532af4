/* SPDX-License-Identifier: BSD-3-Clause */
/* fbarrays in several processes: found by name, at one address. */

#include "peer_case.h"

#define ARRAY_N   200
#define ARRAY_ELT 8

/* ---- For peer_call(): the array of the peer, named by the text ---- */

static struct rte_fbarray array;

static int64_t op_array_init(const int64_t *arg)
{
	return rte_fbarray_init(&array, peer_asked.text[0] ? peer_asked.text : "shared",
		arg[0] ? (unsigned int)arg[0] : ARRAY_N, ARRAY_ELT);
}

/* (data): attach to the array of the usual shape that stands there. */
static int64_t op_array_attach(const int64_t *arg)
{
	array = (struct rte_fbarray){
		.len = arg[1] ? (unsigned int)arg[1] : ARRAY_N, .elt_sz = ARRAY_ELT};
	snprintf(array.name, sizeof(array.name), "%.63s",
		peer_asked.text[0] ? peer_asked.text : "shared");
	array.data = (void *)(uintptr_t)arg[0];
	return rte_fbarray_attach(&array);
}

static int64_t op_array_detach(const int64_t *arg)
{
	(void)arg;
	return rte_fbarray_detach(&array);
}

static int64_t op_array_destroy(const int64_t *arg)
{
	(void)arg;
	return rte_fbarray_destroy(&array);
}

static int64_t op_array_data(const int64_t *arg)
{
	(void)arg;
	return (int64_t)(uintptr_t)array.data;
}

/* (index, value): use it. */
static int64_t op_array_put(const int64_t *arg)
{
	int64_t *element = rte_fbarray_get(&array, (unsigned int)arg[0]);

	if (!element)
		return -1;
	*element = arg[1];
	return rte_fbarray_set_used(&array, (unsigned int)arg[0]);
}

/* (index): the value, or -1 when it is not used. */
static int64_t op_array_take(const int64_t *arg)
{
	const int64_t *element = rte_fbarray_get(&array, (unsigned int)arg[0]);

	return element && rte_fbarray_is_used(&array, (unsigned int)arg[0]) == 1 ? *element : -1;
}

static int64_t op_array_next_used(const int64_t *arg)
{
	return rte_fbarray_find_next_used(&array, (unsigned int)arg[0]);
}

/* ---- Cases ---- */

/* rows rte_fbarray_init, rte_fbarray_attach, rte_fbarray_detach: one array for all */
static void array_is_found_by_name_at_the_same_address(void **state)
{
	static struct peer peer[3];
	int64_t data;

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	peer_must(&peer[0], op_array_put, 150, 4711);
	for (int i = 1; i < 3; i++) {
		peer_must(&peer[i], op_array_attach, data);
		assert_int_equal(peer_call(&peer[i], op_array_take, 150), 4711);
		assert_int_equal(peer_call(&peer[i], op_array_next_used, 100), 150);
		peer_must(&peer[i], op_array_put, i, 100 + i);
	}
	assert_int_equal(peer_call(&peer[0], op_array_take, 1), 101);
	assert_int_equal(peer_call(&peer[0], op_array_take, 2), 102);
	/* It outlives its maker. */
	peers_fini(peer, 1);
	assert_int_equal(peer_call(&peer[1], op_array_take, 150), 4711);
	peer_must(&peer[1], op_array_detach, 0);
	peer_fails(&peer[1], ENOENT, op_array_detach, 0);
	peer_must(&peer[1], op_array_attach, data);
	assert_int_equal(peer_call(&peer[1], op_array_take, 2), 102);
	peers_fini(&peer[1], 2);
}

/* rows rte_fbarray_init, rte_fbarray_attach, rte_fbarray_destroy: every error between processes */
static void errors_of_arrays_of_others(void **state)
{
	static struct peer peer[3];
	int64_t data;

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	/* The name is taken, whatever the shape. */
	peer_fails(&peer[1], EBUSY, op_array_init, 0);
	peer_fails(&peer[1], EBUSY, op_array_init, ARRAY_N / 2);
	/* Not that name, not that shape, not that place; and nothing attached. */
	assert_int_equal(peer_call_text(&peer[1], op_array_attach, "other", data), -1);
	assert_int_equal(peer[1].reply.err, ENOENT);
	peer_fails(&peer[1], ENOENT, op_array_attach, data, ARRAY_N * 2);
	peer_fails(&peer[1], ENOENT, op_array_attach, data + 4096);
	peer_fails(&peer[1], ENOENT, op_array_detach, 0);
	peer_must(&peer[0], op_array_destroy, 0);

	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	peer_must(&peer[1], op_array_attach, data);
	peer_fails(&peer[1], EEXIST, op_array_attach, data);
	peer_fails(&peer[0], EBUSY, op_array_destroy, 0);
	peer_fails(&peer[1], EBUSY, op_array_destroy, 0);
	/* Not attached: neither of both. */
	peer_fails(&peer[2], ENOENT, op_array_destroy, 0);
	peer_must(&peer[0], op_array_detach, 0);
	peer_fails(&peer[0], ENOENT, op_array_destroy, 0);
	peer_must(&peer[1], op_array_destroy, 0);
	assert_int_equal(peer_call(&peer[1], op_array_data, 0), 0);
	peer_fails(&peer[2], ENOENT, op_array_attach, data);
	peer_must(&peer[2], op_array_init, 0);
	assert_int_equal(peer_call(&peer[2], op_array_next_used, 0), -1);
	peers_fini(peer, 3);
}

/* rows rte_fbarray_destroy, rte_fbarray_init: the dead hold nothing */
static void killed_holder_keeps_nobody_from_destroying(void **state)
{
	static struct peer peer[3];
	int64_t data;

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	peer_must(&peer[1], op_array_attach, data);
	peer_fails(&peer[0], EBUSY, op_array_destroy, 0);
	peer_kill(&peer[1]);
	peer_must(&peer[0], op_array_destroy, 0);
	/* Nor from the name. */
	peer_must(&peer[0], op_array_init, 0);
	peer_must(&peer[0], op_array_put, 3, 33);
	peer_kill(&peer[0]);
	peer_must(&peer[2], op_array_init, 0);
	assert_int_equal(peer_call(&peer[2], op_array_next_used, 0), -1);
	peers_fini(&peer[2], 1);
}

/* rows rte_fbarray_attach: what a process alone has held goes with it */
static void array_of_a_dead_process_alone_is_gone(void **state)
{
	static struct peer peer[2];
	int64_t data;

	(void)state;
	for (int killed = 0; killed < 2; killed++) {
		peers_init(peer, 2);
		peer_must(&peer[0], op_array_init, 0);
		data = peer_call(&peer[0], op_array_data, 0);
		peer_must(&peer[0], op_array_put, 7, 77);
		if (killed)
			peer_kill(&peer[0]);
		else
			peers_fini(peer, 1);
		peer_fails(&peer[1], ENOENT, op_array_attach, data);
		peer_must(&peer[1], op_array_init, 0);
		assert_int_equal(peer_call(&peer[1], op_array_next_used, 0), -1);
		peers_fini(&peer[1], 1);
	}
}

/* rows rte_fbarray_detach, rte_fbarray_init: nobody holds it, so its name can be had */
static void array_that_all_have_detached_stays_until_its_name_is_wanted(void **state)
{
	static struct peer peer[2];
	int64_t data;

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	peer_must(&peer[0], op_array_put, 7, 77);
	peer_must(&peer[0], op_array_detach, 0);
	peers_fini(peer, 1);
	peer_must(&peer[1], op_array_attach, data);
	assert_int_equal(peer_call(&peer[1], op_array_take, 7), 77);
	peer_must(&peer[1], op_array_detach, 0);
	peer_must(&peer[1], op_array_init, ARRAY_N * 2);
	assert_int_equal(peer_call(&peer[1], op_array_next_used, 0), -1);
	peers_fini(&peer[1], 1);
}

/* rows rte_fbarray_detach: not even with the slot */
static void holding_is_not_inherited_with_the_slot(void **state)
{
	static struct peer peer[3];
	int64_t data;

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	peer_must(&peer[1], op_array_attach, data);
	peer_kill(&peer[1]);
	peer_start(&peer[2], "heir");
	peer_must(&peer[2], op_init, RCUMEM_ATTACH_JOIN);
	peer_must(&peer[2], op_array_attach, data);
	peer_must(&peer[2], op_array_detach, 0);
	peer_must(&peer[0], op_array_destroy, 0);
	peers_fini(peer, 1);
	peers_fini(&peer[2], 1);
}

/* (rounds, base): mark and unmark numbers of one's own, all of which must be found. */
static int64_t op_array_hammer(const int64_t *arg)
{
	for (int64_t round = 0; round < arg[0]; round++) {
		unsigned int idx = (unsigned int)(round * 4 + arg[1]) % ARRAY_N;

		if (rte_fbarray_set_used(&array, idx) != 0 ||
			rte_fbarray_find_next_used(&array, idx) != (int)idx ||
			rte_fbarray_set_free(&array, idx) != 0 ||
			rte_fbarray_is_used(&array, idx) != 0)
			return -1;
	}
	return array.count;
}

/* rows rte_fbarray_set_used, rte_fbarray_set_free: words are shared, and no mark is lost */
static void marks_of_several_processes_do_not_disturb_each_other(void **state)
{
	static struct peer peer[4];
	int64_t data;

	(void)state;
	peers_init(peer, 4);
	peer_must(&peer[0], op_array_init, 0);
	data = peer_call(&peer[0], op_array_data, 0);
	for (int i = 1; i < 4; i++)
		peer_must(&peer[i], op_array_attach, data);
	for (int i = 0; i < 4; i++)
		peer_begin(&peer[i], op_array_hammer, 200000, i);
	for (int i = 0; i < 4; i++)
		assert_int_equal(peer_end(&peer[i]), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(peer_call(&peer[i], op_array_next_used, 0), -1);
	peers_fini(peer, 4);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(array_is_found_by_name_at_the_same_address),
	PEER_CASE(errors_of_arrays_of_others),
	PEER_CASE(killed_holder_keeps_nobody_from_destroying),
	PEER_CASE(array_of_a_dead_process_alone_is_gone),
	PEER_CASE(array_that_all_have_detached_stays_until_its_name_is_wanted),
	PEER_CASE(holding_is_not_inherited_with_the_slot),
	PEER_CASE(marks_of_several_processes_do_not_disturb_each_other),
};

PEER_MAIN("fbarrays of several processes", cases)
