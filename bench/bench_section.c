/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What does a reader pay for what it finds to stay valid: a section, or a
 * quiescent state?
 *
 * Peers: liburcu's flavours that need no call (bp, inlined) and that announce
 * quiescent states (qsbr); ours are calls into a shared library.  The floor is
 * an empty call into a shared library.
 */
#include "all.h"

#define _LGPL_SOURCE /* liburcu's small functions inline: their best case. */
#include <urcu/urcu-bp.h>
#include <urcu/urcu-qsbr.h>

#include <rcumem.h>

#include "empty.h"
#include "shim.h"
#include "world.h"

/* How one kind of reader begins, what it does each time, and how it ends. */
struct reader {
	const char *name;
	int (*begin)(void);
	void (*loop)(uint64_t n);
	void (*end)(void);
};

static int nothing_begin(void)
{
	return 0;
}

static void nothing_end(void)
{
}

static void empty_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		bench_empty_call(NULL, NULL);
}

static void rcumem_section_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		rcumem_read_lock();
		rcumem_read_unlock();
	}
}

static void rcumem_quiescent_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		rcumem_reader_quiescent();
}

static void rcumem_reader_end(void)
{
	rcumem_reader_unregister();
}

static int bp_begin(void)
{
	urcu_bp_register_thread();
	return 0;
}

static void bp_section_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		urcu_bp_read_lock();
		urcu_bp_read_unlock();
	}
}

static int qsbr_begin(void)
{
	urcu_qsbr_register_thread();
	return 0;
}

static void qsbr_quiescent_loop(uint64_t n)
{
	for (uint64_t i = 0; i < n; i++)
		urcu_qsbr_quiescent_state();
}

static void qsbr_end(void)
{
	urcu_qsbr_unregister_thread();
}

static const struct reader readers[] = {
	{"empty_call", nothing_begin, empty_loop, nothing_end},
	{"section/rcumem", rcumem_thread_init, rcumem_section_loop, nothing_end},
	{"section/urcu-bp-inlined", bp_begin, bp_section_loop, nothing_end},
	{"quiescent/rcumem", rcumem_reader_register, rcumem_quiescent_loop, rcumem_reader_end},
	{"quiescent/urcu-qsbr-inlined", qsbr_begin, qsbr_quiescent_loop, qsbr_end},
};

static const char *section_setup(const void *arg)
{
	(void)arg;
	return world_start();
}

/* Registration is timed with the rest: microseconds beside the half second that is measured. */
static void section_run(struct bench_state *state, const void *arg, uint64_t iterations)
{
	const struct reader *reader = *(const struct reader *const *)arg;

	if (reader->begin()) {
		bench_wrong(state, "the reader could not be registered");
		return;
	}
	reader->loop(iterations);
	reader->end();
}

void bench_section_add(void)
{
	static const struct bench bench = {.setup = section_setup, .run = section_run};

	for (unsigned int i = 0; i < sizeof(readers) / sizeof(readers[0]); i++) {
		const struct reader *reader = &readers[i];

		for (unsigned int threads = 1; threads <= 2; threads++)
			bench_add(&bench, &reader, sizeof(reader), threads, "reader/%s",
				reader->name);
	}
}
