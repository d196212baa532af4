/* SPDX-License-Identifier: BSD-3-Clause */
/* QSBR readers: one long section, renewed by quiescent states (rcu/section.h). */

#include "support_section.h"

static void a_qsbr_reader_holds_everything_up_until_it_is_quiescent(void **state)
{
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	assert_int_equal(actor_do(&actor, do_register, NULL), 0);
	ticket = rcu_ticket(domain);
	assert_false(rcu_poll(domain, ticket, NULL));
	actor_do(&actor, do_quiescent, NULL);
	assert_true(rcu_poll(domain, ticket, NULL));
	assert_false(passes_now());
	actor_stop(&actor);
}

static void a_qsbr_reader_holds_nothing_up_while_offline(void **state)
{
	struct actor actor;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_register, NULL);
	actor_do(&actor, do_offline, NULL);
	assert_true(passes_now());
	actor_do(&actor, do_quiescent, NULL);
	assert_true(passes_now());
	actor_do(&actor, do_online, NULL);
	assert_false(passes_now());
	actor_do(&actor, do_online, NULL);
	actor_do(&actor, do_offline, NULL);
	assert_true(passes_now());
	actor_stop(&actor);
}

static void a_section_of_an_online_qsbr_reader_outlives_quiescent_states(void **state)
{
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_register, NULL);
	actor_do(&actor, do_enter, NULL);
	ticket = rcu_ticket(domain);
	actor_do(&actor, do_quiescent, NULL);
	assert_false(rcu_poll(domain, ticket, NULL));
	actor_do(&actor, do_offline, NULL);
	assert_false(rcu_poll(domain, ticket, NULL));
	assert_int_equal(actor_do(&actor, do_unregister, NULL), -EDEADLK);
	actor_do(&actor, do_exit, NULL);
	assert_false(rcu_poll(domain, ticket, NULL)); /* Still in the long section. */
	actor_do(&actor, do_quiescent, NULL);
	assert_true(rcu_poll(domain, ticket, NULL));
	actor_stop(&actor);
}

static void a_section_of_an_offline_qsbr_reader_is_one_of_its_own(void **state)
{
	struct actor actor;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_register, NULL);
	actor_do(&actor, do_offline, NULL);
	actor_do(&actor, do_enter, NULL);
	assert_false(passes_now());
	actor_do(&actor, do_online, NULL); /* Ignored inside. */
	actor_do(&actor, do_exit, NULL);
	assert_true(passes_now());
	actor_stop(&actor);
}

static void qsbr_registration_is_refused_twice_and_inside_a_section(void **state)
{
	(void)state;
	assert_int_equal(rcu_qsbr_unregister(), -EINVAL);
	assert_int_equal(rcu_section_enter(), 0);
	assert_int_equal(rcu_qsbr_register(), -EDEADLK);
	rcu_section_exit();
	assert_int_equal(rcu_qsbr_register(), 0);
	assert_true(rcu_is_qsbr());
	assert_int_equal(rcu_qsbr_register(), -EALREADY);
	assert_int_equal(rcu_qsbr_unregister(), 0);
	assert_false(rcu_is_qsbr());
	assert_int_equal(rcu_qsbr_unregister(), -EINVAL);
	assert_true(passes_now());
}

static void quiescent_offline_and_online_mean_nothing_to_other_threads(void **state)
{
	(void)state;
	assert_int_equal(rcu_section_enter(), 0);
	rcu_qsbr_quiescent();
	rcu_qsbr_offline();
	rcu_qsbr_online();
	assert_false(passes_now());
	rcu_section_exit();
	rcu_qsbr_online();
	assert_true(passes_now());
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_qsbr_reader_holds_everything_up_until_it_is_quiescent),
		cmocka_unit_test(a_qsbr_reader_holds_nothing_up_while_offline),
		cmocka_unit_test(a_section_of_an_online_qsbr_reader_outlives_quiescent_states),
		cmocka_unit_test(a_section_of_an_offline_qsbr_reader_is_one_of_its_own),
		cmocka_unit_test(qsbr_registration_is_refused_twice_and_inside_a_section),
		cmocka_unit_test(quiescent_offline_and_online_mean_nothing_to_other_threads),
	};

	return RUN_CASES("section_qsbr", cases);
}
