/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does the translation of an address cost, whom one asks, and does it
 * depend on the number of segments, the order of access or other threads?
 *
 * The floors are in the same table: an empty call into a shared library, and
 * one load from a flat table without any call.  Two patterns are ways to
 * ask for random addresses: "dependent" asks for the next one only when the answer
 * is there, which shows latency where the others show throughput; "cold" asks for
 * a burst after the core's caches were swept.
 */
#include "all.h"

#include <stdlib.h>

#include <rte_memory.h>

#include "shim.h"
#include "subject.h"
#include "world.h"

#define WRONG_HIT  "an address in use was not found, or the wrong one"
#define WRONG_MISS "an address in no segment was found"

#define SWEEP_LEN    (16u << 20) /* Several times the caches that belong to one core. */
#define COLD_BURST   32u         /* The clock would be half of a single lookup. */
#define COLD_SAMPLES 32u
#define CHECKS       65536u /* Answers that are looked at one by one, more or less. */
#define SCAN_CHECKS  64u    /* The same of a linear scan. */

struct lookup {
	struct world_point point;
	const struct subject *subject;
	subject_loop *loop;
};

/* Look at the answers themselves: the timed loops only count them. */
static bool answers_right(const struct lookup *lookup)
{
	static const struct subject *checked; /* In this world and order. */
	static unsigned int checked_world;
	static enum world_pattern checked_pattern;
	enum world_pattern pattern = lookup->point.pattern;
	uint32_t checks = lookup->subject->iova_max ? SCAN_CHECKS : CHECKS;

	if (!lookup->subject->right || (checked == lookup->subject && checked_world == world.id &&
					       checked_pattern == pattern))
		return true;
	for (uint32_t i = 0; i <= world.mask; i += world.mask / checks + 1)
		if (!lookup->subject->right(i, pattern == WORLD_MISS))
			return false;
	checked = lookup->subject;
	checked_world = world.id;
	checked_pattern = pattern;
	return true;
}

static bool answers_wrong; /* Written in setup(), read in run(). */

static const char *lookup_setup(const void *arg)
{
	const struct lookup *lookup = arg;
	const char *why = world_set(&lookup->point);

	if (!why)
		why = subject_prepare(lookup->subject);
	if (!why)
		answers_wrong = !answers_right(lookup);
	return why;
}

/* `found` of `n` were answered. */
static void found_check(
	struct bench_state *state, const struct lookup *lookup, uint64_t n, uint64_t found)
{
	bool miss = lookup->point.pattern == WORLD_MISS && lookup->subject->right;

	if (answers_wrong || found != (miss ? 0 : n))
		bench_wrong(state, miss ? WRONG_MISS : WRONG_HIT);
}

static void lookup_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct lookup *lookup = arg;

	found_check(state, lookup, iterations, lookup->loop(0, iterations));
}

/* Read memory until nothing else is left in the core's own caches and its TLB. */
static void caches_sweep(void)
{
	static volatile char *memory;

	if (!memory) {
		memory = malloc(SWEEP_LEN);
		if (!memory)
			return;
		for (size_t i = 0; i < SWEEP_LEN; i += 64)
			memory[i] = 1;
	}
	for (size_t i = 0; i < SWEEP_LEN; i += 64)
		memory[i];
}

/* The addresses of a burst are at hand, whatever is to be found out about them is not. */
static void addresses_warm(uint64_t first)
{
	for (uint64_t k = first; k < first + COLD_BURST; k++) {
		*(const void *const volatile *)&world.va[k & world.mask];
		*(const volatile rte_iova_t *)&world.iova[k & world.mask];
	}
}

/* An iteration is COLD_SAMPLES samples: enough for a median, however short the measurement. */
static void cold_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct lookup *lookup = arg;
	uint64_t lookups = iterations * COLD_SAMPLES * COLD_BURST;
	uint64_t found = 0;

	bench_items(state, COLD_BURST);
	for (uint64_t k = 0; k < lookups; k += COLD_BURST) {
		uint64_t before = bench_now(), begin, end;

		caches_sweep();
		addresses_warm(k);
		begin = bench_now();
		found += lookup->loop(k, COLD_BURST);
		end = bench_now();
		bench_sample(state, end - begin);
		bench_spent(state, begin - before);
	}
	found_check(state, lookup, lookups, found);
}

static void add(const char *question, const struct lookup *lookup, const char *pattern,
	const struct bench *bench, unsigned int threads)
{
	bench_add(bench, lookup, sizeof(*lookup), threads, "%s/%s/%s/%s/segments:%u", question,
		lookup->subject->name, world_page_name(lookup->point.page_sz), pattern,
		lookup->point.segments);
}

/* One question to one subject, in every order. */
static void add_question(const char *question, const struct world_point *point,
	const struct subject *subject, const struct subject_lookup *asked)
{
	static const struct bench warm = {.setup = lookup_setup, .run = lookup_run};
	static const struct bench cold = {.setup = lookup_setup, .run = cold_run, .sampled = true};
	struct lookup lookup = {.point = *point, .subject = subject, .loop = asked->loop};

	for (int pattern = WORLD_SEQUENTIAL; pattern <= WORLD_WINDOW_PATTERN; pattern++) {
		lookup.point.pattern = (enum world_pattern)pattern;
		if (pattern != WORLD_MISS || !subject->hits_only)
			add(question, &lookup, world_pattern_name(lookup.point.pattern), &warm,
				BENCH_EACH);
	}
	lookup.point.pattern = WORLD_RANDOM;
	add(question, &lookup, "cold", &cold, 1);
	lookup.loop = asked->dependent;
	add(question, &lookup, "dependent", &warm, 1);
}

void bench_lookup_add(size_t page_sz, unsigned int segments)
{
	struct world_point point = {.page_sz = page_sz, .segments = segments};

	for (const struct subject *const *s = subjects; *s; s++)
		if ((*s)->virt2memseg.loop)
			add_question("virt2memseg", &point, *s, &(*s)->virt2memseg);
	for (const struct subject *const *s = subjects; *s; s++)
		if ((*s)->iova2virt.loop && (!(*s)->iova_max || segments <= (*s)->iova_max))
			add_question("iova2virt", &point, *s, &(*s)->iova2virt);
}
