/* SPDX-License-Identifier: BSD-3-Clause */
/* Children of fork(), which have no part in the runtime until they attach. */

#include "peer_churn.h"

static int64_t parents_va;

/* In the child: the line of what does not hold, or 0. */
static int has_no_runtime(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	unsigned char resident;

	writer_page = (void *)(uintptr_t)parents_va;
	CHILD_CHECK(writer_not_refused(ENODEV) == NULL);
	CHILD_CHECK(rcumem_subscribe("child", event_ignore, NULL) == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_stats_get(&stats) == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_read_lock() == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_fini() == -1 && rte_errno == ENODEV);
	CHILD_CHECK(!rte_mem_virt2memseg_list((void *)(uintptr_t)parents_va));
	CHILD_CHECK(!rte_mem_iova2virt((uint64_t)parents_va));
	CHILD_CHECK(segs_now() == 0);
	CHILD_CHECK(mincore((void *)(uintptr_t)parents_va, 4096, &resident) == -1);
	return 0;
}

static int attaches_by_itself(void)
{
	struct rcumem_options opts = peer_options();
	char *page;

	CHILD_CHECK(has_no_runtime() == 0);
	opts.attach = RCUMEM_ATTACH_JOIN;
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(is_used((void *)(uintptr_t)parents_va));
	CHILD_CHECK(*(char *)(uintptr_t)parents_va == 'p');
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(page && page[0] == 0);
	CHILD_CHECK(rcumem_pages_free(page, page_sz) == 0);
	return 0;
}

static int attaches_and_leaves(void)
{
	CHILD_CHECK(attaches_by_itself() == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static int (*const children[])(void) = {has_no_runtime, attaches_by_itself, attaches_and_leaves};

/* (which, address): the line at which the child found something wrong, or 0. */
static int64_t op_fork(const int64_t *arg)
{
	parents_va = arg[1];
	return child_run(children[arg[0]]);
}

/* rows M1: it says so until it attaches itself, by the same name */
static void child_is_not_attached_until_it_attaches_itself(void **state)
{
	static struct peer peer[3];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 2);
	peer_must(&peer[0], op_fill, va, 2, 'p');
	for (int i = 0; i < 2; i++)
		peer_must(&peer[i], op_listen, 0);
	for (int which = 0; which < 3; which++) {
		assert_int_equal(peer_call(&peer[0], op_fork, which, va), 0);
		/* A child that ended took nothing of its parent's with it. */
		peer_start(&peer[2], "newcomer");
		peer_must(&peer[2], op_init, RCUMEM_ATTACH_JOIN);
		peers_fini(&peer[2], 1);
		assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 2);
		assert_int_equal(peer_call(&peer[0], op_find, va, 2), 2);
	}
	peer_must(&peer[0], op_forget, 0);
	peer_must(&peer[1], op_free, va, 2);
	assert_int_equal(peer_call(&peer[0], op_told, 0), 1);
	peers_fini(peer, 2);
}

/* rows M1: neither its section, nor its slot, nor what it is attached to */
static void child_that_ends_does_not_make_its_parent_look_dead(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	peers_init(peer, 2);
	va = peer_alloc(&peer[0], 1);
	peer_must(&peer[0], op_fill, va, 1, 'p');
	peer_must(&peer[0], op_read_lock, 0);
	for (int which = 0; which < 3; which++)
		assert_int_equal(peer_call(&peer[0], op_fork, which, va), 0);
	peer_must(&peer[1], op_free, va, 1);
	assert_in_range(peer_ms(&peer[1]), 190, 190 + SOON_MS);
	/* With what two of the children freed. */
	assert_int_equal(peer_stat(&peer[1], quarantined_bytes), 3 * page_sz);
	assert_int_equal(peer_call(&peer[0], op_holds, va, 1, 'p'), 1);
	peer_must(&peer[0], op_read_unlock, 0);
	peer_must(&peer[1], op_free, peer_alloc(&peer[1], 1), 1);
	assert_int_equal(peer_stat(&peer[1], quarantined_bytes), 0);
	peers_fini(peer, 2);
}

/* While another process is the writer for longer than the lock timeout. */
static int is_not_let_in(void)
{
	struct rcumem_options opts = peer_options();

	opts.attach = RCUMEM_ATTACH_JOIN;
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == ETIMEDOUT);
	return 0;
}

static int64_t op_fork_in_vain(const int64_t *arg)
{
	(void)arg;
	return child_run(is_not_let_in);
}

