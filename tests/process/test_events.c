/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory events in several processes: who is told what, when, and in which order. */

#include "peer_events.h"

#define SOON_MS 150

/* The next record of a peer. */
static struct record expect(struct peer *peer, const struct record *records_of, unsigned int i,
	enum rte_mem_event event, int id, int64_t addr, int64_t n)
{
	const struct record *is = &records_of[i];

	if (is->event != (int32_t)event || is->id != id || is->addr != addr ||
		is->len != n * (int64_t)page_sz)
		fail_msg("%s, record %u: event %d for %d at 0x%llx, not %d for %d at 0x%llx",
			peer->name, i, is->event, is->id, (unsigned long long)is->addr, event, id,
			(unsigned long long)addr);
	assert_true(is->whole);
	return *is;
}

/* rows H3, H4, H10, E7: once, in the order of registration, all complete, before the call returns
 */
static void every_process_is_told_once_in_order_of_registration(void **state)
{
	static struct record got[64];
	static struct peer peer[4];
	int64_t va;

	(void)state;
	peers_init(peer, 4);
	for (int i = 1; i < 4; i++) /* Peer i has i callbacks. */
		for (int id = i; id > 0; id--)
			peer_must(&peer[i], op_listen, id);
	for (int round = 0; round < 6; round++) {
		int64_t event_us;

		va = peer_alloc(&peer[round % 4], 2);
		event_us = peer[round % 4].reply.ns / 1000;
		peer_must(&peer[0], op_fill, va, 2, 'e');
		peer_must(&peer[(round + 1) % 4], op_free, va, 2);
		assert_in_range(event_us, 0, SOON_MS * 1000);
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
	peers_init(peer, 2);
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

/* ---- Processes that do not answer ---- */

static void told(struct peer *peer, unsigned int n)
{
	assert_int_equal(peer_call(peer, op_told, 0), n);
}

/* rows H11: taken back; who was told of it is told that it goes, who was not is not */
static void allocation_that_is_not_answered_is_taken_back(void **state)
{
	static struct peer peer[4];
	static struct record got[8];
	char words[96];
	int64_t va;

	(void)state;
	peers_init(peer, 4);
	for (int i = 0; i < 4; i++)
		peer_must(&peer[i], op_listen, i);
	peer_must(&peer[1], op_wait_in, WAIT_IN_ALLOC);
	peer_stop(&peer[3]);
	peer_fails(&peer[0], ETIMEDOUT, op_alloc, 2);
	assert_in_range(peer_ms(&peer[0]), 190, 190 + 3 * SOON_MS);
	snprintf(words, sizeof(words), "process %d does not tell its callbacks", (int)peer[1].pid);
	assert_logged(&peer[0], words);
	snprintf(words, sizeof(words), "process %d does not tell its callbacks", (int)peer[3].pid);
	assert_logged(&peer[0], words);
	assert_int_equal(peer_records(&peer[0], got), 2);
	va = got[0].addr;
	expect(&peer[0], got, 0, RTE_MEM_EVENT_ALLOC, 0, va, 2);
	expect(&peer[0], got, 1, RTE_MEM_EVENT_FREE, 0, va, 2);
	/* The one that waits may be using the pages until it is told. */
	peer_fails(&peer[2], EBUSY, op_free, va, 2);
	peer_must(&peer[1], op_wait_in, 0);
	assert_true(peer_comes_to(&peer[1], 2, op_told, 0, 0));
	for (int i = 1; i < 3; i++) {
		assert_int_equal(peer_records(&peer[i], got), 2);
		expect(&peer[i], got, 0, RTE_MEM_EVENT_ALLOC, i, va, 2);
		expect(&peer[i], got, 1, RTE_MEM_EVENT_FREE, i, va, 2);
	}
	assert_true(peer_comes_to(&peer[2], 0, op_find, va, 2));
	assert_true(peer_comes_to(&peer[2], 0, op_backed, 0, 0));
	peer_continue(&peer[3]);
	/* What comes next it is told again. */
	va = peer_alloc(&peer[2], 1);
	assert_int_equal(peer_records(&peer[3], got), 1);
	expect(&peer[3], got, 0, RTE_MEM_EVENT_ALLOC, 3, va, 1);
	peers_fini(peer, 4);
}

/* rows H11, M7: nobody but the stopped one would have been told */
static void allocation_beside_a_stopped_listener_leaves_nothing(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[1], op_listen, 1);
	peer_stop(&peer[1]);
	peer_fails(&peer[0], ETIMEDOUT, op_alloc, 2);
	assert_int_equal(peer_call(&peer[0], op_segs, 0), 0);
	peer_continue(&peer[1]);
	assert_int_equal(peer_call(&peer[0], op_find, peer_alloc(&peer[0], 1), 1), 1);
	told(&peer[1], 1);
	assert_int_equal(peer_call(&peer[0], op_backed, 0), page_sz);
	peers_fini(peer, 2);
}

/* A free that peer 1 does not answer, for one reason or the other: the address. */
static int64_t free_unanswered(struct peer *peer, bool stopped)
{
	char words[96];
	int64_t va;

	peers_init(peer, 3);
	for (int i = 0; i < 3; i++)
		peer_must(&peer[i], op_listen, i);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[0], op_fill, va, 2, 'u');
	if (stopped)
		peer_stop(&peer[1]);
	else
		peer_must(&peer[1], op_wait_in, WAIT_IN_FREE);
	peer_fails(&peer[0], EINPROGRESS, op_free, va, 2);
	assert_in_range(peer_ms(&peer[0]), 190, 190 + 3 * SOON_MS);
	snprintf(words, sizeof(words), "process %d does not tell its callbacks", (int)peer[1].pid);
	assert_logged(&peer[0], words);
	/* It stays in use, and nobody else's. */
	for (int i = 0; i < 3; i += 2) {
		assert_int_equal(peer_call(&peer[i], op_find, va, 2), 2);
		assert_int_equal(peer_call(&peer[i], op_holds, va, 2, 'u'), 1);
		peer_fails(&peer[i], EBUSY, op_free, va, 2);
		peer_fails(&peer[i], EBUSY, op_free, va + (int64_t)page_sz, 1);
		told(&peer[i], 2);
	}
	return va;
}

