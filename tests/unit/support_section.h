/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_SECTION_H
#define SUPPORT_SECTION_H

/*
 * A domain of a few readers for each case, and what an actor may do in it.
 * All cases run twice: with the kernel's barrier, and with readers that fence
 * themselves.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "section.h"
#include "support_actor.h"

#define READERS_MAX 8
#define OWNER       3 /* The process slot of this process. */

static struct rcu_domain *domain;
static bool barrier_wanted; /* By this run. */
static bool barrier_there;  /* The kernel has one. */

static inline int domain_setup(void **state)
{
	(void)state;
	domain = mmap(NULL, rcu_domain_size(READERS_MAX), PROT_READ | PROT_WRITE,
		MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (domain == MAP_FAILED)
		return -1;
	rcu_domain_init(domain, READERS_MAX);
	rcu_attach(domain, OWNER, barrier_wanted);
	return 0;
}

static inline int domain_teardown(void **state)
{
	(void)state;
	rcu_detach();
	return munmap(domain, rcu_domain_size(READERS_MAX));
}

/* What an actor may be told to do; the argument is not used. */
static inline int do_enter(void *arg)
{
	(void)arg;
	return rcu_section_enter();
}

static inline int do_exit(void *arg)
{
	(void)arg;
	rcu_section_exit();
	return 0;
}

static inline int do_register(void *arg)
{
	(void)arg;
	return rcu_qsbr_register();
}

static inline int do_unregister(void *arg)
{
	(void)arg;
	return rcu_qsbr_unregister();
}

static inline int do_quiescent(void *arg)
{
	(void)arg;
	rcu_qsbr_quiescent();
	return 0;
}

static inline int do_offline(void *arg)
{
	(void)arg;
	rcu_qsbr_offline();
	return 0;
}

static inline int do_online(void *arg)
{
	(void)arg;
	rcu_qsbr_online();
	return 0;
}

/* True when all readers have passed a ticket drawn now. */
static inline bool passes_now(void)
{
	return rcu_poll(domain, rcu_ticket(domain), NULL);
}

static inline void barrier_missing(void **state)
{
	(void)state;
	skip();
}

/* One run of all cases; skipped when it needs a barrier that the kernel does not have. */
static inline int run_cases_with(
	const char *name, bool barrier, const struct CMUnitTest *cases, size_t n)
{
	struct CMUnitTest *copy = calloc(n, sizeof(*copy));
	char title[64];
	int failed;

	if (copy == NULL)
		return 1;
	for (size_t i = 0; i < n; i++) {
		copy[i] = cases[i];
		if (!barrier || barrier_there) {
			copy[i].setup_func = domain_setup;
			copy[i].teardown_func = domain_teardown;
		} else {
			copy[i].test_func = barrier_missing;
		}
	}
	barrier_wanted = barrier;
	snprintf(title, sizeof(title), "%s, %s", name, barrier ? "membarrier" : "fences");
	failed = _cmocka_run_group_tests(title, copy, n, NULL, NULL);
	free(copy);
	return failed;
}

static inline int run_cases(const char *name, const struct CMUnitTest *cases, size_t n)
{
	int failed;

	barrier_there = rcu_membarrier_register();
	failed = run_cases_with(name, true, cases, n);
	failed += run_cases_with(name, false, cases, n);
	return failed != 0;
}

#define RUN_CASES(name, cases) run_cases(name, cases, sizeof(cases) / sizeof((cases)[0]))

#endif /* SUPPORT_SECTION_H */
