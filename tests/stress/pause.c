/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers that stop between two of their loads until the page they look up has been re-plugged. */

#include <sched.h>
#include <string.h>

#include "external.h"
#include "lookup.h"
#include "point.h"
#include "silent.h"

#define PAUSE_NS 20000000u /* For each reader of a kind: the writer is to get its turn. */

struct request requests[READERS];

static __thread struct {
	const char *point;         /* NULL: not armed. */
	const struct arena *arena; /* NULL: of external memory. */
	uint32_t slot;
	const uint64_t *generation;
	unsigned int reader;
	bool paused;
	struct moment resumed;
} self;

#ifdef RCU_PAUSE_POINTS

static void pause_for_replug(void)
{
	const struct slot *slot = &self.arena->slots[self.slot];
	uint64_t arena = (uint64_t)(self.arena - arenas);
	uint64_t replugs = rcu_load_acquire(&slot->replugs); /* Pairs with pages_present(). */
	uint64_t until = now_ns() + PAUSE_NS * options.readers;

	/* Pairs with serve_requests(). */
	rcu_store_release(&requests[self.reader].wanted, arena << 32 | (self.slot + 1));
	/* Acquire, both: pair with serve_requests() and pages_present(). */
	while (rcu_load_acquire(&requests[self.reader].wanted) && now_ns() < until &&
		!stress_over())
		sched_yield();
	self.paused = rcu_load_acquire(&slot->replugs) != replugs;
	self.resumed = moment_take(self.arena, self.slot);
}

static void pause_for_external(void)
{
	/* Acquire, both: pair with region_set(). */
	uint64_t wanted = (rcu_load_acquire(self.generation) >> 2) + 4;
	uint64_t until = now_ns() + PAUSE_NS * options.readers;

	while (rcu_load_acquire(self.generation) >> 2 < wanted && now_ns() < until &&
		!stress_over())
		sched_yield();
	self.paused = rcu_load_acquire(self.generation) >> 2 >= wanted;
}

static void at_point(const char *name)
{
	if (!self.point || strcmp(name, self.point) != 0)
		return;
	self.point = NULL;
	silent_end(); /* Waiting takes calls. */
	if (self.arena)
		pause_for_replug();
	else
		pause_for_external();
}

bool pause_possible(void)
{
	test_point_hook = at_point;
	return true;
}

#else

bool pause_possible(void)
{
	return false;
}

#endif

void pause_arm(unsigned int reader, const struct arena *arena, uint32_t slot, const char *point)
{
	self.arena = arena;
	self.slot = slot;
	self.reader = reader;
	self.paused = false;
	self.point = point;
}

void pause_arm_external(const uint64_t *generation, const char *point)
{
	self.arena = NULL;
	self.generation = generation;
	self.paused = false;
	self.point = point;
}

bool pause_disarm(struct moment *resumed)
{
	self.point = NULL;
	*resumed = self.resumed;
	return self.paused;
}
