/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a walk cost a segment, and does a second walker slow it down?
 *
 * Each walk adds up a field and counts, and both are checked.  All subjects get
 * the same callbacks.
 */
#include "all.h"

#include <rte_memory.h>

#include "shim.h"
#include "subject.h"
#include "world.h"

struct walk {
	struct world_point point;
	const struct subject *subject;
	subject_walk *walk;
	enum { BY_SEGMENT, BY_RUN, BY_LIST } by;
};

static const char *walk_setup(const void *arg)
{
	const struct walk *walk = arg;
	const char *why = world_set(&walk->point);

	return why ? why : subject_prepare(walk->subject);
}

/* What one walk must add up. */
static struct subject_sum expected(const struct walk *walk)
{
	if (walk->by == BY_LIST)
		return (struct subject_sum){.bytes = world.list_bytes, .cnt = world.lists};
	return (struct subject_sum){
		.bytes = world.bytes, .cnt = walk->by == BY_RUN ? world.runs : world.segments};
}

static void walk_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct walk *walk = arg;
	struct subject_sum right = expected(walk);

	if (walk->walk(iterations, &right) != iterations)
		bench_wrong(state, "a walk did not add up");
	bench_items(state, right.cnt);
}

static void add(const char *question, const struct walk *walk)
{
	static const struct bench bench = {.setup = walk_setup, .run = walk_run};

	if (walk->walk)
		bench_add(&bench, walk, sizeof(*walk), BENCH_EACH, "%s/%s/%s/segments:%u", question,
			walk->subject->name, world_page_name(walk->point.page_sz),
			walk->point.segments);
}

void bench_walk_add(size_t page_sz, unsigned int segments)
{
	struct world_point point = {
		.page_sz = page_sz, .segments = segments, .pattern = WORLD_SEQUENTIAL};

	for (const struct subject *const *s = subjects; *s; s++)
		add("walk", &(struct walk){point, *s, (*s)->walk, BY_SEGMENT});
	for (const struct subject *const *s = subjects; *s; s++)
		add("contig_walk", &(struct walk){point, *s, (*s)->contig_walk, BY_RUN});
	for (const struct subject *const *s = subjects; *s; s++)
		add("list_walk", &(struct walk){point, *s, (*s)->list_walk, BY_LIST});
}
