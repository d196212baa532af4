/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a reader pay for what it finds to stay valid: a section, or (the
 * qsbr kinds) a quiescent state?
 *
 * Peers: liburcu's flavours, inlined; ours are calls into a shared library.
 * The floor is an empty call into a shared library.
 */
#include "all.h"

#include "empty.h"
#include "flavours.h"
#include "shim.h"
#include "world.h"

static int empty_enlist(void)
{
	return 0;
}

static void empty_leave(void)
{
}

static void empty_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		bench_empty_call(NULL, NULL);
}

static const char *section_setup(const void *arg)
{
	(void)arg;
	return world_start();
}

/* Registration is timed with the rest: microseconds beside the half second that is measured. */
static void section_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct flavour *reader = arg;

	if (reader->enlist()) {
		bench_wrong(state, "the reader could not be registered");
		return;
	}
	reader->loop(iterations);
	reader->leave();
}

static void add(const struct flavour *reader)
{
	static const struct bench bench = {.setup = section_setup, .run = section_run};

	for (unsigned int threads = 1; threads <= 2; threads++)
		bench_add(&bench, reader, sizeof(*reader), threads, "reader/%s", reader->name);
}

void bench_section_add(void)
{
	static const struct flavour empty = {
		.name = "empty", .enlist = empty_enlist, .leave = empty_leave, .loop = empty_loop};

	add(&empty);
	for (const struct flavour *reader = flavours; reader->name; reader++)
		add(reader);
}
