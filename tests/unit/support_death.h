/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_DEATH_H
#define SUPPORT_DEATH_H

/*
 * A writer dies with the mutex, at every named point of an operation, and so
 * does its successor at every named point of the recovery; the writer after
 * them finds all that it needs.  support_recovery.h says what must hold.
 *
 * The points are met in a run that nobody dies in, and then one after the
 * other is the last; they exist in builds with -Dpause_points=true only.
 */

#include "point.h"
#include "support_recovery.h"

/* A writer that dies takes with it what it had from malloc(): that is no leak of the library's. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:hotplug_plug\nleak:piece_make\n";
}

#ifdef RCU_PAUSE_POINTS
#define HAVE_POINTS true
#define POINT_HOOK  test_point_hook
#else
#define HAVE_POINTS false
static void (*POINT_HOOK)(const char *name);
#endif

/* Where a thread dies: at the point that it meets as number `at`, or by name; or nowhere. */
struct death {
	const char *name;
	unsigned int at;
	unsigned int met;
	bool died;
};

static __thread struct death *dying;

/* True when this thread owns the mutex, and says so, or recovers. */
static inline bool is_writer(void)
{
	const struct region *region = runtime_region();

	/* The futex word: the owner's number stands there as long as others cannot have it. */
	return (region->mutex.__data.__lock & 0x3fffffff) == gettid() && region->owner_tid;
}

static inline void point(const char *name)
{
	struct death *death = dying;

	/* Elsewhere only a whole process dies (tests/crash): a thread alone would leave what its
	 * process answers for. */
	if (!death || !is_writer() || strncmp(name, "lookup.", 7) == 0 ||
		strncmp(name, "reader.", 7) == 0)
		return;
	dying = NULL;
	look_on(name);
	if (++death->met == death->at || (death->name && strcmp(name, death->name) == 0)) {
		death->died = true;
		pthread_exit(NULL);
	}
	dying = death;
}

struct victim {
	struct death death;
	int (*run)(void);
	int result;
};

static inline void *victim_main(void *arg)
{
	struct victim *victim = arg;

	dying = &victim->death;
	victim->result = victim->run();
	dying = NULL;
	return NULL;
}

/* Run in a thread of its own that may die. */
static inline struct death run_with(int (*run)(void), const struct death *death)
{
	struct victim victim = {.death = *death, .run = run};
	pthread_t thread;

	POINT_HOOK = point;
	assert_int_equal(pthread_create(&thread, NULL, victim_main, &victim), 0);
	pthread_join(thread, NULL);
	POINT_HOOK = NULL;
	assert_true(victim.death.died || victim.result == 0);
	return victim.death;
}

/* ... at a point by its number: how many it met. */
static inline unsigned int run_and_die(int (*run)(void), unsigned int at)
{
	struct death death = run_with(run, &(struct death){.at = at});

	assert_int_equal(death.died, at && at <= death.met);
	return death.met;
}

#include "support_life.h"

/* Deaths of successors: all of them for a short operation, some for a long one. */
#define SUCCESSORS 12u

static inline void die_everywhere(const struct operation *op)
{
	unsigned int deaths = 0, twice = 0, met;

	live(op, 0, 0); /* The first time more is made, which stays. */
	met = live(op, 0, 0).met;
	assert_true(met >= 4);
	for (unsigned int at = 1; at <= met; at++, deaths++) {
		unsigned int again = live(op, at, 0).met_again;
		unsigned int step = again * met / (SUCCESSORS * SUCCESSORS) + 1;

		assert_true(again >= 3);
		for (unsigned int i = 1 + (unsigned int)random_below(step); i <= again;
			i += step, twice++)
			live(op, at, i);
	}
	print_message("%s: %u points, %u deaths, %u more of the successor\n", op->name, met, deaths,
		twice);
}

static inline void die_in(const char *name, void (*prepare)(void), int (*run)(void))
{
	struct operation op = {name, prepare, run, false};

	if (!HAVE_POINTS)
		skip();
	scene_set();
	die_everywhere(&op);
	scene_clear();
}

/* Where a reader is inside, free waits for it in vain: not for long. */
static inline void die_waiting_in(
	const char *name, void (*prepare)(void), int (*run)(void), bool held)
{
	struct operation op = {name, prepare, run, held};
	struct rcumem_options opts = test_options();

	if (!HAVE_POINTS)
		skip();
	opts.free_timeout_ms = 1;
	runtime_start(&opts);
	scene_set();
	die_everywhere(&op);
	scene_clear();
	runtime_stop();
}

#endif /* SUPPORT_DEATH_H */
