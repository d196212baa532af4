/* SPDX-License-Identifier: BSD-3-Clause */
/* One order of events for all, and pictures that begin in the middle of it. */

#include "peer_churn.h"

#define SEED 20261123

static void churn_ended(struct peer *peer)
{
	if (peer_end(peer) != 0)
		fail_msg("%s: errno %d\n%s", peer->name, peer->reply.err, peer_log(peer));
}

/* rows H10, E7: whoever is told, and whoever does it */
static void order_of_events_is_the_same_in_every_process(void **state)
{
	static struct record first[RECORDS_MAX], other[RECORDS_MAX];
	static struct peer peer[4];
	unsigned int n;

	(void)state;
	peers_init_patient(peer, 4);
	for (int i = 0; i < 4; i++)
		peer_must(&peer[i], op_listen, 0);
	for (int i = 0; i < 3; i++)
		peer_begin(&peer[i], op_churn, 200, SEED + i);
	for (int i = 0; i < 3; i++)
		churn_ended(&peer[i]);
	n = peer_records(&peer[0], first);
	assert_int_equal(n, 600);
	for (int i = 1; i < 4; i++) {
		assert_int_equal(peer_records(&peer[i], other), n);
		for (unsigned int at = 0; at < n; at++) {
			assert_int_equal(other[at].event, first[at].event);
			assert_int_equal(other[at].addr, first[at].addr);
			assert_int_equal(other[at].len, first[at].len);
			assert_true(other[at].whole);
		}
	}
	peers_fini(peer, 4);
}

/* (rounds): register and unregister a callback so often. */
static int64_t op_toggle(const int64_t *arg)
{
	for (int64_t i = 0; i < arg[0]; i++)
		if (op_listen(&i) != 0 || op_unlisten(&i) != 0)
			return -1;
	return 0;
}

/* rows H10 */
static void callbacks_come_and_go_beside_events(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init_patient(peer, 3);
	peer_must(&peer[0], op_listen, 99);
	peer_begin(&peer[0], op_churn, 500, SEED);
	peer_begin(&peer[1], op_toggle, 400);
	peer_begin(&peer[2], op_toggle, 400);
	for (int i = 0; i < 3; i++)
		churn_ended(&peer[i]);
	assert_int_equal(peer_call(&peer[0], op_told, 0), 500);
	/* Whoever has gone is not waited for. */
	peer_stop(&peer[1]);
	peer_must(&peer[0], op_churn, 10, SEED);
	peer_continue(&peer[1]);
	peers_fini(peer, 3);
}

/* Two plug and unplug, a third subscribes again and again, beside another callback or not. */
static void subscribe_amid_churn(bool toggling)
{
	static struct peer peer[4];
	int64_t events = 0;

	peers_init_patient(peer, 4);
	if (toggling)
		peer_must(&peer[2], op_toggle_begin, 0);
	peer_must(&peer[0], op_subscribe, 0);
	peer_must(&peer[3], op_subscribe, 0);
	for (int64_t phase = 0; phase < 8; phase++) {
		for (int i = 0; i < 2; i++)
			peer_begin(&peer[i], op_churn, 300, SEED + 2 * phase + i);
		peer_begin(&peer[2], op_subscribe_rounds, 60);
		for (int i = 0; i < 3; i++)
			churn_ended(&peer[i]);
		/* Nothing moves now. */
		for (int i = 0; i < 4; i++) {
			if (i == 1)
				continue;
			if (peer_call(&peer[i], op_model_agrees, 0) !=
				peer_call(&peer[1], op_segs, 0))
				fail_msg("the model of %s is wrong in phase %d (seed %d): %s",
					peer[i].name, (int)phase, SEED, peer_log(&peer[i]));
		}
		peer_must(&peer[2], op_unsubscribe, 0);
	}
	for (int i = 0; i < 4; i++)
		events += peer_call(&peer[i], op_model_events, 0);
	assert_true(events >= 3 * 8 * 600 / 2);
	if (toggling)
		peer_must(&peer[2], op_toggle_end, 0);
	peers_fini(peer, 4);
}

/* rows H10: whenever it begins, the picture and what follows it are the whole truth */
static void subscriber_misses_nothing_and_hears_nothing_twice(void **state)
{
	(void)state;
	subscribe_amid_churn(false);
}

/* rows H10: the process may begin and end to listen for other reasons meanwhile */
static void subscriber_misses_nothing_beside_a_callback_that_comes_and_goes(void **state)
{
	(void)state;
	subscribe_amid_churn(true);
}

/* ---- What a subscriber is shown ---- */

static int64_t op_subscribe_records(const int64_t *arg)
{
	return rcumem_subscribe("take down", take_down, (void *)(intptr_t)arg[0]);
}

static void subscriber_is_shown_runs_and_nothing_that_leaves(void **state)
{
	static struct peer peer[2];
	static struct record got[8];
	int64_t va, page = (int64_t)page_sz;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 8);
	peer_must(&peer[0], op_free, va + 4 * page, 1);
	/* One page stays on its way out: somebody does not answer. */
	peer_must(&peer[0], op_listen, 1);
	peer_must(&peer[0], op_wait_in, WAIT_IN_FREE);
	peer_fails(&peer[1], EINPROGRESS, op_free, va + 1 * page, 1);
	peer_must(&peer[1], op_subscribe_records, 2);
	assert_int_equal(peer_records(&peer[1], got), 3);
	for (int i = 0; i < 3; i++) {
		static const int64_t run[3][2] = {{0, 1}, {2, 2}, {5, 3}};

		assert_int_equal(got[i].event, RTE_MEM_EVENT_ALLOC);
		assert_int_equal(got[i].addr, va + run[i][0] * page);
		assert_int_equal(got[i].len, run[i][1] * page);
		assert_true(got[i].whole);
	}
	peer_must(&peer[0], op_wait_in, 0);
	assert_true(peer_comes_to(&peer[1], 0, op_find, va + 1 * page, 1));
	assert_int_equal(peer_call(&peer[1], op_told, 0), 3);
	peer_must(&peer[0], op_free, va, 1);
	assert_int_equal(peer_call(&peer[1], op_told, 0), 4);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(order_of_events_is_the_same_in_every_process),
	PEER_CASE(callbacks_come_and_go_beside_events),
	PEER_CASE(subscriber_misses_nothing_and_hears_nothing_twice),
	PEER_CASE(subscriber_misses_nothing_beside_a_callback_that_comes_and_goes),
	PEER_CASE(subscriber_is_shown_runs_and_nothing_that_leaves),
};

PEER_MAIN("subscribing", cases)
