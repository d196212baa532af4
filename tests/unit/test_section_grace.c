/* SPDX-License-Identifier: BSD-3-Clause */
/* What a grace period waits for, how long, and whom it names (rcu/grace.c). */

#include <sys/wait.h>
#include <time.h>

#include "support_section.h"

#define MS 1000000ull

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 * MS + (uint64_t)ts.tv_nsec;
}

/* ---- Whom it waits for ---- */

static void a_grace_period_without_readers_passes_at_once(void **state)
{
	struct rcu_culprit culprit;

	(void)state;
	assert_int_equal(rcu_wait(domain, RCU_EVERYBODY, rcu_ticket(domain), 0, &culprit), 0);
	assert_true(rcu_oldest(domain, RCU_EVERYBODY, NULL) == UINT64_MAX);
}

static void a_grace_period_waits_for_a_section_begun_before(void **state)
{
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_enter, NULL);
	ticket = rcu_ticket(domain);
	assert_false(rcu_poll(domain, ticket, NULL));
	actor_do(&actor, do_exit, NULL);
	assert_true(rcu_poll(domain, ticket, NULL));
	actor_stop(&actor);
}

static void a_grace_period_does_not_wait_for_a_section_begun_after(void **state)
{
	struct rcu_culprit culprit;
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	ticket = rcu_ticket(domain);
	actor_do(&actor, do_enter, NULL);
	assert_int_equal(rcu_wait(domain, RCU_EVERYBODY, ticket, 0, &culprit), 0);
	assert_false(passes_now());
	actor_stop(&actor);
}

static void a_later_section_of_the_same_thread_does_not_count(void **state)
{
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_enter, NULL);
	ticket = rcu_ticket(domain);
	actor_do(&actor, do_exit, NULL);
	actor_do(&actor, do_enter, NULL);
	assert_true(rcu_poll(domain, ticket, NULL));
	actor_stop(&actor);
}

static void the_oldest_of_several_sections_decides(void **state)
{
	struct rcu_culprit culprit = {0};
	struct actor old, new;
	uint64_t first, second;

	(void)state;
	actor_start(&old);
	actor_start(&new);
	first = rcu_ticket(domain);
	actor_do(&old, do_enter, NULL);
	second = rcu_ticket(domain);
	actor_do(&new, do_enter, NULL);
	assert_true(rcu_poll(domain, first, NULL));
	assert_false(rcu_poll(domain, second, &culprit));
	assert_int_equal(culprit.tid, old.tid);
	assert_true(rcu_oldest(domain, RCU_EVERYBODY, NULL) == first);
	actor_do(&old, do_exit, NULL);
	assert_true(rcu_poll(domain, second, NULL));
	assert_true(rcu_oldest(domain, RCU_EVERYBODY, NULL) == second);
	actor_stop(&old);
	actor_stop(&new);
}

static void tickets_grow(void **state)
{
	uint64_t last = 0;

	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		uint64_t ticket = rcu_ticket(domain);

		assert_true(ticket > last);
		last = ticket;
	}
}

/* ---- How long, and whom it names ---- */

static int exit_later(void *arg)
{
	struct timespec nap = {.tv_nsec = 30 * MS};

	nanosleep(&nap, NULL);
	rcu_store_release((uint32_t *)arg, 1); /* Pairs with the acquire of the case. */
	rcu_section_exit();
	return 0;
}

static void a_wait_ends_when_the_last_section_does(void **state)
{
	struct rcu_culprit culprit;
	struct actor actor;
	uint32_t about_to_exit = 0;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_enter, NULL);
	actor_begin(&actor, exit_later, &about_to_exit);
	assert_int_equal(
		rcu_wait(domain, RCU_EVERYBODY, rcu_ticket(domain), 10000 * MS, &culprit), 0);
	assert_int_equal(rcu_load_acquire(&about_to_exit), 1); /* Pairs with exit_later(). */
	actor_end(&actor);
	actor_stop(&actor);
}

static void a_wait_times_out_and_names_the_thread_that_is_stuck(void **state)
{
	struct rcu_culprit culprit = {0};
	struct actor bystander, stuck;
	uint64_t begin, took;

	(void)state;
	actor_start(&bystander);
	actor_start(&stuck);
	actor_do(&bystander, do_enter, NULL);
	actor_do(&bystander, do_exit, NULL);
	actor_do(&stuck, do_enter, NULL);
	begin = now_ns();
	assert_int_equal(
		rcu_wait(domain, RCU_EVERYBODY, rcu_ticket(domain), 20 * MS, &culprit), -ETIMEDOUT);
	took = now_ns() - begin;
	assert_in_range(took, 20 * MS, 5000 * MS);
	assert_int_equal(culprit.tid, stuck.tid);
	assert_int_equal(culprit.owner, OWNER);
	actor_stop(&stuck);
	actor_stop(&bystander);
}

static void a_reader_in_another_process_is_waited_for_and_named(void **state)
{
	struct rcu_culprit culprit = {0};
	int to_child[2], to_parent[2];
	char byte = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe(to_child) | pipe(to_parent), 0);
	rcu_share();
	pid = fork();
	if (pid == 0) {
		rcu_forget();
		rcu_attach(domain, OWNER + 2, false);
		byte = rcu_section_enter() == 0;
		if (write(to_parent[1], &byte, 1) != 1 || read(to_child[0], &byte, 1) != 1)
			_exit(1);
		rcu_section_exit();
		if (write(to_parent[1], &byte, 1) != 1)
			_exit(1);
		rcu_detach();
		_exit(0);
	}
	assert_int_equal(read(to_parent[0], &byte, 1), 1);
	assert_int_equal(byte, 1);
	assert_int_equal(
		rcu_wait(domain, RCU_EVERYBODY, rcu_ticket(domain), MS, &culprit), -ETIMEDOUT);
	assert_int_equal(culprit.tid, pid);
	assert_int_equal(culprit.owner, OWNER + 2);
	assert_int_equal(write(to_child[1], &byte, 1), 1);
	assert_int_equal(read(to_parent[0], &byte, 1), 1);
	assert_true(passes_now());
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(rcu_reader_count(domain), 0);
	for (unsigned int i = 0; i < 2; i++) {
		close(to_child[i]);
		close(to_parent[i]);
	}
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_grace_period_without_readers_passes_at_once),
		cmocka_unit_test(a_grace_period_waits_for_a_section_begun_before),
		cmocka_unit_test(a_grace_period_does_not_wait_for_a_section_begun_after),
		cmocka_unit_test(a_later_section_of_the_same_thread_does_not_count),
		cmocka_unit_test(the_oldest_of_several_sections_decides),
		cmocka_unit_test(tickets_grow),
		cmocka_unit_test(a_wait_ends_when_the_last_section_does),
		cmocka_unit_test(a_wait_times_out_and_names_the_thread_that_is_stuck),
		cmocka_unit_test(a_reader_in_another_process_is_waited_for_and_named),
	};

	return RUN_CASES("section_grace", cases);
}
