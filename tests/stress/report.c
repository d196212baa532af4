/* SPDX-License-Identifier: BSD-3-Clause */
/* Failures as they happen, and the lines at the end. */

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "external.h"
#include "callback.h"
#include "lookup.h"
#include "silent.h"
#include "verdict.h"

static uint32_t over;
static uint32_t failures;

__thread const char *thread_name = "main";
__thread struct tally *tally;

bool stress_over(void)
{
	return rcu_load_relaxed(&over); /* Relaxed: some time is early enough. */
}

void stress_end(void)
{
	rcu_store_relaxed(&over, 1); /* Relaxed: as in stress_over(). */
}

void stress_begin(void)
{
	rcu_store_relaxed(&over, 0); /* Relaxed: there are no threads yet. */
}

bool stress_failed(void)
{
	return rcu_load_relaxed(&failures); /* Relaxed: as in stress_over(). */
}

void stress_fail(const char *kind, const char *format, ...)
{
	va_list args;
	char text[512];

	/* Told once: one bug makes many. */
	if (!rcu_cas_acq_rel(&failures, 0, 1)) /* Pairs with nothing. */
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	silent_end();
	printf("FAILED %s: %s: %s (seed %#llx)\n", kind, thread_name, text,
		(unsigned long long)options.seed);
	fflush(stdout);
	stress_end();
}

/* A page that was taken back under a reader: the run ends here, for the access cannot go on. */
static void on_fault(int signal, siginfo_t *info, void *context)
{
	char text[256];
	int len;

	silent_end();
	len = snprintf(text, sizeof(text),
		"FAILED recycled: %s: %s at %p: memory that was found is gone (seed %#llx)\n",
		thread_name, signal == SIGBUS ? "SIGBUS" : "SIGSEGV", info->si_addr,
		(unsigned long long)options.seed);

	(void)context;
	_exit(write(STDOUT_FILENO, text, (size_t)len) == len ? 1 : 3);
}

void report_signals(void)
{
	struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO};

	sigaction(SIGBUS, &action, NULL);
	sigaction(SIGSEGV, &action, NULL);
}

void reader_begin(struct reader_start *start)
{
	/* What a first section would do. */
	if (rcumem_thread_init())
		stress_fail("wrong", "no reader: errno %d", rte_errno);
	silent_prepare();
	thread_name = start->name;
	tally = &start->tally;
}

static void histogram(FILE *to, const char *title, const uint64_t *buckets)
{
	if (!to)
		return;
	fprintf(to, "        %s:", title);
	for (unsigned int i = 0; i < 32; i++)
		if (buckets[i] && i == 0)
			fprintf(to, " <1 us %llu,", (unsigned long long)buckets[i]);
		else if (buckets[i])
			fprintf(to, " %llu us %llu,", 1ull << (i - 1),
				(unsigned long long)buckets[i]);
	fprintf(to, "\n");
}

#define N(x) ((unsigned long long)(x))

int report_ages(FILE *to, const struct tally *sum)
{
	return verdict(to, sum->ages[1] > 0 && sum->ages[2] == 0,
		"age of what was found, at its section's end: 0 in use %llu, 1 its free had begun "
		"%llu, 2 and more %llu",
		N(sum->ages[0]), N(sum->ages[1]), N(sum->ages[2]));
}

/* What callbacks, patience, bad arguments and silence were tried. */
static int report_rules(FILE *to, const struct tally *sum)
{
	int failed = 0;

	failed += verdict(to, sum->callbacks > sum->events && sum->refused > 0 && sum->events > 0,
		"%llu callbacks of walks and %llu of events with readers in them, %llu writers "
		"refused",
		N(sum->callbacks - sum->events), N(sum->events), N(sum->refused));
	failed += verdict(to, sum->patient > 0, "%llu sections that outlasted %d operations",
		N(sum->patient), PATIENCE);
	failed += verdict(to, nasty_refused() > 0, "%llu calls with bad arguments refused",
		N(nasty_refused()));
	failed += verdict(to, !silent_possible() || sum->silent > 0,
		"%llu rounds of readers without a system call%s", N(sum->silent),
		silent_possible() ? "" : ": not watched here");
	return failed;
}

int report(FILE *to, const struct tally *sum)
{
	const struct writer_counts *w = &writer_counts;
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	int failed = 0;

	rcumem_stats_get(&stats);
	failed += verdict(to, sum->lookups > 0 && sum->must > 0,
		"%llu answers right, %llu of them the only right one", N(sum->lookups),
		N(sum->must));
	failed += verdict(to, sum->holds > 0,
		"%llu pages and descriptors found in %llu sections, looked at %llu times: "
		"unchanged",
		N(sum->holds), N(sum->sections), N(sum->rechecks));
	failed += verdict(to, sum->walks > 0 && sum->whole > 0,
		"%llu walks, %llu allocations of several pages in them: whole", N(sum->walks),
		N(sum->whole));
	failed += verdict(to, sum->external > 0 && external_changes() > 0,
		"%llu answers right beside %llu registrations and unregistrations, %llu lookups "
		"across two of them",
		N(sum->external), N(external_changes()), N(sum->external_straddled));
	failed += verdict(to, w->fast_replugs >= options.at_least,
		"%llu re-plugs of a page within 1 ms of its free, of %llu plugs (at least %llu)",
		N(w->fast_replugs), N(w->plugs), N(options.at_least));
	failed += verdict(to, !pause_possible() || sum->straddled >= options.at_least,
		"%llu lookups that straddled one, %llu with a pause in them (%s %llu)",
		N(sum->straddled), N(sum->paused),
		pause_possible() ? "at least" : "no pause points; else at least",
		N(options.at_least));
	failed += report_ages(to, sum);
	histogram(to, "how long before the section's end", sum->waited);
	failed += report_rules(to, sum);
	failed += verdict(to, w->frees > 0,
		"%llu frees, %llu returned while a reader held the pages, %llu grace periods, %llu "
		"tries refused",
		N(w->frees), N(w->late_frees), N(stats.grace_periods), N(w->refused));
	histogram(to, "how long they took", w->took);
	return failed;
}
