/* SPDX-License-Identifier: BSD-3-Clause */
/* Subscribing that is refused, and registers nobody. */

#include "peer_churn.h"

/* ---- Errors ---- */

/* (): 0 when every refusal is the right one, else its number. */
static int64_t op_subscribe_wrongly(const int64_t *arg)
{
	char name[65];

	(void)arg;
	memset(name, 'n', 64);
	name[64] = 0;
	if (rcumem_subscribe(NULL, event_ignore, NULL) != -1 || rte_errno != EINVAL)
		return 1;
	if (rcumem_subscribe("", event_ignore, NULL) != -1 || rte_errno != EINVAL)
		return 2;
	if (rcumem_subscribe("name", NULL, NULL) != -1 || rte_errno != EINVAL)
		return 3;
	if (rcumem_subscribe(name, event_ignore, NULL) != -1 || rte_errno != ENAMETOOLONG)
		return 4;
	name[63] = 0;
	if (rcumem_subscribe(name, event_ignore, NULL) != 0)
		return 5;
	if (rcumem_subscribe(name, event_ignore, NULL) != -1 || rte_errno != EEXIST)
		return 6;
	if (rte_mem_event_callback_register(name, event_ignore, NULL) != -1 || rte_errno != EEXIST)
		return 7;
	if (rte_mem_event_callback_unregister(name, NULL) != 0)
		return 8;
	return 0;
}

/* Inside a section, and inside a walk. */
static int64_t op_subscribe_inside(const int64_t *arg)
{
	int rc;

	(void)arg;
	rcumem_read_lock();
	rc = rcumem_subscribe("inside", event_ignore, NULL);
	rcumem_read_unlock();
	return rc;
}

static void subscribing_wrongly_is_refused(void **state)
{
	static struct peer peer[2];

	(void)state;
	peer_start(&peer[0], "first");
	peer_fails(&peer[0], ENODEV, op_subscribe, 0);
	peer_must(&peer[0], op_init, 0);
	peers_init(&peer[1], 1);
	assert_int_equal(peer_call(&peer[0], op_subscribe_wrongly, 0), 0);
	peer_fails(&peer[0], EDEADLK, op_subscribe_inside, 0);
	/* Nobody was registered: nobody is waited for. */
	peer_stop(&peer[0]);
	peer_alloc(&peer[1], 1);
	peer_continue(&peer[0]);
	peers_fini(peer, 2);
}

static void subscribing_beside_one_that_does_not_go_on_times_out(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 1);
	/* A callback that does not return ... */
	peer_must(&peer[1], op_listen, 1);
	peer_must(&peer[1], op_wait_in, WAIT_IN_FREE);
	peer_fails(&peer[0], EINPROGRESS, op_free, va, 1);
	peer_fails(&peer[1], ETIMEDOUT, op_subscribe, 0);
	assert_in_range(peer_ms(&peer[1]), 990, 990 + SOON_MS);
	peer_fails(&peer[1], ENOENT, op_unsubscribe, 0);
	peer_must(&peer[1], op_wait_in, 0);
	assert_true(peer_comes_to(&peer[0], 0, op_find, va, 1));
	/* ... and a writer that does not. */
	peer_must(&peer[0], op_write_lock, 0);
	peer_fails(&peer[1], ETIMEDOUT, op_subscribe, 0);
	peer_fails(&peer[1], ENOENT, op_unsubscribe, 0);
	peer_kill(&peer[0]);
	peer_must(&peer[1], op_subscribe, 0);
	peers_fini(peer, 2);
}

static int64_t op_init_one_reader(const int64_t *arg)
{
	struct rcumem_options opts = peer_options();

	(void)arg;
	opts.max_readers = 1;
	return rcumem_init(&opts);
}

static void subscriber_without_a_reader_slot_is_refused_and_not_registered(void **state)
{
	static struct peer peer[2];

	(void)state;
	peer_start(&peer[0], "first");
	peer_must(&peer[0], op_init_one_reader, 0);
	peers_init(&peer[1], 1);
	peer_alloc(&peer[0], 1);
	peer_must(&peer[1], op_read_lock, 0);
	peer_must(&peer[1], op_read_unlock, 0);
	peer_fails(&peer[0], ENOSPC, op_subscribe, 0);
	peer_fails(&peer[0], ENOENT, op_unsubscribe, 0);
	peer_kill(&peer[1]);
	peer_must(&peer[0], op_free, peer_alloc(&peer[0], 1), 1);
	peers_fini(peer, 1);
}

/* (limit): no more threads for this user; 0: as many as there may be. */
static int64_t op_limit_threads(const int64_t *arg)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NPROC, &limit))
		return -1;
	limit.rlim_cur = arg[0] ? (rlim_t)arg[0] : limit.rlim_max;
	return setrlimit(RLIMIT_NPROC, &limit);
}

static void subscriber_for_whom_no_thread_starts_is_refused(void **state)
{
	static struct peer peer;
	struct peer_how how = {.uid = geteuid() == 0 ? UID_NOBODY : 0};

	(void)state;
	/* The limit is none for root. */
	if (how.uid)
		assert_int_equal(chown(peer_case.dir, UID_NOBODY, UID_NOBODY), 0);
	assert_int_equal(peer_try(&peer, "single", &how), 0);
	peer_must(&peer, op_init, 0);
	peer_must(&peer, op_limit_threads, 1);
	peer_fails(&peer, EAGAIN, op_subscribe, 0);
	peer_fails(&peer, ENOENT, op_unsubscribe, 0);
	peer_fails(&peer, EAGAIN, op_listen, 0);
	peer_fails(&peer, ENOENT, op_unlisten, 0);
	peer_must(&peer, op_limit_threads, 0);
	peer_must(&peer, op_subscribe, 0);
	peer_must(&peer, op_free, peer_alloc(&peer, 1), 1);
	peers_fini(&peer, 1);
	if (how.uid)
		assert_int_equal(chown(peer_case.dir, 0, 0), 0);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(subscribing_wrongly_is_refused),
	PEER_CASE(subscribing_beside_one_that_does_not_go_on_times_out),
	PEER_CASE(subscriber_without_a_reader_slot_is_refused_and_not_registered),
	PEER_CASE(subscriber_for_whom_no_thread_starts_is_refused),
};

PEER_MAIN("subscribing refused", cases)
