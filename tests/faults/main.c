/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Every system call of every operation fails in turn: first the operation is
 * run and its calls are counted, then for each kind of call, for each error of
 * that kind and for each of its calls the operation is run again, until there
 * is no such call any more.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_memory.h>

#include "kinds.h"
#include "trial.h"

#define TUNABLES "glibc.pthread.stack_cache_size=0:glibc.malloc.arena_max=1"

static struct {
	unsigned int passed, failed, skipped; /* Checks. */
	bool verbose;
	const char *only; /* Begin of an operation's name. */
} tally;

/* Of one operation. */
static struct {
	unsigned int kinds, tried, refused, unnoticed;
} figures;

static struct trial *trial;

static const char *who_name(enum inject_who who)
{
	return who == INJECT_CALLER ? "caller" : "library";
}

static const char *result_name(int result)
{
	return result == OUTCOME_DIES ? "death" : result ? strerrorname_np(result) : "0";
}

static void bad(const struct operation *operation, const struct inject_plan *plan,
	const struct kind *kind, const char *what)
{
	tally.failed++;
	printf("FAILED  %s, %s's %s number %u is %s: %s (result %s)\n", operation->name,
		who_name(plan->who), kind->name, plan->nth, strerrorname_np(plan->err), what,
		result_name(trial->result));
}

/* What came of a trial against the tables. */
static void judge(
	const struct operation *operation, const struct inject_plan *plan, const struct kind *kind)
{
	const struct outcome *row =
		outcome_of(operation->name, plan->kind, plan->err, trial->result);

	figures.tried++;
	*(trial->result ? &figures.refused : &figures.unnoticed) += 1;
	if (tally.verbose)
		printf("%s, %s's %s number %u: %s -> %s\n", operation->name, who_name(plan->who),
			kind->name, plan->nth, strerrorname_np(plan->err),
			result_name(trial->result));
	if (trial->wrong[0])
		bad(operation, plan, kind, trial->wrong);
	else if (trial->differs[0])
		bad(operation, plan, kind, trial->differs);
	else if (trial->found[0] && !(row && row->but))
		bad(operation, plan, kind, trial->found);
	else if (!row && trial->result != plan->err)
		bad(operation, plan, kind, "an outcome that is not in the table");
	else
		tally.passed++;
}

/* Every call of a kind by one of the two, with one error: true when there was any. */
static void try_calls(
	const struct operation *operation, const struct kind *kind, enum inject_who who, int err)
{
	struct inject_plan plan = {
		.who = who, .kind = kind->nr, .err = err, .done = kind->done, .nth = 1};
	unsigned int misses = 0;

	/* Threads of the library make a call more or less from run to run. */
	while (misses < (who == INJECT_LIBRARY ? 2 : 1)) {
		trial_run(trial, operation, &plan);
		if (trial->hit || trial->wrong[0]) {
			judge(operation, &plan, kind);
			misses = 0;
		} else {
			misses++;
		}
		plan.nth++;
	}
}

static void try_kind(const struct operation *operation, int nr, enum inject_who who)
{
	const struct kind *kind = kind_of(nr);

	if (!kind) {
		printf("FAILED  %s: system call %d is not in the table\n", operation->name, nr);
		tally.failed++;
		return;
	}
	if (kind->never)
		return;
	figures.kinds++;
	for (int i = 0; i < KIND_ERRORS && kind->err[i]; i++)
		try_calls(operation, kind, who, kind->err[i]);
}

static void try_operation(const struct operation *operation)
{
	static unsigned int seen[INJECT_WHO][INJECT_KINDS];
	struct inject_plan plan = {.nth = 0};

	memset(&figures, 0, sizeof(figures));
	trial_run(trial, operation, &plan);
	if (trial->unable) {
		tally.skipped++;
		printf("skipped: %s: %s\n", operation->name, strerrorname_np(trial->unable));
		return;
	}
	if (trial->result || trial->wrong[0] || trial->found[0]) {
		tally.failed++;
		printf("FAILED  %s without any fault: %s %s (%d)\n", operation->name, trial->wrong,
			trial->found, trial->result);
		return;
	}
	tally.passed++;
	memcpy(seen, trial->seen, sizeof(seen));
	for (int who = operation->other == OTHER_JOINS ? INJECT_LIBRARY : 0; who < INJECT_WHO;
		who++)
		for (int kind = 0; kind < INJECT_KINDS; kind++)
			if (seen[who][kind])
				try_kind(operation, kind, (enum inject_who)who);
	printf("%-26s %3u kinds of calls, %4u made to fail: %4u refusals, %4u without effect\n",
		operation->name, figures.kinds, figures.tried, figures.refused, figures.unnoticed);
	fflush(stdout);
}

static void look_for_unused(void)
{
	const struct outcome *row;
	unsigned int at = 0;

	while ((row = outcome_unused(&at))) {
		tally.failed++;
		printf("FAILED  no outcome was: %s %d %s (%s)\n", row->operation, row->nr,
			row->err ? strerrorname_np(row->err) : "any", row->why);
	}
}

/* Stacks that the C library keeps would look like leaks, and hide the calls that make them. */
static void run_without_caches(char **argv)
{
	const char *tunables = getenv("GLIBC_TUNABLES");

	if (tunables && strcmp(tunables, TUNABLES) == 0)
		return;
	setenv("GLIBC_TUNABLES", TUNABLES, 1);
	execv("/proc/self/exe", argv);
	abort();
}

int main(int argc, char **argv)
{
	const char *pages = getenv("RCUMEM_TEST_PAGES");

	run_without_caches(argv);
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--verbose") == 0)
			tally.verbose = true;
		else
			tally.only = argv[i];
	}
	operations_page_sz = pages && strcmp(pages, "2m") == 0 ? RTE_PGSIZE_2M : RTE_PGSIZE_4K;
	setenv("RCUMEM_LOG", "info", 1);
	unsetenv("RCUMEM_PREFIX");
	unsetenv("RCUMEM_IOVA_MODE");
	unsetenv("RCUMEM_BASE_VA");
	trial = mmap(
		NULL, sizeof(*trial), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (trial == MAP_FAILED)
		abort();
	for (unsigned int i = 0; i < n_operations; i++)
		if (!tally.only || strncmp(operations[i].name, tally.only, strlen(tally.only)) == 0)
			try_operation(&operations[i]);
	if (!tally.only)
		look_for_unused();
	printf("%u passed, %u failed, %u skipped\n", tally.passed, tally.failed, tally.skipped);
	return tally.failed != 0;
}
