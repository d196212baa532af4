/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Readers of the radix tree beside its writer: they record, and the case
 * asserts.  What they would see if an invariant of rcu/radix.h broke is said at
 * each case.  RCUMEM_SEED repeats the writer's part of a run.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "radix.h"
#include "support_radix.h"
#include "support_random.h"

#define READERS 2
#ifdef RCU_TSAN /* Some forty times slower. */
#define VERSIONS 20
#else
#define VERSIONS 400
#endif
#define REACH (4ull << 30) /* Keys that readers look up: [0, REACH). */

/* ---- A reader beside the writer ---- */

struct reading {
	pthread_barrier_t begin;
	const struct rcu_radix *tree;
	uint64_t value;   /* What every key has, or ... */
	uint64_t done;    /* ... the last version painted completely (release, acquire), ... */
	uint64_t started; /* ... and the last begun (release, acquire). */
	uint32_t stop;    /* Relaxed: nothing depends on when it is seen. */
	uint64_t lookups; /* Relaxed counters, read after the threads have ended. */
	uint64_t errors;
};

static void *read_constant(void *arg)
{
	struct reading *reading = arg;
	uint64_t state = (uint64_t)(uintptr_t)&state, lookups = 0, errors = 0;

	pthread_barrier_wait(&reading->begin);
	do {
		uint64_t key = random_next(&state) % REACH;

		errors += rcu_radix_lookup(reading->tree, key) != reading->value;
		lookups++;
	} while (!rcu_load_relaxed(&reading->stop));
	rcu_fetch_add_relaxed(&reading->lookups, lookups);
	rcu_fetch_add_relaxed(&reading->errors, errors);
	return NULL;
}

static void *read_version(void *arg)
{
	struct reading *reading = arg;
	uint64_t state = (uint64_t)(uintptr_t)&state, lookups = 0, errors = 0;

	pthread_barrier_wait(&reading->begin);
	do {
		uint64_t key = random_next(&state) % REACH;
		uint64_t least = rcu_load_acquire(&reading->done); /* Pairs with the writer's. */
		uint64_t found = rcu_radix_lookup(reading->tree, key) >> 4;
		uint64_t most = rcu_load_acquire(&reading->started); /* Pairs with the writer's. */

		errors += found < least || found > most;
		lookups++;
	} while (!rcu_load_relaxed(&reading->stop));
	rcu_fetch_add_relaxed(&reading->lookups, lookups);
	rcu_fetch_add_relaxed(&reading->errors, errors);
	return NULL;
}

static void readers_start(pthread_t *threads, void *(*fn)(void *), struct reading *reading)
{
	pthread_barrier_init(&reading->begin, NULL, READERS + 1);
	for (unsigned int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, fn, reading), 0);
	pthread_barrier_wait(&reading->begin);
}

static void readers_stop(pthread_t *threads, struct reading *reading)
{
	rcu_store_relaxed(&reading->stop, 1);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(threads[i], NULL);
	pthread_barrier_destroy(&reading->begin);
	assert_int_equal(reading->errors, 0);
}

static void random_part(uint64_t *first, uint64_t *last)
{
	*first = random_below(REACH);
	*last = *first + random_size(31) - 1;
	if (*last >= REACH)
		*last = REACH - 1;
}

/* ---- INV-RADIX-1 ---- */

/* A torn word, or one written in two steps, would be a version before the last complete one or
 * after the last begun. */
static void inv_radix_1_a_reader_sees_the_old_word_or_the_new_one(void **state)
{
	struct rcu_radix *tree = tree_new(TREE_NODES);
	struct reading reading = {.tree = tree, .done = 1, .started = 1};
	uint64_t value = 1 << 4 | 2;
	pthread_t threads[READERS];

	(void)state;
	rcu_radix_update(tree, 0, REACH - 1, word_const, &value);
	readers_start(threads, read_version, &reading);
	for (uint64_t version = 2; version < VERSIONS; version++) {
		uint64_t first, last;

		random_part(&first, &last);
		assert_int_equal(rcu_radix_reserve(tree, first, last), 0);
		value = version << 4 | 2;
		rcu_store_release(&reading.started, version); /* Pairs with read_version(). */
		rcu_radix_update(tree, 0, REACH - 1, word_const, &value);
		rcu_store_release(&reading.done, version); /* Pairs with read_version(). */
	}
	readers_stop(threads, &reading);
	assert_int_not_equal(reading.lookups, 0);
	tree_free(tree);
}

