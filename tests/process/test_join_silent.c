/* SPDX-License-Identifier: BSD-3-Clause */
/* Joining beside processes that cannot answer, or cannot give. */

#include "peer_refuse.h"

/* ---- Descriptors ---- */

static void too_few_descriptors_are_emfile(void **state)
{
	static struct peer peer[2];

	(void)state;
	peers_init(peer, 1);
	for (unsigned int files = 5; files < 10; files++) {
		struct peer_how how = {.max_files = files};

		assert_int_equal(peer_try(&peer[1], "poor", &how), 0);
		peer_fails(&peer[1], EMFILE, op_init, RCUMEM_ATTACH_JOIN);
		peer_kill(&peer[1]);
	}
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 1);
	peer_start(&peer[1], "rich");
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 2);
}

/* (): take every descriptor there is. */
static int64_t op_use_up_files(const int64_t *arg)
{
	(void)arg;
	while (dup(STDERR_FILENO) >= 0)
		;
	return 0;
}

static int64_t op_close_files(const int64_t *arg)
{
	return close_range((unsigned int)arg[0], ~0u, 0);
}

static void process_without_descriptors_serves_nobody_and_does_not_spin(void **state)
{
	static struct peer peer[2];
	int64_t cpu;

	(void)state;
	assert_int_equal(peer_try(&peer[0], "full", &(struct peer_how){.max_files = 64}), 0);
	peer_must(&peer[0], op_init, 0);
	peer_must(&peer[0], op_use_up_files, 0);
	peer_start(&peer[1], "newcomer");
	cpu = peer_call(&peer[0], op_cpu_ns, 0);
	assert_in_range(refused(&peer[1], ETIMEDOUT, "no process answers"), 900, 900 + SOON_MS);
	assert_in_range(peer_call(&peer[0], op_cpu_ns, 0) - cpu, 0, 300000000);
	peer_must(&peer[0], op_close_files, 32);
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peer_alloc(&peer[1], 1);
	peers_fini(peer, 2);
}

/* ---- Stopped ones ---- */

static void processes_that_are_all_stopped_do_not_answer_in_time(void **state)
{
	static struct peer peer[4];

	(void)state;
	peers_init(peer, 3);
	for (unsigned int i = 0; i < 3; i++)
		peer_stop(&peer[i]);
	peer_start(&peer[3], "newcomer");
	assert_in_range(refused(&peer[3], ETIMEDOUT, "no process answers"), 900, 900 + SOON_MS);
	for (unsigned int i = 0; i < 3; i++)
		peer_continue(&peer[i]);
	peer_must(&peer[3], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 4);
}

static void one_process_that_runs_is_enough_to_join(void **state)
{
	static struct peer peer[4];

	(void)state;
	peers_init(peer, 3);
	for (unsigned int running = 0; running < 3; running++) {
		for (unsigned int i = 0; i < 3; i++)
			if (i != running)
				peer_stop(&peer[i]);
		peer_start(&peer[3], "newcomer");
		peer_must(&peer[3], op_init, RCUMEM_ATTACH_JOIN);
		assert_int_equal(peer_call(&peer[running], op_find, peer_alloc(&peer[3], 1), 1), 1);
		peer_kill(&peer[3]);
		for (unsigned int i = 0; i < 3; i++)
			if (i != running)
				peer_continue(&peer[i]);
	}
	peers_fini(peer, 3);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(too_few_descriptors_are_emfile),
	PEER_CASE(process_without_descriptors_serves_nobody_and_does_not_spin),
	PEER_CASE(processes_that_are_all_stopped_do_not_answer_in_time),
	PEER_CASE(one_process_that_runs_is_enough_to_join),
};

PEER_MAIN("joining beside the silent", cases)
