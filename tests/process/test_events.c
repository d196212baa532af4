/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory events in several processes: who is told what, when, and in which order. */

#include "peer_events.h"

/* rows H3, H4, H10, E7: once, in the order of registration, all complete, before the call returns
 */
static void every_process_is_told_once_in_order_of_registration(void **state)
{
	static struct record got[64];
	static struct peer peer[4];
	int64_t va;

	(void)state;
	peers_init_patient(peer, 4);
	for (int i = 1; i < 4; i++) /* Peer i has i callbacks. */
		for (int id = i; id > 0; id--)
			peer_must(&peer[i], op_listen, id);
	for (int round = 0; round < 6; round++) {
		va = peer_alloc(&peer[round % 4], 2);
		assert_in_range(peer_ms(&peer[round % 4]), 0, SOON_MS);
		peer_must(&peer[0], op_fill, va, 2, 'e');
		peer_must(&peer[(round + 1) % 4], op_free, va, 2);
		for (int i = 1; i < 4; i++) {
			assert_int_equal(peer_records(&peer[i], got), 2 * i);
			for (int at = 0; at < i; at++) {
				expect(&peer[i], got, at, RTE_MEM_EVENT_ALLOC, i - at, va, 2);
				/* The memory of what goes is still there. */
				assert_int_equal(expect(&peer[i], got, i + at, RTE_MEM_EVENT_FREE,
							 i - at, va, 2)
							 .byte,
					'e');
			}
			peer_must(&peer[i], op_forget, 0);
		}
	}
	assert_int_equal(peer_call(&peer[0], op_told, 0), 0);
	peers_fini(peer, 4);
}

/* rows H5: in the library's thread as in one's own */
static void callbacks_elsewhere_may_call_every_reader_and_no_writer(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init_patient(peer, 2);
	for (int i = 0; i < 2; i++) {
		peer_must(&peer[i], op_listen, 1);
		peer_must(&peer[i], op_try_writers, 1);
	}
	for (int i = 0; i < 2; i++) {
		va = peer_alloc(&peer[i], 1);
		peer_must(&peer[1 - i], op_free, va, 1);
	}
	for (int i = 0; i < 2; i++) {
		assert_int_equal(peer_call(&peer[i], op_told, 0), 4);
		if (peer_call(&peer[i], op_not_refused, 0) != 0)
			fail_msg("%s was not refused in a callback", peer[i].reply.data);
	}
	peers_fini(peer, 2);
}

/* rows H10, M6 */
static void process_that_dies_in_a_callback_is_waited_for_no_more(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 20000, 20000, 20000);
	va = 0;
	for (int event = 0; event < 2; event++) {
		peer_start(&peer[1], "listener");
		peer_must(&peer[1], op_init, 0);
		peer_must(&peer[1], op_listen, 1);
		peer_must(&peer[1], op_wait_in, 1 << event);
		if (event == RTE_MEM_EVENT_ALLOC)
			peer_begin(&peer[0], op_alloc, 2);
		else
			peer_begin(&peer[0], op_free, va, 2);
		assert_true(peer_comes_to(&peer[1], 1, op_waiting, 0, 0));
		peer_kill(&peer[1]);
		if (event == RTE_MEM_EVENT_ALLOC)
			va = peer_end(&peer[0]);
		else
			assert_int_equal(peer_end(&peer[0]), 0);
		assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
		assert_int_equal(
			peer_call(&peer[0], op_find, va, 2), event == RTE_MEM_EVENT_ALLOC ? 2 : 0);
	}
	peers_fini(peer, 1);
}

/* rows H10, M5 */
static void who_allocates_may_die_while_others_are_told(void **state)
{
	static struct peer peer[3];
	static struct record got[8];
	int64_t va;

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 20000, 20000, 20000);
	peers_init(&peer[1], 2);
	peer_must(&peer[1], op_listen, 1);
	peer_must(&peer[2], op_listen, 2);
	peer_must(&peer[1], op_wait_in, WAIT_IN_ALLOC);
	peer_begin(&peer[0], op_alloc, 2);
	assert_true(peer_comes_to(&peer[1], 1, op_waiting, 0, 0));
	peer_kill(&peer[0]);
	peer_must(&peer[1], op_wait_in, 0);
	assert_true(peer_comes_to(&peer[2], 1, op_told, 0, 0));
	assert_int_equal(peer_records(&peer[1], got), 1);
	va = got[0].addr;
	/* The pages are there, and anybody's to free, as those of any dead process. */
	assert_int_equal(peer_call(&peer[2], op_find, va, 2), 2);
	peer_begin(&peer[2], op_free, va, 2);
	if (peer_end(&peer[2]) != 0)
		fail_msg("errno %d", peer[2].reply.err);
	for (int i = 1; i < 3; i++) {
		assert_int_equal(peer_records(&peer[i], got), 2);
		expect(&peer[i], got, 0, RTE_MEM_EVENT_ALLOC, i, va, 2);
		expect(&peer[i], got, 1, RTE_MEM_EVENT_FREE, i, va, 2);
	}
	assert_int_equal(peer_call(&peer[2], op_backed, 0), 0);
	peers_fini(&peer[1], 2);
}

/* rows H10, M5 */
static void who_frees_may_die_while_others_are_told(void **state)
{
	static struct peer peer[3];
	int64_t va;

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 20000, 20000, 20000);
	peers_init(&peer[1], 2);
	peer_must(&peer[1], op_listen, 1);
	peer_must(&peer[2], op_listen, 2);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[1], op_wait_in, WAIT_IN_FREE);
	peer_begin(&peer[0], op_free, va, 2);
	assert_true(peer_comes_to(&peer[1], 1, op_waiting, 0, 0));
	peer_kill(&peer[0]);
	assert_int_equal(peer_call(&peer[2], op_find, va, 2), 2);
	peer_must(&peer[1], op_wait_in, 0);
	range_goes_by_itself(&peer[2], va);
	told(&peer[1], 2);
	told(&peer[2], 2);
	peers_fini(&peer[1], 2);
}

/* Half of the log is kept for operations that have begun. */
static void listener_that_falls_far_behind_stops_growth_and_not_for_ever(void **state)
{
	static struct peer peer[2];
	int64_t n = 0, until;

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 0, 1);
	peers_init(&peer[1], 1);
	peer_must(&peer[1], op_listen, 1);
	peer_stop(&peer[1]);
	while (peer_call(&peer[0], op_alloc, 1) == -1 && peer[0].reply.err == ETIMEDOUT)
		n++;
	assert_int_equal(peer[0].reply.err, EAGAIN);
	assert_int_equal(n, 512);
	assert_logged(&peer[0], "has not told its callbacks of 512 events");
	assert_int_equal(peer_call(&peer[0], op_segs, 0), 0);
	peer_continue(&peer[1]);
	/* Sooner or later it is told within the millisecond. */
	until = now_ns() + 20000000000ll;
	while (peer_call(&peer[0], op_alloc, 1) == -1)
		assert_true(now_ns() < until);
	assert_int_not_equal(peer_call(&peer[1], op_told, 0), 0);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(every_process_is_told_once_in_order_of_registration),
	PEER_CASE(callbacks_elsewhere_may_call_every_reader_and_no_writer),
	PEER_CASE(process_that_dies_in_a_callback_is_waited_for_no_more),
	PEER_CASE(who_allocates_may_die_while_others_are_told),
	PEER_CASE(who_frees_may_die_while_others_are_told),
	PEER_CASE(listener_that_falls_far_behind_stops_growth_and_not_for_ever),
};

PEER_MAIN("events in several processes", cases)
