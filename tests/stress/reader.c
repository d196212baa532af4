/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers by sections and by quiescent states: lookups, and walks now and then. */

#include <sched.h>
#include <time.h>

#include "callback.h"
#include "external.h"
#include "lookup.h"
#include "silent.h"
#include "walk.h"

/* Stay in a section for a while: mostly short, now and then so long that the writer waits. */
void dawdle(uint64_t *random, struct holds *holds)
{
	uint32_t how = random_below(random, 16);
	uint64_t until = now_ns() + (how == 0 ? 300000 : how < 4 ? 20000 : 500);

	while (now_ns() < until && !stress_over()) {
		holds_recheck(holds);
		external_recheck(false);
	}
	if (how == 1 && !silent_now())
		sched_yield();
}

void look_around(uint64_t *random, struct holds *holds)
{
	for (uint32_t i = 1 + random_below(random, 24); i; i--)
		lookup_random(random, holds);
	external_lookup(random, true);
}

static void one_section(uint64_t *random, struct holds *holds)
{
	bool nested = random_below(random, 8) == 0;

	if (rcumem_read_lock())
		stress_fail("wrong", "no section: errno %d", rte_errno);
	silent_begin(random);
	look_around(random, holds);
	if (nested) {
		/* The inner one ends nothing. */
		rcumem_read_lock();
		look_around(random, holds);
		rcumem_read_unlock();
	}
	dawdle(random, holds);
	holds_end(holds);
	external_recheck(true);
	rcumem_read_unlock();
	silent_end();
	tally->sections++;
}

void *section_reader_main(void *arg)
{
	struct reader_start *start = arg;
	uint64_t random = start->seed;
	struct holds holds = {.n = 0};

	reader_begin(start);
	while (!stress_over()) {
		one_section(&random, &holds);
		/* Outside of sections: nothing is held, answers only. */
		for (uint32_t i = random_below(&random, 16); i; i--)
			lookup_random(&random, NULL);
		external_lookup(&random, false);
		if (random_below(&random, 2) == 0)
			lookup_straddle(start->reader, &random);
		external_straddle(&random);
	}
	return NULL;
}

/* The raw walks and lookups, in one section that lasts from one quiescent state to the next. */
void *qsbr_reader_main(void *arg)
{
	struct reader_start *start = arg;
	uint64_t random = start->seed;
	struct holds holds = {.n = 0};

	reader_begin(start);
	if (rcumem_reader_register())
		stress_fail("wrong", "no QSBR reader: errno %d", rte_errno);
	while (!stress_over()) {
		silent_begin(&random);
		look_around(&random, &holds);
		walk_raw(&random);
		dawdle(&random, &holds);
		holds_end(&holds);
		external_recheck(true);
		rcumem_reader_quiescent();
		silent_end();
		tally->sections++;
		if (random_below(&random, 64) == 0) {
			rcumem_reader_offline();
			sched_yield();
			rcumem_reader_online();
		}
	}
	rcumem_reader_unregister();
	return NULL;
}

void *walk_reader_main(void *arg)
{
	struct reader_start *start = arg;
	uint64_t random = start->seed;

	reader_begin(start);
	while (!stress_over()) {
		silent_begin(&random);
		walk_sections(&random);
		silent_end();
		lookup_random(&random, NULL);
		if (random_below(&random, 8) == 0)
			lookup_straddle(start->reader, &random);
	}
	return NULL;
}

/* ---- In callbacks of walks ---- */

struct inside {
	uint64_t *random;
	uint32_t left; /* Segments to pass before the one. */
};

static int look_inside(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct inside *inside = arg;
	struct holds holds = {.n = 0};

	(void)msl;
	(void)ms;
	if (inside->left--)
		return 0;
	callback_read(inside->random, &holds);
	dawdle(inside->random, &holds);
	holds_end(&holds);
	external_recheck(true);
	return 1;
}

void *callback_reader_main(void *arg)
{
	struct reader_start *start = arg;
	uint64_t random = start->seed;

	reader_begin(start);
	while (!stress_over()) {
		struct inside inside = {&random, random_below(&random, 8)};

		silent_begin(&random);
		rte_memseg_walk(look_inside, &inside);
		silent_end();
	}
	return NULL;
}

/* ---- Patience: one that stays until writers have done several operations ---- */

#define PATIENCE_NS 30000000000ull

void *patient_reader_main(void *arg)
{
	struct reader_start *start = arg;
	uint64_t random = start->seed;
	struct holds holds = {.n = 0};

	reader_begin(start);
	while (!stress_over()) {
		uint64_t began = now_ns(), wanted = model_operations() + PATIENCE;

		if (rcumem_read_lock())
			stress_fail("wrong", "no section: errno %d", rte_errno);
		look_around(&random, &holds);
		while (model_operations() < wanted && !stress_over()) {
			holds_recheck(&holds);
			nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
			if (now_ns() - began > PATIENCE_NS)
				stress_fail("blocked",
					"writers have not done %d operations while a section lasts",
					PATIENCE);
		}
		tally->patient += model_operations() >= wanted;
		holds_end(&holds);
		external_recheck(true);
		rcumem_read_unlock();
		nanosleep(&(struct timespec){.tv_nsec = 300000000}, NULL);
	}
	return NULL;
}