/* ---- INV-RADIX-2 ---- */

/* A node that can be found before all its words are written would show an empty key. */
static void inv_radix_2_a_node_is_complete_before_a_reader_finds_it(void **state)
{
	pthread_t threads[READERS];
	uint64_t lookups = 0;

	(void)state;
	for (unsigned int round = 0; round < VERSIONS / 8; round++) {
		struct rcu_radix *tree = tree_new(TREE_NODES);
		struct reading reading = {.tree = tree, .value = tree_value(round)};

		rcu_radix_update(tree, 0, REACH - 1, word_const, &reading.value);
		readers_start(threads, read_constant, &reading);
		for (unsigned int i = 0; i < 1000; i++) {
			uint64_t first, last;

			random_part(&first, &last);
			assert_int_equal(rcu_radix_reserve(tree, first, last), 0);
		}
		readers_stop(threads, &reading);
		lookups += reading.lookups;
		tree_free(tree);
	}
	assert_int_not_equal(lookups, 0);
}

/* ---- What values lead to ---- */

#define RECORDS 4096

struct record {
	uint64_t key; /* Plain: complete before the tree leads to it. */
	uint64_t check;
} __attribute__((aligned(16)));

struct record_reading {
	pthread_barrier_t begin;
	const struct rcu_radix *tree;
	uint32_t stop; /* Relaxed: nothing depends on when it is seen. */
	uint64_t found;
	uint64_t errors;
};

static void *read_records(void *arg)
{
	struct record_reading *reading = arg;
	uint64_t state = (uint64_t)(uintptr_t)&state;

	pthread_barrier_wait(&reading->begin);
	do {
		uint64_t key = random_next(&state) % RECORDS * 4096;
		uint64_t word = rcu_radix_lookup(reading->tree, key);
		const struct record *record =
			(const struct record *)(uintptr_t)(word & ~RCU_RADIX_TAG);

		if (record) {
			reading->found++;
			reading->errors += record->key != key || record->check != ~key;
		}
	} while (!rcu_load_relaxed(&reading->stop));
	return NULL;
}

/* A record found too early would show another key; ThreadSanitizer reports it even where the
 * machine orders stores (plant relaxed_publish). */
static void what_a_value_leads_to_is_complete_when_it_is_found(void **state)
{
	struct record *records = tree_memory(RECORDS * sizeof(*records));
	struct rcu_radix *tree = tree_new(TREE_NODES);
	struct record_reading reading = {.tree = tree};
	pthread_t thread;

	(void)state;
	pthread_barrier_init(&reading.begin, NULL, 2);
	assert_int_equal(pthread_create(&thread, NULL, read_records, &reading), 0);
	pthread_barrier_wait(&reading.begin);
	for (uint64_t i = 0; i < RECORDS; i++) {
		uint64_t key = i * 4096, word = (uint64_t)(uintptr_t)&records[i] | 2;

		records[i] = (struct record){.key = key, .check = ~key};
		assert_int_equal(rcu_radix_reserve(tree, key, key), 0);
		rcu_radix_update(tree, key, key, word_const, &word);
		if (i % 64 == 0)
			sched_yield();
	}
	rcu_store_relaxed(&reading.stop, 1);
	pthread_join(thread, NULL);
	pthread_barrier_destroy(&reading.begin);
	assert_int_equal(reading.errors, 0);
	assert_int_not_equal(reading.found, 0);
	tree_free(tree);
	munmap(records, RECORDS * sizeof(*records));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(inv_radix_1_a_reader_sees_the_old_word_or_the_new_one),
		cmocka_unit_test(inv_radix_2_a_node_is_complete_before_a_reader_finds_it),
		cmocka_unit_test(what_a_value_leads_to_is_complete_when_it_is_found),
	};

	random_begin();
	return cmocka_run_group_tests(cases, NULL, NULL);
}