static void child_that_is_not_let_in_leaves_its_parents_place_alone(void **state)
{
	static struct peer peer[3];

	(void)state;
	peer_start(&peer[0], "first");
	peer_must(&peer[0], op_init, 0, 0, 0, 200);
	peers_init(&peer[1], 1);
	peer_must(&peer[1], op_write_lock, 0);
	assert_int_equal(peer_call(&peer[0], op_fork_in_vain, 0), 0);
	peer_must(&peer[1], op_write_unlock, 0);
	assert_int_equal(names_in(PEER_PREFIX, NULL, 0), 2);
	/* Only the parent is left to answer. */
	peers_fini(&peer[1], 1);
	peers_init(&peer[2], 1);
	peers_fini(&peer[2], 1);
	peers_fini(&peer[0], 1);
}

static pthread_t churner;
static atomic_bool churns;

static void *churn_main(void *arg)
{
	int64_t seed = 1, failed = 0;

	(void)arg;
	while (atomic_load(&churns))
		failed += op_churn((const int64_t[]){20, seed++}) != 0;
	return failed ? &churner : NULL;
}

/* (forks, address): so often, while another thread plugs and unplugs; -1: that was disturbed. */
static int64_t op_fork_amid_churn(const int64_t *arg)
{
	void *failed;
	int64_t line = 0;

	atomic_store(&churns, true);
	if (pthread_create(&churner, NULL, churn_main, NULL))
		return -1;
	parents_va = arg[1];
	for (int64_t i = 0; i < arg[0] && line == 0; i++)
		line = child_run(children[i % 3]);
	atomic_store(&churns, false);
	pthread_join(churner, &failed);
	return failed ? -1 : line;
}

/* rows M1 */
static void forks_beside_writers_disturb_nobody(void **state)
{
	static struct peer peer[2];
	int64_t va;

	(void)state;
	/* A child gets its allocator as it was in the middle of another thread's call. */
	if (UNDER_SANITIZER)
		skip();
	peer_start(&peer[0], "parent");
	peer_must(&peer[0], op_init, 0, 20000, 20000, 20000);
	peers_init(&peer[1], 1);
	va = peer_alloc(&peer[0], 1);
	peer_must(&peer[0], op_fill, va, 1, 'p');
	peer_must(&peer[1], op_subscribe, 0);
	peer_begin(&peer[0], op_fork_amid_churn, 45, va);
	assert_int_equal(peer_end(&peer[0]), 0);
	assert_int_equal(peer_call(&peer[1], op_model_agrees, 0), peer_call(&peer[0], op_segs, 0));
	peers_fini(peer, 2);
}

/* ---- fork() in a callback, while another thread ends the runtime ---- */

static atomic_bool in_callback;
static _Atomic(int64_t) callback_line; /* What its child found. */

static void fork_later(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)len;
	(void)arg;
	parents_va = (int64_t)(uintptr_t)addr;
	atomic_store(&in_callback, true);
	sleep_ms(100);
	atomic_store(&callback_line, child_run(has_no_runtime));
}

static int64_t op_fork_when_told(const int64_t *arg)
{
	(void)arg;
	atomic_store(&callback_line, -1);
	return rte_mem_event_callback_register("fork later", fork_later, NULL);
}

static int64_t op_fini_beside_callback(const int64_t *arg)
{
	(void)arg;
	while (!atomic_load(&in_callback))
		sleep_ms(1);
	return rcumem_fini() == 0 ? atomic_load(&callback_line) : -1;
}

static void callback_that_fini_waits_for_may_fork(void **state)
{
	static struct peer peer[2];

	(void)state;
	if (UNDER_SANITIZER)
		skip();
	peers_init_patient(peer, 2);
	peer_must(&peer[0], op_fork_when_told, 0);
	peer_begin(&peer[0], op_fini_beside_callback, 0);
	peer_alloc(&peer[1], 1);
	assert_int_equal(peer_end(&peer[0]), 0);
	assert_in_range(peer_ms(&peer[0]), 0, SOON_MS);
	assert_int_equal(peer_exit(&peer[0]), 0);
	peers_fini(&peer[1], 1);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(child_is_not_attached_until_it_attaches_itself),
	PEER_CASE(child_that_ends_does_not_make_its_parent_look_dead),
	PEER_CASE(child_that_is_not_let_in_leaves_its_parents_place_alone),
	PEER_CASE(forks_beside_writers_disturb_nobody),
	PEER_CASE(callback_that_fini_waits_for_may_fork),
};

PEER_MAIN("fork", cases)
