/* SPDX-License-Identifier: BSD-3-Clause */
/* Stopped and dead processes: what they delay, and for how long. */

#include "peer_case.h"

/* ---- Stopped ones ---- */

/* rows M7 */
static void stopped_process_outside_a_section_delays_nothing(void **state)
{
	static struct peer peer[3];

	(void)state;
	peers_init_patient(peer, 3);
	/* It has been inside before. */
	peer_must(&peer[1], op_read_lock, 0);
	peer_must(&peer[1], op_read_unlock, 0);
	peer_stop(&peer[1]);
	for (unsigned int i = 0; i < 20; i++) {
		int64_t va = peer_alloc(&peer[0], 2);

		assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
		peer_must(&peer[2], op_free, va, 2);
		assert_in_range(peer_ms(&peer[2]), 0, SOON_MS);
		assert_int_equal(peer_call(&peer[0], op_backed, 0), 0);
	}
	assert_int_equal(peer_stat(&peer[0], grace_timeouts), 0);
	assert_string_equal(peer_log(&peer[2]), "");
	peer_continue(&peer[1]);
	assert_int_equal(peer_call(&peer[1], op_segs, 0), 0);
	peers_fini(peer, 3);
}

static int64_t op_qsbr_register(const int64_t *arg)
{
	(void)arg;
	return rcumem_reader_register();
}

static int64_t op_qsbr_unregister(const int64_t *arg)
{
	(void)arg;
	return rcumem_reader_unregister();
}

/* A way into a section and out of it. */
struct way {
	int64_t (*in)(const int64_t *arg);
	int64_t (*out)(const int64_t *arg);
};

static const struct way ways[] = {
	{op_read_lock, op_read_unlock},
	{op_qsbr_register, op_qsbr_unregister},
};

/* A range that a stopped reader holds: what the case does with the reader decides when it goes. */
static int64_t free_beside_a_stopped_reader(struct peer *peer, const struct way *way)
{
	char words[96];
	int64_t va, tid;

	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[0], op_fill, va, 2, 's');
	tid = peer_call(&peer[1], op_tid, 0);
	peer_must(&peer[1], way->in, 0);
	peer_stop(&peer[1]);
	peer_must(&peer[0], op_free, va, 2);
	assert_in_range(peer_ms(&peer[0]), 190, 190 + SOON_MS);
	snprintf(words, sizeof(words), "thread %d of process %d holds up the reuse of freed memory",
		(int)tid, (int)peer[1].pid);
	assert_logged(&peer[0], words);
	/* Nobody finds it, and nobody gets it. */
	assert_int_equal(peer_call(&peer[0], op_find, va, 2), 0);
	assert_int_equal(peer_stat(&peer[0], quarantined_bytes), 2 * page_sz);
	assert_int_equal(peer_call(&peer[0], op_backed, 0), 2 * page_sz);
	assert_int_not_equal(peer_alloc(&peer[0], 1), va);
	assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
	peer_fails(&peer[0], ENOENT, op_free, va, 2);
	return va;
}

/* The range is given to who asks next. */
static void range_is_back(struct peer *peer, int64_t va)
{
	assert_int_equal(peer_alloc(peer, 1), va);
	assert_int_equal(peer_call(peer, op_holds, va, 1, 0), 1);
	assert_int_equal(peer_stat(peer, quarantined_bytes), 0);
	assert_int_equal(peer_call(peer, op_backed, 0), 2 * page_sz);
}

/* rows M7 */
static void range_that_a_stopped_reader_holds_waits_until_it_goes_on(void **state)
{
	static struct peer peer[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int64_t va = free_beside_a_stopped_reader(peer, &ways[i]);

		peer_continue(&peer[1]);
		/* What it found is still there. */
		assert_int_equal(peer_call(&peer[1], op_holds, va, 2, 's'), 1);
		peer_must(&peer[1], ways[i].out, 0);
		range_is_back(&peer[0], va);
		peers_fini(peer, 2);
	}
}