static void range_goes_by_itself(struct peer *peer, int64_t va)
{
	assert_true(peer_comes_to(peer, 0, op_find, va, 2));
	assert_true(peer_comes_to(peer, 0, op_backed, 0, 0));
	assert_int_equal(peer_stat(peer, frees), 1);
	assert_int_equal(peer_stat(peer, bytes), 0);
}

/* rows M7: it goes by itself */
static void free_that_is_not_answered_is_done_when_it_is(void **state)
{
	static struct peer peer[3];
	static struct record got[8];

	(void)state;
	for (int stopped = 0; stopped < 2; stopped++) {
		int64_t va = free_unanswered(peer, stopped);

		if (stopped)
			peer_continue(&peer[1]);
		else
			peer_must(&peer[1], op_wait_in, 0);
		range_goes_by_itself(&peer[2], va);
		assert_int_equal(peer_records(&peer[1], got), 2);
		assert_int_equal(expect(&peer[1], got, 1, RTE_MEM_EVENT_FREE, 1, va, 2).byte, 'u');
		peers_fini(peer, 3);
	}
}

/* rows M6, M7 */
static void free_that_is_not_answered_is_done_when_the_process_dies(void **state)
{
	static struct peer peer[3];

	(void)state;
	for (int stopped = 0; stopped < 2; stopped++) {
		int64_t va = free_unanswered(peer, stopped);

		peer_kill(&peer[1]);
		range_goes_by_itself(&peer[2], va);
		peers_fini(peer, 3);
	}
}

/* rows H10, M6 */
static void process_that_dies_in_a_callback_is_waited_for_no_more(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 0, 20000);
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
		assert_in_range(peer_ms(&peer[0]), 0, 4 * SOON_MS);
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
	peer_must(&peer[0], op_init, 0, 0, 20000);
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
	peer_must(&peer[0], op_init, 0, 0, 20000);
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
	int64_t n = 0;

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
	sleep_ms(50);
	peer_call(&peer[0], op_alloc, 1);
	assert_true(peer[0].reply.err == ETIMEDOUT || peer[0].reply.value > 0);
	told(&peer[1], 1);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(every_process_is_told_once_in_order_of_registration),
	PEER_CASE(callbacks_elsewhere_may_call_every_reader_and_no_writer),
	PEER_CASE(allocation_that_is_not_answered_is_taken_back),
	PEER_CASE(allocation_beside_a_stopped_listener_leaves_nothing),
	PEER_CASE(free_that_is_not_answered_is_done_when_it_is),
	PEER_CASE(free_that_is_not_answered_is_done_when_the_process_dies),
	PEER_CASE(process_that_dies_in_a_callback_is_waited_for_no_more),
	PEER_CASE(who_allocates_may_die_while_others_are_told),
	PEER_CASE(who_frees_may_die_while_others_are_told),
	PEER_CASE(listener_that_falls_far_behind_stops_growth_and_not_for_ever),
};

PEER_MAIN("events in several processes", cases)
