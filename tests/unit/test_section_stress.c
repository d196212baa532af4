/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A writer that unpublishes, waits for a grace period and poisons, beside a
 * reader that must never see poison in what it found.  With no_grace_period
 * planted (rcu/planted.h) all cases fail; with unpaired_store the first case fails
 * in most runs; with rcu_scan() overlooking who is outside, the first and the last.
 */

#include <time.h>

#include "support_section.h"

#define MS        1000000ull
#define STRESS_NS (1250 * MS) /* Three cases, two runs: under eight seconds. */

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

#define GOOD   0x600d600d600d600dull
#define POISON 0xdeaddeaddeaddeadull

/* Two objects take turns: one is published while the other is poisoned, or made good again. */
struct stress {
	uint64_t *published;     /* Publish (release) and acquire. */
	uint64_t objects[2][16]; /* Plain; two cache lines each. */
	uint32_t stop;           /* Relaxed: nothing depends on when it is seen. */
	bool qsbr;
	bool brief;        /* Every section claims a slot, and gives it back. */
	uint64_t sections; /* The reader's, read after it has ended. */
	uint64_t poisoned;
};

/* One look at what is published; now and then a long one, in which the writer may get through. */
static uint64_t stress_look(const struct stress *stress, unsigned int looks)
{
	const uint64_t *object = rcu_load_acquire(&stress->published); /* Pairs with the publish. */
	uint64_t poisoned = 0;

	do {
		poisoned += *(const volatile uint64_t *)object != GOOD;
		if (looks > 1)
			rcu_cpu_relax();
	} while (--looks);
	return poisoned;
}

static int stress_reader(void *arg)
{
	struct stress *stress = arg;
	uint64_t i = 0;

	if (stress->qsbr && rcu_qsbr_register())
		return 1;
	/* Relaxed: see struct stress. */
	for (; !rcu_load_relaxed(&stress->stop); i++) {
		if (!stress->qsbr && rcu_section_enter())
			return 1;
		/* Most sections are short: without a barrier, it is their beginning that a scan
		 * overlooks. */
		stress->poisoned += stress_look(stress, i % 256 ? i % 4 + 1 : 200);
		if (stress->qsbr)
			rcu_qsbr_quiescent();
		else
			rcu_section_exit();
		if (stress->brief) { /* The process has no other reader. */
			rcu_detach();
			rcu_attach(domain, OWNER, barrier_wanted);
		}
		for (uint64_t k = 0; k < i % 8; k++)
			rcu_cpu_relax();
	}
	stress->sections = i;
	return stress->qsbr ? rcu_qsbr_unregister() : 0;
}

static uint64_t stress_write(struct stress *stress, uint64_t for_ns)
{
	struct rcu_culprit culprit;
	uint64_t begin = now_ns(), turns = 0;

	for (; now_ns() - begin < for_ns; turns++) {
		uint64_t *old = stress->objects[turns % 2], *next = stress->objects[1 - turns % 2];

		*next = GOOD;
		rcu_publish(&stress->published, next); /* Pairs with stress_look(). */
		if (rcu_wait(domain, RCU_EVERYBODY, rcu_ticket(domain), 20000 * MS, &culprit))
			return 0;
		*old = POISON;
		for (unsigned int i = 0; i < turns % 64; i++)
			rcu_cpu_relax();
	}
	return turns;
}

static void check_stress(bool qsbr, bool brief)
{
	struct stress stress = {.qsbr = qsbr, .brief = brief};
	struct actor actor;
	uint64_t turns;

	stress.objects[0][0] = GOOD;
	stress.published = stress.objects[0];
	actor_start(&actor);
	actor_begin(&actor, stress_reader, &stress);
	turns = stress_write(&stress, STRESS_NS);
	rcu_store_relaxed(&stress.stop, 1);
	assert_int_equal(actor_end(&actor), 0);
	actor_stop(&actor);
	print_message("%llu grace periods, %llu %s, %llu looks at poison\n",
		(unsigned long long)turns, (unsigned long long)stress.sections,
		qsbr ? "quiescent states" : "sections", (unsigned long long)stress.poisoned);
	assert_true(turns > 0 && stress.sections > 0);
	assert_int_equal(stress.poisoned, 0);
}

static void what_a_section_found_is_not_poisoned_before_its_end(void **state)
{
	(void)state;
	check_stress(false, false);
}

static void what_a_qsbr_reader_found_is_not_poisoned_before_its_quiescent_state(void **state)
{
	(void)state;
	check_stress(true, false);
}

/* INV-SECTION-4 */
static void what_a_reader_that_comes_and_goes_found_is_not_poisoned(void **state)
{
	(void)state;
	check_stress(false, true);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(what_a_section_found_is_not_poisoned_before_its_end),
		cmocka_unit_test(
			what_a_qsbr_reader_found_is_not_poisoned_before_its_quiescent_state),
		cmocka_unit_test(what_a_reader_that_comes_and_goes_found_is_not_poisoned),
	};

	return RUN_CASES("section_stress", cases);
}
