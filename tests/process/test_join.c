/* SPDX-License-Identifier: BSD-3-Clause */
/* Joining and leaving: who creates, who joins, what the last one leaves. */

#include "peer_case.h"

#define RACERS 8

/* rows M4: a newcomer finds what there is, at once */
static void newcomer_finds_what_is_there(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 1);
	va = peer_alloc(&peer[0], 3);
	peer_must(&peer[0], op_fill, va, 3, 'x');
	peer_start(&peer[1], "newcomer");
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_call(&peer[1], op_find, va, 3), 3);
	assert_int_equal(peer_call(&peer[1], op_holds, va, 3, 'x'), 1);
	assert_int_equal(peer_stat(&peer[1], bytes), 3 * page_sz);
	peer_must(&peer[1], op_free, va, 3);
	assert_int_equal(peer_call(&peer[0], op_find, va, 3), 0);
	assert_int_equal(peer_call(&peer[0], op_backed, 0), 0);
	peers_fini(peer, 2);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- Races ---- */

static void ask_all(struct peer *peer, int64_t (*fn)(const int64_t *arg), int64_t arg)
{
	for (unsigned int i = 0; i < RACERS; i++)
		peer_begin(&peer[i], fn, arg);
}

/* How many of them answered 0; the others must have failed with `err`. */
static unsigned int succeeded(struct peer *peer, int err)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < RACERS; i++) {
		if (peer_end(&peer[i]) == 0)
			n++;
		else
			assert_int_equal(peer[i].reply.err, err);
	}
	return n;
}

/* All leave at once, and nothing is left. */
static void leave_together(struct peer *peer)
{
	ask_all(peer, op_fini, 0);
	assert_int_equal(succeeded(peer, 0), RACERS);
	assert_int_equal(names_in("", NULL, 0), 0);
}

static void of_eight_that_come_at_once_one_creates(void **state)
{
	static struct peer peer[RACERS];

	(void)state;
	for (unsigned int i = 0; i < RACERS; i++)
		peer_start(&peer[i], "racer");
	for (unsigned int round = 0; round < 50; round++) {
		if (round % 2) {
			ask_all(peer, op_init, RCUMEM_ATTACH_CREATE);
			assert_int_equal(succeeded(peer, EEXIST), 1);
			ask_all(peer, op_init, RCUMEM_ATTACH_JOIN);
			assert_int_equal(succeeded(peer, EALREADY), RACERS - 1);
		} else {
			ask_all(peer, op_init, RCUMEM_ATTACH_ANY);
			assert_int_equal(succeeded(peer, 0), RACERS);
		}
		/* Were there two runtimes, nobody would see all the pages. */
		for (unsigned int i = 0; i < RACERS; i++)
			peer_alloc(&peer[i], 1);
		for (unsigned int i = 0; i < RACERS; i++)
			assert_int_equal(peer_call(&peer[i], op_segs, 0), RACERS);
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), RACERS);
		leave_together(peer);
	}
}

/* (rounds): come, use it, and go, so often; -1 when anything failed. */
static int64_t op_come_and_go(const int64_t *arg)
{
	struct rcumem_options opts = peer_options();

	opts.lock_timeout_ms = 20000;
	for (int64_t i = 0; i < arg[0]; i++) {
		char *page;

		if (rcumem_init(&opts) != 0)
			return -1;
		page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
		if (!page || page[0] || rte_mem_iova2virt((uintptr_t)page) != page)
			return -1;
		page[0] = 'x';
		if (rcumem_pages_free(page, page_sz) != 0 || rcumem_fini() != 0)
			return -1;
	}
	return 0;
}

static void those_who_come_and_those_who_go_do_not_hinder_each_other(void **state)
{
	static struct peer peer[RACERS];

	(void)state;
	for (unsigned int i = 0; i < RACERS; i++)
		peer_start(&peer[i], "traveller");
	ask_all(peer, op_come_and_go, 40);
	for (unsigned int i = 0; i < RACERS; i++)
		if (peer_end(&peer[i]) != 0)
			fail_msg("errno %d\n%s", peer[i].reply.err, peer_log(&peer[i]));
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- Who may go first ---- */

/* The first of three goes; the others work on, and a fourth comes. */
static void go_on_without_the_creator(bool killed)
{
	static struct peer peer[4];
	int64_t va, more;

	peers_init(peer, 3);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[0], op_fill, va, 2, 'c');
	if (killed)
		peer_kill(&peer[0]);
	else
		peers_fini(peer, 1);
	assert_int_equal(peer_call(&peer[1], op_find, va, 2), 2);
	more = peer_alloc(&peer[2], 1);
	assert_int_equal(peer_call(&peer[1], op_find, more, 1), 1);
	peer_start(&peer[3], "newcomer");
	peer_must(&peer[3], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_call(&peer[3], op_holds, va, 2, 'c'), 1);
	/* Its place in the process table has gone to the newcomer. */
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 3);
	peer_must(&peer[3], op_free, va, 2);
	peer_must(&peer[3], op_free, more, 1);
	assert_int_equal(peer_call(&peer[1], op_backed, 0), 0);
	peers_fini(&peer[1], 3);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* rows M8: any process may be the last */
static void creator_may_leave_first(void **state)
{
	(void)state;
	go_on_without_the_creator(false);
}

