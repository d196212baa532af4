/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory events that a process does not answer, or not in time. */

#include "event_log.h"
#include "peer_events.h"
#include "runtime.h"

/* ---- Processes that do not answer ---- */

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
	assert_in_range(peer_ms(&peer[0]), 190, 190 + SOON_MS);
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
	for (int i = 1; i < 3; i++) {
		assert_true(peer_comes_to(&peer[i], 2, op_told, 0, 0));
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
	assert_in_range(peer_ms(&peer[0]), 190, 190 + SOON_MS);
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

/* rows M5, M6: where nobody else listens, nobody looks after it but writers */
static void free_that_only_the_dead_did_not_answer_is_done_by_the_next_writer(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[1], op_listen, 1);
	va = peer_alloc(&peer[0], 2);
	peer_stop(&peer[1]);
	peer_fails(&peer[0], EINPROGRESS, op_free, va, 2);
	peer_kill(&peer[1]);
	assert_int_equal(peer_call(&peer[0], op_find, va, 2), 2);
	peer_fails(&peer[0], ENOENT, op_free, va, 2);
	range_goes_by_itself(&peer[0], va);
	peers_fini(peer, 1);
}

/* rows M8: between the end of its callbacks and of its slot, where it waits for the mutex */
static void who_leaves_is_not_waited_for(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 2);
	peer_must(&peer[1], op_listen, 1);
	peer_must(&peer[0], op_write_lock, 0);
	peer_begin(&peer[1], op_fini, 0);
	sleep_ms(50);
	peer_stop(&peer[1]);
	peer_must(&peer[0], op_write_unlock, 0);
	peer_alloc(&peer[0], 1);
	peer_continue(&peer[1]);
	assert_int_equal(peer_end(&peer[1]), 0);
	assert_int_equal(peer_exit(&peer[1]), 0);
	peers_fini(peer, 1);
}

/* (ms): as if callbacks were told all the time. */
static int64_t op_answer(const int64_t *arg)
{
	int64_t until = now_ns() + arg[0] * 1000000;

	while (now_ns() < until) {
		event_log_answer(runtime_region());
		usleep(500);
	}
	return 0;
}

/* rows H10, M6: each answer wakes who waits */
static void the_dead_are_found_though_others_answer_all_the_time(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init(peer, 2);
	peer_start(&peer[2], "listener");
	peer_must(&peer[2], op_init, 0);
	peer_must(&peer[2], op_listen, 1);
	peer_kill(&peer[2]);
	peer_begin(&peer[1], op_answer, 400);
	peer_must(&peer[0], op_free, peer_alloc(&peer[0], 1), 1);
	assert_int_equal(peer_end(&peer[1]), 0);
	peers_fini(peer, 2);
}

/* (listens): what others do to a process that they take for dead, and back. */
static int64_t op_listens(const int64_t *arg)
{
	uint64_t *listeners = &runtime_region()->events.listeners;
	uint64_t me = 1ull << runtime.process;

	if (arg[0])
		rcu_fetch_or_release(listeners, me);
	else
		rcu_fetch_and_release(listeners, ~me);
	return 0;
}

/* Wake this process's own listening thread. */
static int64_t op_ring(const int64_t *arg)
{
	(void)arg;
	event_log_ring(runtime_region(), runtime.process);
	return 0;
}

static void who_is_taken_for_dead_tells_nothing_and_does_not_spin(void **state)
{
	static struct peer peer[2];
	int64_t cpu;

	(void)state;
	peers_init(peer, 2);
	for (int i = 0; i < 2; i++)
		peer_must(&peer[i], op_listen, i);
	peer_must(&peer[0], op_listens, 0);
	peer_alloc(&peer[1], 1);
	cpu = peer_call(&peer[0], op_cpu_ns, 0);
	peer_must(&peer[0], op_ring, 0);
	usleep(300000);
	assert_in_range(peer_call(&peer[0], op_cpu_ns, 0) - cpu, 0, 100000000);
	told(&peer[0], 0);
	peer_must(&peer[0], op_listens, 1);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(allocation_that_is_not_answered_is_taken_back),
	PEER_CASE(allocation_beside_a_stopped_listener_leaves_nothing),
	PEER_CASE(free_that_is_not_answered_is_done_when_it_is),
	PEER_CASE(free_that_is_not_answered_is_done_when_the_process_dies),
	PEER_CASE(who_leaves_is_not_waited_for),
	PEER_CASE(free_that_only_the_dead_did_not_answer_is_done_by_the_next_writer),
	PEER_CASE(the_dead_are_found_though_others_answer_all_the_time),
	PEER_CASE(who_is_taken_for_dead_tells_nothing_and_does_not_spin),
};

PEER_MAIN("events without an answer", cases)
