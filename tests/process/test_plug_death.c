/* SPDX-License-Identifier: BSD-3-Clause */
/* Death in a plug so large that several threads clear its pages: none of them may fill a page after
 * the successor has given the range back. */

#include <pthread.h>

#include "peer_case.h"

#define ROUNDS 40

static int64_t large_n(void)
{
	return page_sz == RTE_PGSIZE_4K ? 8192 : 12;
}

static void *plug_for_ever(void *arg)
{
	size_t len = (size_t)large_n() * page_sz;

	for (;;) {
		void *pages = rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);

		if (pages)
			rcumem_pages_free(pages, len);
	}
	return arg;
}

static int64_t op_plug_for_ever(const int64_t *arg)
{
	pthread_t thread;

	(void)arg;
	return pthread_create(&thread, NULL, plug_for_ever, NULL) ? -1 : 0;
}

/* What the dead left in use was published by it, and is anybody's. */
static int64_t op_free_all(const int64_t *arg)
{
	static struct visits visits;

	(void)arg;
	memset(&visits, 0, sizeof(visits));
	rte_memseg_contig_walk(record_run, &visits);
	for (unsigned int i = 0; i < visits.n; i++)
		if (rcumem_pages_free(visits.at[i].seg.addr, visits.at[i].len) != 0)
			return -1;
	return 0;
}

static void death_in_a_large_plug_leaves_no_page_behind(void **state)
{
	static struct peer peer[2];
	unsigned int seed = (unsigned int)getpid();

	(void)state;
	print_message("seed %u\n", seed);
	peers_init(&peer[1], 1);
	for (unsigned int i = 0; i < ROUNDS; i++) {
		peers_init(peer, 1);
		peer_must(peer, op_plug_for_ever, 0);
		usleep(5000 + (useconds_t)rand_r(&seed) % 10000);
		/* Not waited for: its threads may be at work for a moment. */
		assert_int_equal(kill(peer[0].pid, SIGKILL), 0);
		peer_must(&peer[1], op_free, peer_alloc(&peer[1], 1), 1);
		peer_kill(peer);
		assert_int_equal(peer_call(&peer[1], op_backed, 0), peer_stat(&peer[1], bytes));
		peer_must(&peer[1], op_free_all, 0);
		assert_int_equal(peer_call(&peer[1], op_backed, 0), 0);
	}
	assert_true(peer_stat(&peer[1], recoveries) > 0);
	peers_fini(&peer[1], 1);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(death_in_a_large_plug_leaves_no_page_behind),
};

PEER_MAIN("death in a large plug", cases)
