/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long does a grace period take when nobody is inside a section, and when
 * somebody always is?
 *
 * "idle": the reader is registered and asleep, outside any section.  "reader":
 * it enters a section of 100 us as soon as it has left the last; the quiescent
 * kind announces a quiescent state every 100 us.  Peers: liburcu's flavours.
 *
 * Beside a reader each wait begins at a random moment of the section: right
 * after a wait the reader is outside, waking the writer, and the next would
 * find nobody.
 */
#include "all.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include <rcumem.h>

#include "flavours.h"
#include "shim.h"
#include "world.h"

#define SECTION_NS 100000u

struct grace {
	const struct flavour *flavour;
	bool reader; /* Somebody is inside. */
};

static pthread_t reader_thread;
static atomic_bool reader_stop, reader_runs;
static pthread_barrier_t reader_sleep; /* Where it is idle. */

static void spin(uint64_t ns)
{
	uint64_t end = bench_now() + ns;

	while (bench_now() < end)
		;
}

static void *reader_main(void *arg)
{
	const struct grace *grace = arg;
	const struct flavour *flavour = grace->flavour;

	bench_pin(1);
	flavour->enlist();
	if (!grace->reader) {
		flavour->offline();
		atomic_store(&reader_runs, true);
		pthread_barrier_wait(&reader_sleep);
		flavour->online();
	}
	while (!atomic_load(&reader_stop)) {
		flavour->begin();
		spin(SECTION_NS);
		flavour->end();
		atomic_store(&reader_runs, true);
	}
	flavour->leave();
	return NULL;
}

static const char *grace_setup(const void *arg)
{
	const struct grace *grace = arg;
	const char *why = world_start();

	if (why)
		return why;
	atomic_store(&reader_stop, !grace->reader);
	atomic_store(&reader_runs, false);
	pthread_barrier_init(&reader_sleep, NULL, 2);
	if (pthread_create(&reader_thread, NULL, reader_main, (void *)grace))
		return "no thread";
	while (!atomic_load(&reader_runs))
		;
	return NULL;
}

static void grace_teardown(const void *arg)
{
	const struct grace *grace = arg;

	if (!grace->reader)
		pthread_barrier_wait(&reader_sleep);
	atomic_store(&reader_stop, true);
	pthread_join(reader_thread, NULL);
	pthread_barrier_destroy(&reader_sleep);
}

static void grace_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct grace *grace = arg;
	unsigned int seed = 1;

	for (uint64_t i = 0; i < iterations; i++) {
		uint64_t begin;

		if (grace->reader)
			spin(SECTION_NS + (unsigned int)rand_r(&seed) % SECTION_NS);
		begin = bench_now();
		if (grace->flavour->synchronize())
			bench_wrong(state, "a grace period did not end");
		bench_sample(state, bench_now() - begin);
		bench_spent(state, grace->reader ? SECTION_NS : 0); /* About. */
	}
}

void bench_grace_add(void)
{
	static const struct bench bench = {.setup = grace_setup,
		.run = grace_run,
		.teardown = grace_teardown,
		.sampled = true};
	struct grace grace;

	for (grace.flavour = flavours; grace.flavour->name; grace.flavour++) {
		for (int reader = 0; reader <= 1; reader++) {
			grace.reader = reader;
			bench_add(&bench, &grace, sizeof(grace), 1, "grace_period/%s/%s",
				grace.flavour->name, reader ? "reader" : "idle");
		}
	}
}