/* rows M6, M7 */
static void range_that_a_stopped_reader_holds_waits_until_it_dies(void **state)
{
	static struct peer peer[2];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ways); i++) {
		int64_t va = free_beside_a_stopped_reader(peer, &ways[i]);

		peer_kill(&peer[1]);
		/* The next free finds out that it died. */
		peer_must(&peer[0], op_free, va + 2 * (int64_t)page_sz, 1);
		peer_alloc(&peer[0], 2);
		peer_must(&peer[0], op_free, va, 1);
		range_is_back(&peer[0], va);
		peers_fini(peer, 1);
	}
}

/* rows M6 */
static void reader_that_was_killed_holds_nobody_up(void **state)
{
	static struct peer peer[3];

	(void)state;
	peer_start(&peer[0], "writer");
	peer_must(&peer[0], op_init, 0, 20000, 20000, 20000);
	for (size_t i = 0; i < 6; i++) {
		int64_t va = peer_alloc(&peer[0], 2);

		peer_start(&peer[1], "reader");
		peer_must(&peer[1], op_init, 0);
		peer_must(&peer[1], ways[i % 2].in, 0);
		assert_int_equal(peer_call(&peer[1], op_find, va, 2), 2);
		peer_kill(&peer[1]);
		peer_must(&peer[0], op_free, va, 2);
		assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
		assert_int_equal(peer_stat(&peer[0], quarantined_bytes), 0);
		assert_int_equal(peer_stat(&peer[0], readers), 0);
	}
	peers_fini(peer, 1);
}

/* ---- Owners of the writer mutex ---- */

/* rows M7: readers go on, writers time out, and the log names the owner */
static void writer_that_was_stopped_times_writers_out_and_no_reader(void **state)
{
	static struct peer peer[2];
	char words[96];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 1);
	peer_must(&peer[1], op_write_lock, 0);
	peer_stop(&peer[1]);
	peer_fails(&peer[0], ETIMEDOUT, op_alloc, 1);
	assert_in_range(peer_ms(&peer[0]), 990, 990 + SOON_MS);
	peer_fails(&peer[0], ETIMEDOUT, op_free, va, 1);
	snprintf(words, sizeof(words), "of process %d has been the writer for too long",
		(int)peer[1].pid);
	assert_logged(&peer[0], words);
	assert_int_equal(peer_call(&peer[0], op_find, va, 1), 1);
	assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
	peer_continue(&peer[1]);
	peer_must(&peer[1], op_write_unlock, 0);
	peer_must(&peer[0], op_free, va, 1);
	peers_fini(peer, 2);
}

/* rows M5: the next writer goes on, and says what it found */
static void writer_that_was_killed_leaves_the_mutex_to_the_next(void **state)
{
	static struct peer peer[3];
	char words[96];
	int64_t va;

	(void)state;
	peers_init(peer, 3);
	va = peer_alloc(&peer[0], 1);
	peer_must(&peer[1], op_write_lock, 0);
	peer_begin(&peer[2], op_free, va, 1); /* Waits for it. */
	sleep_ms(20);
	snprintf(words, sizeof(words), "of process %d died as the writer: recovering",
		(int)peer[1].pid);
	peer_kill(&peer[1]);
	assert_int_equal(peer_end(&peer[2]), 0);
	assert_in_range(peer_ms(&peer[2]), 10, SOON_MS);
	assert_logged(&peer[2], words);
	assert_int_equal(peer_stat(&peer[0], recoveries), 1);
	peer_alloc(&peer[0], 1);
	peers_fini(peer, 3);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(stopped_process_outside_a_section_delays_nothing),
	PEER_CASE(range_that_a_stopped_reader_holds_waits_until_it_goes_on),
	PEER_CASE(range_that_a_stopped_reader_holds_waits_until_it_dies),
	PEER_CASE(reader_that_was_killed_holds_nobody_up),
	PEER_CASE(writer_that_was_stopped_times_writers_out_and_no_reader),
	PEER_CASE(writer_that_was_killed_leaves_the_mutex_to_the_next),
};

PEER_MAIN("stopped and dead processes", cases)
