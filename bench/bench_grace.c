/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a grace period take when nobody is inside a section, and when
 * somebody always is?
 *
 * The reader of the second kind enters a section of 100 us as soon as it has
 * left the last.  Peer: urcu-bp, which also registers by itself.
 */
#include "all.h"

#include <pthread.h>
#include <stdatomic.h>

#define _LGPL_SOURCE /* liburcu's small functions inline: its best case. */
#include <urcu/urcu-bp.h>

#include <rcumem.h>

#include "shim.h"
#include "world.h"

#define SECTION_NS 100000u

/* One way to wait for readers, and to be one. */
struct flavour {
	const char *name;
	int (*synchronize)(void);
	void (*section)(void);
	bool reader; /* Somebody is inside. */
};

static pthread_t reader_thread;
static atomic_bool reader_stop, reader_runs;

static void spin(void)
{
	uint64_t end = bench_now() + SECTION_NS;

	while (bench_now() < end)
		;
}

static int rcumem_wait(void)
{
	return rcumem_synchronize(1000);
}

static void rcumem_section(void)
{
	rcumem_read_lock();
	spin();
	rcumem_read_unlock();
}

static int bp_wait(void)
{
	urcu_bp_synchronize_rcu();
	return 0;
}

static void bp_section(void)
{
	urcu_bp_read_lock();
	spin();
	urcu_bp_read_unlock();
}

static void *reader_main(void *arg)
{
	const struct flavour *flavour = arg;

	bench_pin(1);
	while (!atomic_load(&reader_stop)) {
		flavour->section();
		atomic_store(&reader_runs, true);
	}
	return NULL;
}

static const char *grace_setup(const void *arg)
{
	const struct flavour *flavour = arg;
	const char *why = world_start();

	if (why || !flavour->reader)
		return why;
	atomic_store(&reader_stop, false);
	atomic_store(&reader_runs, false);
	if (pthread_create(&reader_thread, NULL, reader_main, (void *)flavour))
		return "no thread";
	while (!atomic_load(&reader_runs))
		;
	return NULL;
}

static void grace_teardown(const void *arg)
{
	const struct flavour *flavour = arg;

	if (!flavour->reader)
		return;
	atomic_store(&reader_stop, true);
	pthread_join(reader_thread, NULL);
}

static void grace_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct flavour *flavour = arg;

	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t begin = bench_now();

		if (flavour->synchronize())
			bench_wrong(state, "a grace period did not end");
		bench_sample(state, bench_now() - begin);
	}
}

void bench_grace_add(void)
{
	static const struct bench bench = {.setup = grace_setup,
		.run = grace_run,
		.teardown = grace_teardown,
		.sampled = true};
	static const struct flavour flavours[] = {
		{"rcumem/idle", rcumem_wait, rcumem_section, false},
		{"urcu-bp/idle", bp_wait, bp_section, false},
		{"rcumem/reader", rcumem_wait, rcumem_section, true},
		{"urcu-bp/reader", bp_wait, bp_section, true},
	};

	for (unsigned int i = 0; i < sizeof(flavours) / sizeof(flavours[0]); i++)
		bench_add(&bench, &flavours[i], sizeof(flavours[i]), 1, "grace_period/%s",
			flavours[i].name);
}
