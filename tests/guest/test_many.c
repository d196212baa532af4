/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A machine of 64 CPUs, which take turns on few: what is right must stay so
 * with a reader on each of them, and with as many processes as there can be.
 */

#include "peer_case.h"
#include "support_actor.h"

#define CPUS   64
#define ROUNDS 12

static void guest_has_64_cpus(void **state)
{
	(void)state;
	assert_int_equal(sysconf(_SC_NPROCESSORS_ONLN), CPUS);
}

/* ---- Threads ---- */

static void many_start(unsigned int max_readers)
{
	struct rcumem_options opts = test_options();

	opts.max_readers = max_readers;
	opts.free_timeout_ms = 60000;
	opts.lock_timeout_ms = 60000;
	runtime_start(&opts);
}

/* What readers look at: a page whose first byte says its round. */
static struct {
	char *page; /* Published, or NULL. */
	bool stop;
	unsigned int looks[CPUS]; /* By each reader: pages it has looked at, */
	unsigned int wrong;       /* and those that were not what they had to be. */
	unsigned int unregistered;
} seen;

static void look(unsigned int cpu)
{
	char *page = __atomic_load_n(&seen.page, __ATOMIC_ACQUIRE);
	char first;

	if (!page)
		return;
	first = page[0];
	if (rte_mem_iova2virt((uintptr_t)page) != page && seen.page == page)
		__atomic_fetch_add(&seen.wrong, 1, __ATOMIC_RELAXED);
	/* Punched or given to another meanwhile, it would be clear or another round's. */
	if (first == 0 || page[page_sz - 1] != first)
		__atomic_fetch_add(&seen.wrong, 1, __ATOMIC_RELAXED);
	seen.looks[cpu]++;
}

/* Half of them in sections, half in quiescent states. */
static void *reader_main(void *arg)
{
	unsigned int cpu = (unsigned int)(uintptr_t)arg;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) ||
		(cpu % 2 ? rcumem_reader_register() : rcumem_thread_init()))
		__atomic_fetch_add(&seen.unregistered, 1, __ATOMIC_RELAXED);
	while (!__atomic_load_n(&seen.stop, __ATOMIC_ACQUIRE)) {
		if (cpu % 2) {
			look(cpu);
			rcumem_reader_quiescent();
		} else {
			rcumem_read_lock();
			look(cpu);
			rcumem_read_unlock();
		}
		/* Idle in between: a CPU that spins keeps the others from running for 100 ms. */
		sleep_ms(1 + cpu % 7);
	}
	if (cpu % 2)
		rcumem_reader_unregister();
	return NULL;
}

static void wait_until_all_have_looked(void)
{
	for (int i = 0; i < CPUS; i++)
		for (int ms = 0; seen.looks[i] == 0 && ms < 60000; ms++)
			sleep_ms(1);
}

static void every_cpu_has_a_reader_while_pages_come_and_go(void **state)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	pthread_t threads[CPUS];

	(void)state;
	memset(&seen, 0, sizeof(seen));
	many_start(CPUS + 1);
	for (uintptr_t i = 0; i < CPUS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader_main, (void *)i), 0);
	for (int round = 1; round <= ROUNDS; round++) {
		char *page = pages_get(1);

		page[0] = page[page_sz - 1] = (char)round;
		__atomic_store_n(&seen.page, page, __ATOMIC_RELEASE);
		if (round == 1)
			wait_until_all_have_looked();
		sleep_ms(50);
		__atomic_store_n(&seen.page, NULL, __ATOMIC_RELEASE);
		pages_put(page, 1);
	}
	assert_int_equal(rcumem_synchronize(60000), 0);
	assert_int_equal(rcumem_stats_get(&stats), 0);
	__atomic_store_n(&seen.stop, true, __ATOMIC_RELEASE);
	for (int i = 0; i < CPUS; i++)
		pthread_join(threads[i], NULL);
	for (int i = 0; i < CPUS; i++)
		if (seen.looks[i] == 0)
			fail_msg("the reader of CPU %d saw no page", i);
	assert_int_equal(seen.unregistered, 0);
	assert_int_equal(seen.wrong, 0);
	assert_in_range(stats.readers, CPUS, CPUS + 1);
	assert_int_equal(stats.grace_timeouts, 0);
	assert_int_equal(stats.quarantined_bytes, 0);
	runtime_stop();
}

