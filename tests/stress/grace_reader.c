/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers: what they find in a section, and how old it is at its end. */

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <time.h>

#include "grace.h"

#define COLD_LINES (1u << 20) /* More than caches and their tables hold. */

static uint32_t crowd; /* Readers in all processes. */
static char *cold;     /* Lines that no cache holds. */

struct reader {
	pthread_t thread;
	uint64_t random;
	uint64_t sections;
	uint64_t ages[OLD + 1];
};

/*
 * Stores that miss the caches.  Those that follow wait behind them in the
 * processor, so that others see a section's beginning late: if no barrier pairs
 * with the store of the reader's word, its loads are done long before.
 */
static void fill_store_buffer(struct reader *self)
{
	for (uint32_t i = grace_random(&self->random, 48); i; i--)
		/* Relaxed: nobody reads them. */
		rcu_store_relaxed(&cold[grace_random(&self->random, COLD_LINES) * 64ul], 1);
}

/* Outside of sections: a crowd would keep the writers from ever running. */
static void rest(struct reader *self)
{
	if (grace_random(&self->random, crowd) >= 4)
		nanosleep(&(struct timespec){.tv_nsec = crowd * 20000}, NULL);
}

/* Inside a section: what is published now, looked at for a while. */
static void look(struct reader *self)
{
	uint32_t writer = grace_random(&self->random, WRITERS);
	uint32_t how = grace_random(&self->random, 64);
	/* Pairs with replace(). */
	struct element *element = rcu_load_acquire(&shared->published[writer]);
	uint64_t age;

	for (uint32_t i = how == 0 ? 20000 : how < 32 ? 100 : 1; i; i--) {
		rcu_cpu_relax();
		if (how == 1 && i == 50)
			sched_yield();
	}
	age = rcu_load_relaxed(&element->age); /* Relaxed: the grace period orders. */
	self->ages[age < OLD ? age : OLD]++;
	if (age > 1)
		grace_fail("an element is %llu grace periods old inside the section that found it",
			(unsigned long long)age);
	if (element->mark != (uint64_t)(uintptr_t)element)
		grace_fail("an element is poisoned inside the section that found it");
}

/* ---- The kinds ---- */

static void sections(struct reader *self)
{
	bool nested = grace_random(&self->random, 4) == 0;

	fill_store_buffer(self);
	if (rcu_section_enter())
		grace_fail("no section");
	if (nested) {
		rcu_section_enter(); /* The inner one ends nothing. */
		look(self);
		rcu_section_exit();
	}
	look(self);
	rcu_section_exit();
}

static void *section_main(void *arg)
{
	struct reader *self = arg;

	for (; !grace_over(); self->sections++) {
		sections(self);
		rest(self);
	}
	return NULL;
}

static void *qsbr_main(void *arg)
{
	struct reader *self = arg;

	if (rcu_qsbr_register())
		grace_fail("no QSBR reader");
	for (; !grace_over(); self->sections++) {
		look(self);
		fill_store_buffer(self);
		if (grace_random(&self->random, 16) && crowd <= 4) {
			rcu_qsbr_quiescent();
			continue;
		}
		rcu_qsbr_offline();
		rest(self);
		rcu_qsbr_online();
	}
	rcu_qsbr_unregister();
	return NULL;
}

/* Sections inside the long one of QSBR, as a callback has them. */
static void *mixed_main(void *arg)
{
	struct reader *self = arg;

	if (rcu_qsbr_register())
		grace_fail("no QSBR reader");
	for (; !grace_over(); self->sections++) {
		sections(self);
		if (grace_random(&self->random, 4))
			continue;
		rcu_qsbr_quiescent();
		rcu_qsbr_offline();
		rest(self);
		rcu_qsbr_online();
	}
	rcu_qsbr_unregister();
	return NULL;
}

static void *visit(void *arg)
{
	struct reader *self = arg;

	for (uint32_t i = 1 + grace_random(&self->random, 64); i; i--, self->sections++) {
		sections(self);
		rest(self);
	}
	return NULL;
}

/* Threads that come, read a little, and end: each claims a slot and gives it back. */
static void *visitors_main(void *arg)
{
	pthread_t visitor;

	while (!grace_over()) {
		if (pthread_create(&visitor, NULL, visit, arg) == 0)
			pthread_join(visitor, NULL);
	}
	return NULL;
}

const char *const kind_names[KINDS] = {
	"sections", "quiescent states", "sections of QSBR readers", "sections of short threads"};

void readers_run(uint32_t readers, uint32_t kinds, uint32_t processes, uint64_t seed)
{
	static void *(*const mains[KINDS])(void *) = {
		section_main, qsbr_main, mixed_main, visitors_main};
	static struct reader all[KINDS * READERS_MAX];

	cold = calloc(COLD_LINES, 64);
	if (!cold) {
		grace_fail("no memory");
		exit(1);
	}
	crowd = readers * kinds * processes;
	for (uint32_t i = 0; i < readers * kinds; i++) {
		all[i] = (struct reader){.random = seed + i};
		if (pthread_create(&all[i].thread, NULL, mains[i % kinds], &all[i])) {
			grace_fail("no thread");
			exit(1);
		}
	}
	for (uint32_t i = 0; i < readers * kinds; i++) {
		pthread_join(all[i].thread, NULL);
		/* Relaxed, both: sums. */
		rcu_fetch_add_relaxed(&shared->sections[i % kinds], all[i].sections);
		for (uint32_t age = 0; age <= OLD; age++)
			rcu_fetch_add_relaxed(&shared->ages[age], all[i].ages[age]);
	}
	free(cold);
}