/* rows M3, M8: the kernel takes what the killed one had */
static void creator_may_be_killed_first(void **state)
{
	(void)state;
	go_on_without_the_creator(true);
}

/* rows M8 */
static void last_one_out_leaves_nothing_whoever_it_is(void **state)
{
	static struct peer peer[3];

	(void)state;
	for (unsigned int last = 0; last < 3; last++) {
		peers_init(peer, 3);
		peer_alloc(&peer[last], 2);
		peer_alloc(&peer[(last + 1) % 3], 1);
		peers_fini(&peer[(last + 1) % 3], 1);
		peers_fini(&peer[(last + 2) % 3], 1);
		assert_int_equal(peer_call(&peer[last], op_segs, 0), 3);
		peers_fini(&peer[last], 1);
		assert_int_equal(names_in("", NULL, 0), 0);
	}
}

/* rows M3: sockets of the dead go with the next start, and nothing of their memory is found */
static void next_start_clears_away_what_the_killed_have_left(void **state)
{
	static struct peer peer[4];

	(void)state;
	peers_init(peer, 3);
	peer_alloc(&peer[0], 3);
	for (unsigned int i = 0; i < 3; i++)
		peer_kill(&peer[i]);
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 3);
	peer_start(&peer[3], "successor");
	peer_fails(&peer[3], ENOENT, op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(names_in("", NULL, 0), 0);
	peer_must(&peer[3], op_init, RCUMEM_ATTACH_CREATE);
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 1);
	assert_int_equal(peer_call(&peer[3], op_segs, 0), 0);
	peers_fini(&peer[3], 1);
	assert_int_equal(names_in("", NULL, 0), 0);
}

/* ---- What a prefix stands for ---- */

static int64_t op_join_without_prefix(const int64_t *arg)
{
	struct rcumem_options opts = test_options();

	(void)arg;
	opts.attach = RCUMEM_ATTACH_JOIN;
	return rcumem_init(&opts);
}

/* rows M2: it is joined, unless that is refused */
static void options_insist_on_creating_or_joining(void **state)
{
	static struct peer peer[2];

	(void)state;
	peer_start(&peer[0], "first");
	peer_start(&peer[1], "second");
	peer_fails(&peer[0], EINVAL, op_join_without_prefix, 0);
	peer_fails(&peer[0], ENOENT, op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(names_in("", NULL, 0), 0);
	peer_must(&peer[0], op_init, RCUMEM_ATTACH_CREATE);
	peer_fails(&peer[0], EALREADY, op_init, RCUMEM_ATTACH_JOIN);
	peer_fails(&peer[1], EEXIST, op_init, RCUMEM_ATTACH_CREATE);
	assert_int_equal(peer_call(&peer[1], op_segs, 0), 0);
	peer_must(&peer[1], op_init, RCUMEM_ATTACH_JOIN);
	peers_fini(peer, 2);
}

static int64_t op_init_from_environment(const int64_t *arg)
{
	(void)arg;
	setenv("RCUMEM_PREFIX", PEER_PREFIX, 1);
	return rcumem_init(NULL);
}

static void runtimes_of_other_names_are_apart_and_the_environment_names_one(void **state)
{
	static struct peer peer[3];
	int64_t va;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		peer_start(&peer[i], "one of three");
	peer_must(&peer[0], op_init, 0);
	assert_int_equal(peer_call_text(&peer[1], op_init, "another", 0), 0);
	peer_must(&peer[2], op_init_from_environment, 0);
	va = peer_alloc(&peer[0], 1);
	assert_int_equal(peer_call(&peer[1], op_segs, 0), 0);
	assert_int_equal(peer_call(&peer[2], op_find, va, 1), 1);
	assert_int_equal(names_in("", NULL, 0), 2);
	peers_fini(peer, 3);
}

static int64_t op_join_with_other_options(const int64_t *arg)
{
	struct rcumem_options opts = peer_options();

	(void)arg;
	opts.page_sizes = RTE_PGSIZE_4K;
	opts.list_len = 2 * GIB;
	opts.max_lists = 9;
	opts.nrank = 7;
	opts.base_va = 512 * GIB;
	return rcumem_init(&opts) == 0 && rte_memory_get_nrank() == 0 ? 0 : -1;
}

static void who_joins_gets_the_runtime_as_it_was_made(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 1);
	peer_start(&peer[1], "newcomer");
	peer_must(&peer[1], op_join_with_other_options, 0);
	va = peer_alloc(&peer[1], 1);
	assert_int_equal(peer_call(&peer[0], op_find, va, 1), 1);
	peers_fini(peer, 2);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(newcomer_finds_what_is_there),
	PEER_CASE(of_eight_that_come_at_once_one_creates),
	PEER_CASE(those_who_come_and_those_who_go_do_not_hinder_each_other),
	PEER_CASE(creator_may_leave_first),
	PEER_CASE(creator_may_be_killed_first),
	PEER_CASE(last_one_out_leaves_nothing_whoever_it_is),
	PEER_CASE(next_start_clears_away_what_the_killed_have_left),
	PEER_CASE(options_insist_on_creating_or_joining),
	PEER_CASE(runtimes_of_other_names_are_apart_and_the_environment_names_one),
	PEER_CASE(who_joins_gets_the_runtime_as_it_was_made),
};

PEER_MAIN("joining", cases)
