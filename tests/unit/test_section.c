/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is a reader, and when: registration, nesting, the end of threads, fork,
 * and what grace periods make of it (rcu/section.h).  QSBR: test_section_qsbr.c.
 */

#include <sys/wait.h>

#include "support_section.h"

/* ---- Sections ---- */

static void a_thread_is_registered_by_its_first_section(void **state)
{
	struct actor actor;

	(void)state;
	actor_start(&actor);
	assert_int_equal(rcu_reader_count(domain), 0);
	assert_int_equal(actor_do(&actor, do_enter, NULL), 0);
	assert_int_equal(rcu_reader_count(domain), 1);
	actor_do(&actor, do_exit, NULL);
	assert_int_equal(actor_do(&actor, do_enter, NULL), 0);
	assert_int_equal(rcu_reader_count(domain), 1);
	actor_stop(&actor);
}

static void a_nested_section_ends_with_the_outermost(void **state)
{
	struct actor actor;

	(void)state;
	actor_start(&actor);
	for (unsigned int i = 0; i < 3; i++)
		actor_do(&actor, do_enter, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		assert_false(passes_now());
		actor_do(&actor, do_exit, NULL);
	}
	assert_true(passes_now());
	actor_stop(&actor);
}

static void an_inner_section_does_not_renew_the_outer_one(void **state)
{
	struct actor actor;
	uint64_t ticket;

	(void)state;
	actor_start(&actor);
	actor_do(&actor, do_enter, NULL);
	ticket = rcu_ticket(domain);
	actor_do(&actor, do_enter, NULL);
	actor_do(&actor, do_exit, NULL);
	assert_false(rcu_poll(domain, ticket, NULL));
	actor_stop(&actor);
}

static void an_exit_without_a_section_is_ignored(void **state)
{
	(void)state;
	rcu_section_exit();
	assert_false(rcu_in_section());
	assert_int_equal(rcu_section_enter(), 0);
	rcu_section_exit();
	rcu_section_exit();
	assert_false(rcu_in_section());
	assert_int_equal(rcu_section_enter(), 0);
	assert_true(rcu_in_section());
	assert_false(passes_now());
	rcu_section_exit();
	assert_true(passes_now());
}

static void a_process_knows_whether_a_thread_of_it_is_inside(void **state)
{
	struct actor actor;

	(void)state;
	actor_start(&actor);
	assert_false(rcu_process_in_section());
	actor_do(&actor, do_enter, NULL);
	assert_true(rcu_process_in_section());
	assert_false(rcu_in_section());
	actor_do(&actor, do_exit, NULL);
	assert_false(rcu_process_in_section());
	assert_int_equal(rcu_section_enter(), 0);
	assert_true(rcu_process_in_section());
	rcu_section_exit();
	actor_stop(&actor);
}

/* ---- Slots ---- */

static void the_end_of_a_thread_gives_its_slot_back(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3 * READERS_MAX; i++) {
		struct actor actor;

		actor_start(&actor);
		assert_int_equal(actor_do(&actor, i % 2 ? do_enter : do_register, NULL), 0);
		assert_int_equal(rcu_reader_count(domain), 1);
		actor_stop(&actor); /* Still inside. */
		assert_int_equal(rcu_reader_count(domain), 0);
		assert_true(passes_now());
	}
}

static void a_thread_without_a_free_slot_gets_enospc(void **state)
{
	struct actor actors[READERS_MAX], late;

	(void)state;
	for (unsigned int i = 0; i < READERS_MAX; i++) {
		actor_start(&actors[i]);
		assert_int_equal(actor_do(&actors[i], do_enter, NULL), 0);
	}
	actor_start(&late);
	assert_int_equal(actor_do(&late, do_enter, NULL), -ENOSPC);
	assert_int_equal(actor_do(&late, do_register, NULL), -ENOSPC);
	assert_int_equal(actor_do(&actors[0], do_enter, NULL), 0); /* It has one. */
	actor_stop(&actors[3]);
	assert_int_equal(actor_do(&late, do_enter, NULL), 0);
	actor_stop(&late);
	for (unsigned int i = 0; i < READERS_MAX; i++)
		if (i != 3)
			actor_stop(&actors[i]);
}

/* ---- Attachments ---- */

static void without_a_domain_a_section_is_enodev(void **state)
{
	struct actor actor;

	(void)state;
	rcu_detach();
	actor_start(&actor);
	assert_int_equal(actor_do(&actor, do_enter, NULL), -ENODEV);
	assert_int_equal(actor_do(&actor, do_register, NULL), -ENODEV);
	actor_stop(&actor);
}