static int enter(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static int leave(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static int last_errno(void *arg)
{
	(void)arg;
	return rte_errno;
}

/* All of 64 slots are taken, and each thread holds up a free; the last that leaves ends it. */
static void sixty_four_readers_fill_the_table_and_each_holds_memory(void **state)
{
	static struct actor actors[CPUS + 1];
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct rcumem_options opts = test_options();
	char *pages;

	(void)state;
	opts.max_readers = CPUS;
	opts.free_timeout_ms = 10;
	runtime_start(&opts);
	pages = pages_get(1);
	for (int i = 0; i <= CPUS; i++)
		actor_start(&actors[i]);
	for (int i = 0; i < CPUS; i++)
		assert_int_equal(actor_do(&actors[i], enter, NULL), 0);
	assert_int_equal(actor_do(&actors[CPUS], enter, NULL), -1);
	assert_int_equal(actor_do(&actors[CPUS], last_errno, NULL), ENOSPC);
	pages_put(pages, 1);
	for (int i = 0; i < CPUS; i++) {
		assert_fails(rcumem_synchronize(0), ETIMEDOUT);
		assert_int_equal(rcumem_stats_get(&stats), 0);
		assert_int_equal(stats.readers, CPUS);
		assert_int_equal(stats.quarantined_bytes, page_sz);
		actor_do(&actors[i], leave, NULL);
	}
	assert_int_equal(rcumem_synchronize(0), 0);
	for (int i = 0; i <= CPUS; i++)
		actor_stop(&actors[i]);
	pages_put(pages_get(1), 1);
	assert_int_equal(rcumem_stats_get(&stats), 0);
	assert_int_equal(stats.quarantined_bytes, 0);
	runtime_stop();
}

/* ---- Processes ---- */

/* (cpu) */
static int64_t op_run_on(const int64_t *arg)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)arg[0], &set);
	return sched_setaffinity(0, sizeof(set), &set);
}

static void sixty_four_processes_see_each_others_pages_and_die_in_any_order(void **state)
{
	static struct peer peer[CPUS + 1];
	int64_t pages[CPUS];

	(void)state;
	peers_init_patient(peer, CPUS);
	for (int i = 0; i < CPUS; i++) {
		peer_must(&peer[i], op_run_on, i);
		pages[i] = peer_alloc(&peer[i], 1);
		peer_must(&peer[i], op_fill, pages[i], 1, i + 1);
	}
	assert_int_equal(peer_stat(&peer[63], processes), CPUS);
	peer_start(&peer[CPUS], "one too many");
	peer_fails(&peer[CPUS], EUSERS, op_init, RCUMEM_ATTACH_JOIN);
	for (int i = 0; i < CPUS; i++) {
		assert_int_equal(peer_call(&peer[i], op_segs, 0), CPUS);
		assert_int_equal(peer_call(&peer[CPUS - 1 - i], op_holds, pages[i], 1, i + 1), 1);
	}
	/* Each frees what another has made; every third dies. */
	for (int i = 0; i < CPUS; i++)
		peer_must(&peer[(i + 7) % CPUS], op_free, pages[i], 1);
	for (int i = 0; i < CPUS; i += 3)
		peer_kill(&peer[i]);
	peer_must(&peer[CPUS], op_init, RCUMEM_ATTACH_JOIN);
	assert_int_equal(peer_stat(&peer[CPUS], processes), CPUS - 22 + 1);
	assert_int_equal(peer_call(&peer[CPUS], op_segs, 0), 0);
	assert_int_equal(peer_call(&peer[CPUS], op_backed, 0), 0);
	peers_fini(peer, CPUS + 1);
}

/* A section in each process: a free ends with the last, and those that are killed do not count. */
static void free_waits_for_a_reader_in_each_of_64_processes(void **state)
{
	static struct peer peer[CPUS];
	int64_t page;

	(void)state;
	for (int i = 0; i < CPUS; i++) {
		peer_start(&peer[i], "reader");
		peer_must(&peer[i], op_init, 0, 20, 20000, 20000);
	}
	page = peer_alloc(&peer[0], 1);
	for (int i = 1; i < CPUS; i++)
		peer_must(&peer[i], op_read_lock, 0);
	peer_must(&peer[0], op_free, page, 1);
	assert_int_equal(peer_stat(&peer[0], quarantined_bytes), page_sz);
	for (int i = 1; i < CPUS; i++) {
		if (i % 2)
			peer_must(&peer[i], op_read_unlock, 0);
		else
			peer_kill(&peer[i]);
	}
	peer_must(&peer[0], op_free, peer_alloc(&peer[0], 1), 1);
	assert_int_equal(peer_stat(&peer[0], quarantined_bytes), 0);
	assert_int_equal(peer_call(&peer[0], op_backed, 0), 0);
	peers_fini(peer, CPUS);
}

static const struct CMUnitTest cases[] = {
	BARE_CASE(guest_has_64_cpus),
	BARE_CASE(every_cpu_has_a_reader_while_pages_come_and_go),
	BARE_CASE(sixty_four_readers_fill_the_table_and_each_holds_memory),
	PEER_CASE(sixty_four_processes_see_each_others_pages_and_die_in_any_order),
	PEER_CASE(free_waits_for_a_reader_in_each_of_64_processes),
};

int main(int argc, char **argv)
{
	peer_main(argc, argv);
	return RUN_CASES("many", cases);
}
