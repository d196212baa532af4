/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * A writer dies at every instruction of the library that an operation does,
 * and its successor at one of the recovery's: guarantee G5.  RCUMEM_SEED
 * repeats the choices.
 */

#include "support_step.h"

/* For support_life.h: points are places in the traces of the operation, and of its recovery. */
static struct trace traces[2];
static uint32_t *places[2]; /* Offsets of the instructions in a trace, in no special order. */
static unsigned int n_places[2];
static unsigned int deaths[2];

static int recover(void);

/* The first time it is done, or one of the first: each time before is a slow trap. */
static unsigned int run_and_die(int (*run)(void), unsigned int at)
{
	unsigned int which = run == recover;
	struct step_death death = {0, 0};

	if (at) {
		death.off = places[which][at - 1];
		death.time = 1;
		if (random_below(4) == 0)
			death.time += (uint32_t)random_below(traces[which].times[death.off]) % 16;
	}
	deaths[which] += step_run(run, NULL, &death);
	return n_places[which];
}

#include "support_life.h"

static void trace_clear(unsigned int which)
{
	if (traces[which].times == NULL)
		traces[which] = trace_new();
	free(places[which]);
	memset(traces[which].times, 0, traces[which].len * sizeof(*traces[which].times));
	deaths[which] = 0;
}

static void trace_run(unsigned int which, int (*run)(void))
{
	step_run(run, &traces[which], &(struct step_death){0, 0});
}

static void places_find(unsigned int which)
{
	const struct trace *trace = &traces[which];
	unsigned int n = 0;

	places[which] = malloc(trace->len * sizeof(*places[which]));
	for (uint32_t off = 0; off < trace->len; off++)
		if (trace->times[off])
			places[which][n++] = off;
	n_places[which] = n;
}

/* What recovery does after a death in the middle of the operation. */
static bool trace_recovery(const struct operation *op)
{
	bool in_the_middle;

	scene.pages = scene.stay + STAY_PAGES * page_sz;
	op->prepare();
	run_and_die(op->run, 1 + (unsigned int)random_below(n_places[0]));
	in_the_middle = runtime_region()->intent.op != INTENT_NONE;
	if (in_the_middle)
		trace_run(1, recover);
	else
		assert_int_equal(recover(), 0);
	rest_release();
	settle();
	return in_the_middle;
}

static void trace_both(const struct operation *op)
{
	trace_clear(0);
	trace_clear(1);
	scene.pages = scene.stay + STAY_PAGES * page_sz;
	op->prepare();
	trace_run(0, op->run);
	places_find(0);
	rest_release();
	settle();
	for (int n = 0, tries = 0; n < 2; tries++) {
		assert_true(tries < 100);
		n += trace_recovery(op);
	}
	places_find(1);
	deaths[0] = 0;
}

static void die_anywhere(const char *name, void (*prepare)(void), int (*run)(void))
{
	struct operation op = {name, prepare, run, false};

	if (!step_begin())
		skip();
	scene_set();
	trace_both(&op);
	assert_true(n_places[0] > 100 && n_places[1] > 100);
	for (unsigned int at = 1; at <= n_places[0]; at++)
		live(&op, at, 1 + (unsigned int)random_below(n_places[1]));
	assert_true(deaths[0] > n_places[0] / 2);
	print_message("%s: %u instructions, %u deaths, %u more of the successor at %u\n", name,
		n_places[0], deaths[0], deaths[1], n_places[1]);
	scene_clear();
}

static void alloc_may_die_at_any_instruction(void **state)
{
	(void)state;
	die_anywhere("alloc of 2 pages", nothing_yet, alloc_subject);
}

static void free_may_die_at_any_instruction(void **state)
{
	(void)state;
	die_anywhere("free of 3 pages", pages_in_use, free_subject);
}

static void register_may_die_at_any_instruction(void **state)
{
	(void)state;
	die_anywhere("register", no_pages, ext_subject_register);
}

static void unregister_may_die_at_any_instruction(void **state)
{
	(void)state;
	die_anywhere("unregister", registered, ext_subject_unregister);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(alloc_may_die_at_any_instruction),
		CASE(free_may_die_at_any_instruction),
		CASE(register_may_die_at_any_instruction),
		CASE(unregister_may_die_at_any_instruction),
	};

	setenv("RCUMEM_LOG", "error", 1); /* Each death would be told. */
	random_begin();
	return RUN_CASES("recovery, step by step", cases);
}
