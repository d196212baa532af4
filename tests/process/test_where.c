/* SPDX-License-Identifier: BSD-3-Clause */
/* Processes of other namespaces, and processes that lock their memory. */

#include "peer_case.h"

/* ---- Namespaces ---- */

static const int namespaces[] = {
	CLONE_NEWPID,                               /* root only */
	CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS, /* where the kernel lets anybody */
};

/* Two processes that are both number 1 where they live, and one of here; false: not possible. */
static bool containers_start(struct peer *peer, int flags)
{
	static const char *const names[] = {"one container", "another container"};

	for (int i = 0; i < 2; i++) {
		const int64_t patient[PEER_ARGS] = {0, 20000, 20000, 20000};

		if (peer_try(&peer[i], names[i], &(struct peer_how){.namespaces = flags}) != 0)
			return false;
		peer_begin_text(&peer[i], op_init, "", patient);
		if (peer_wait(&peer[i], PEER_TIMEOUT_MS) == PEER_DIED && i == 0) {
			peer_reap(&peer[i]);
			return false; /* It could not be given its user. */
		}
		if (peer[i].reply.value != 0)
			fail_msg("errno %d: %s", peer[i].reply.err, peer_log(&peer[i]));
	}
	peers_init(&peer[2], 1);
	return true;
}

static int64_t op_pid(const int64_t *arg)
{
	(void)arg;
	return getpid();
}

/* Death is noticed, and what the dead held is free. */
static void container_dies(struct peer *peer, struct peer *other)
{
	int64_t va = peer_alloc(peer, 2);

	peer_must(peer, op_read_lock, 0);
	peer_kill(peer);
	peer_must(other, op_free, va, 2);
	assert_in_range(peer_ms(other), 0, SOON_MS);
	assert_int_equal(peer_stat(other, quarantined_bytes), 0);
}

/* rows M4, M6: numbers of processes mean nothing */
static void processes_of_several_pid_namespaces_work_together(void **state)
{
	static struct peer peer[3];
	unsigned int possible = 0;

	(void)state;
	for (size_t way = 0; way < ARRAY_LEN(namespaces); way++) {
		if (!containers_start(peer, namespaces[way]))
			continue;
		possible++;
		for (int i = 0; i < 2; i++)
			assert_int_equal(peer_call(&peer[i], op_pid, 0), 1);
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 3);
		for (int i = 0; i < 6; i++) {
			int64_t va = peer_alloc(&peer[i % 3], 2);

			peer_must(&peer[(i + 1) % 3], op_fill, va, 2, 'n');
			assert_int_equal(peer_call(&peer[(i + 2) % 3], op_holds, va, 2, 'n'), 1);
			peer_must(&peer[(i + 1) % 3], op_free, va, 2);
			assert_int_equal(peer_call(&peer[i % 3], op_find, va, 2), 0);
		}
		container_dies(&peer[0], &peer[1]);
		peer_start(&peer[0], "newcomer");
		peer_must(&peer[0], op_init, RCUMEM_ATTACH_JOIN);
		container_dies(&peer[0], &peer[1]);
		container_dies(&peer[1], &peer[2]);
		peers_fini(&peer[2], 1);
	}
	if (possible == 0)
		skip();
}

/* ---- Locked memory ---- */

static int64_t op_mlockall(const int64_t *arg)
{
	(void)arg;
	return mlockall(MCL_FUTURE);
}

/* What other processes are to have later must not be taken by one that locks all it maps. */
static void process_that_locks_its_memory_takes_no_page(void **state)
{
	static struct peer peer[2];
	long hugepages, shmem;

	(void)state;
	if (geteuid() != 0)
		skip(); /* It may lock too little to be told. */
	peers_init(peer, 1);
	peer_alloc(&peer[0], 2);
	hugepages = hugepages_taken();
	shmem = shmem_kib();
	for (int creates = 0; creates < 2; creates++) {
		peer_start(&peer[1], "one that locks");
		peer_must(&peer[1], op_mlockall, 0);
		assert_int_equal(
			peer_call_text(&peer[1], op_init, creates ? "of_its_own" : "", 0), 0);
		assert_int_equal(
			peer_call(&peer[1], op_backed, 0), creates ? 0 : 2 * (int64_t)page_sz);
		if (!others_have_lists() || page_sz > RTE_PGSIZE_4K)
			assert_int_equal(hugepages_taken(), hugepages);
		assert_true(shmem_kib() - shmem <= 16384); /* Less: others gave some back. */
		peer_must(&peer[1], op_free, peer_alloc(&peer[1], 2), 2);
		peers_fini(&peer[1], 1);
	}
	peers_fini(peer, 1);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(processes_of_several_pid_namespaces_work_together),
	PEER_CASE(process_that_locks_its_memory_takes_no_page),
};

PEER_MAIN("processes elsewhere", cases)