static void a_thread_of_an_earlier_attachment_registers_again(void **state)
{
	struct actor plain, qsbr;

	(void)state;
	actor_start(&plain);
	actor_start(&qsbr);
	actor_do(&plain, do_enter, NULL);
	actor_do(&plain, do_exit, NULL);
	actor_do(&qsbr, do_register, NULL);
	assert_int_equal(rcu_reader_count(domain), 2);
	rcu_detach();
	assert_int_equal(rcu_reader_count(domain), 0);
	assert_true(passes_now());
	rcu_attach(domain, OWNER, barrier_wanted);
	assert_int_equal(actor_do(&plain, do_enter, NULL), 0);
	assert_int_equal(rcu_reader_count(domain), 1);
	assert_false(passes_now());
	actor_do(&plain, do_exit, NULL);
	actor_do(&qsbr, do_online, NULL); /* No QSBR reader any more. */
	assert_true(passes_now());
	assert_int_equal(actor_do(&qsbr, do_unregister, NULL), -EINVAL);
	assert_int_equal(actor_do(&qsbr, do_register, NULL), 0);
	assert_false(passes_now());
	actor_stop(&plain);
	actor_stop(&qsbr);
	assert_int_equal(rcu_reader_count(domain), 0);
}

static void a_thread_that_ends_after_detach_leaves_the_domain_alone(void **state)
{
	struct actor old, new;

	(void)state;
	actor_start(&old);
	actor_do(&old, do_enter, NULL);
	actor_do(&old, do_exit, NULL);
	rcu_detach();
	rcu_attach(domain, OWNER, barrier_wanted);
	actor_start(&new);
	actor_do(&new, do_enter, NULL); /* In the slot that `old` had. */
	actor_stop(&old);
	assert_int_equal(rcu_reader_count(domain), 1);
	assert_false(passes_now());
	actor_stop(&new);
}

/* In the child: 0 when it is as if it had never had a domain. */
static int child_forgets(void)
{
	rcu_forget();
	if (rcu_in_section() || rcu_is_qsbr() || rcu_process_in_section())
		return 1;
	if (rcu_section_enter() != -ENODEV)
		return 2;
	if (rcu_reader_count(domain) != 1) /* The parent's, untouched. */
		return 3;
	rcu_attach(domain, OWNER + 1, false);
	if (rcu_section_enter() != 0 || rcu_reader_count(domain) != 2)
		return 4;
	rcu_section_exit();
	rcu_detach();
	return rcu_reader_count(domain) == 1 ? 0 : 5;
}

static void a_forked_child_forgets_the_domain_and_may_attach_anew(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	assert_int_equal(rcu_section_enter(), 0);
	pid = fork();
	if (pid == 0)
		_exit(child_forgets());
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	assert_int_equal(rcu_reader_count(domain), 1);
	assert_false(passes_now());
	rcu_section_exit();
}

/* Guarantee G7 */
static void a_damaged_number_of_readers_is_not_believed(void **state)
{
	uint32_t high = domain->reader_high;

	(void)state;
	domain->reader_high = UINT32_MAX;
	assert_true(passes_now());
	assert_int_equal(rcu_section_enter(), 0);
	assert_int_equal(rcu_reader_count(domain), 1);
	assert_false(passes_now());
	rcu_section_exit();
	/* With the damaged bound the slot of this thread, which is the first, was not counted. */
	domain->reader_high = high ? high : 1;
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(a_thread_is_registered_by_its_first_section),
		cmocka_unit_test(a_nested_section_ends_with_the_outermost),
		cmocka_unit_test(an_inner_section_does_not_renew_the_outer_one),
		cmocka_unit_test(an_exit_without_a_section_is_ignored),
		cmocka_unit_test(a_process_knows_whether_a_thread_of_it_is_inside),
		cmocka_unit_test(the_end_of_a_thread_gives_its_slot_back),
		cmocka_unit_test(a_thread_without_a_free_slot_gets_enospc),
		cmocka_unit_test(without_a_domain_a_section_is_enodev),
		cmocka_unit_test(a_thread_of_an_earlier_attachment_registers_again),
		cmocka_unit_test(a_thread_that_ends_after_detach_leaves_the_domain_alone),
		cmocka_unit_test(a_forked_child_forgets_the_domain_and_may_attach_anew),
		cmocka_unit_test(a_damaged_number_of_readers_is_not_believed),
	};

	return RUN_CASES("section", cases);
}
