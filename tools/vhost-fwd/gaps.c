// SPDX-License-Identifier: BSD-3-Clause
/* The rare part of gap accounting: asking the kernel where the time went. */

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "gaps.h"

static uint64_t clock_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

double tsc_cycles_per_ns(void)
{
	uint64_t ns = clock_ns(), tsc = tsc_now(), passed;

	do
		passed = clock_ns() - ns;
	while (passed < 50000000);
	return (double)(tsc_now() - tsc) / (double)passed;
}

static struct sched_account account_read(int schedstat_fd)
{
	struct sched_account account = {0};
	unsigned long long delay = 0;
	struct rusage usage;
	char text[96];
	ssize_t n;

	if (getrusage(RUSAGE_THREAD, &usage) == 0) {
		account.nivcsw = (uint64_t)usage.ru_nivcsw;
		account.sleeps = (uint64_t)usage.ru_nvcsw;
		account.faults = (uint64_t)(usage.ru_minflt + usage.ru_majflt);
	}
	n = schedstat_fd < 0 ? -1 : pread(schedstat_fd, text, sizeof(text) - 1, 0);
	if (n > 0) {
		text[n] = '\0';
		if (sscanf(text, "%*u %llu", &delay) == 1)
			account.run_delay_ns = delay;
	}
	return account;
}

void gaps_start(struct gaps *gaps, const struct change_window *window, double cycles_per_ns)
{
	char path[64];

	memset(gaps, 0, sizeof(*gaps));
	gaps->window = window;
	gaps->cycles_per_ns = cycles_per_ns;
	gaps->limit = (uint64_t)(GAPS_LIMIT_NS * cycles_per_ns);
	gaps->look = (uint64_t)(GAPS_LOOK_NS * cycles_per_ns);
	gaps->standing = (uint64_t)(GAPS_STANDING_NS * cycles_per_ns);
	gaps->refresh = (uint64_t)(GAPS_REFRESH_NS * cycles_per_ns);
	snprintf(path, sizeof(path), "/proc/self/task/%d/schedstat", (int)gettid());
	gaps->schedstat_fd = open(path, O_RDONLY | O_CLOEXEC);
	gaps->account = account_read(gaps->schedstat_fd);
	gaps->last_look = tsc_now();
}

void gaps_stop(struct gaps *gaps)
{
	if (gaps->schedstat_fd >= 0)
		close(gaps->schedstat_fd);
	gaps->schedstat_fd = -1;
}

/* INV-GAPS-4 */
static void keep(struct gaps *gaps, uint64_t gap, bool of_change, uint64_t delay)
{
	struct gaps_long *slot = &gaps->kept[gaps->kept_cnt % GAPS_KEPT];

	shared_store_relaxed(&slot->begin, gaps->last);
	shared_store_relaxed(&slot->end, gaps->last + gap);
	shared_store_relaxed(&slot->delay, delay);
	shared_store_relaxed(&slot->overlap, of_change ? 1 + (gaps->last_word & 1) : 0);
	/* Release pairs with write_long_gaps(): the slot is whole. */
	shared_store_release(&gaps->kept_cnt, gaps->kept_cnt + 1);
}

/* INV-GAPS-3; where more than one change may have begun, no. */
static bool stood_before(const struct gaps *gaps, uint64_t gap)
{
	/* Acquire pairs with change_begin(). */
	uint64_t word = shared_load_acquire(&gaps->window->word);
	uint64_t begin = shared_load_relaxed(&gaps->window->begin); /* Relaxed: before the word. */

	return (gaps->last_word & 1) == 0 && word - gaps->last_word <= 2 &&
	       begin > gaps->last + gaps->standing && begin <= gaps->last + gap;
}

/* Count a long gap, or set it aside (INV-GAPS-2). */
static void judge(
	struct gaps *gaps, uint64_t gap, bool of_change, const struct sched_account *delta)
{
	uint64_t delay = (uint64_t)((double)delta->run_delay_ns * gaps->cycles_per_ns);
	uint64_t left = gap > delay ? gap - delay : 0;
	struct gaps_count *count = &gaps->count;

	if (gap <= gaps->limit)
		left = gap; /* Nothing needs excusing. */
	else
		keep(gaps, gap, of_change, delay);
	if (!of_change) {
		counter_add(&count->other_over, left > gaps->limit);
		return;
	}
	if (gap > gaps->limit && left <= gaps->limit) {
		counter_add(&count->aside, 1);
		if (gap > count->aside_max)
			shared_store_relaxed(&count->aside_max, gap);
		counter_add(&count->aside_nivcsw, delta->nivcsw);
		counter_add(&count->aside_delay_ns, delta->run_delay_ns);
		return;
	}
	if (left > gaps->limit && stood_before(gaps, gap)) {
		counter_add(&count->standing, 1);
		return;
	}
	counter_add(&count->of_change[gaps_bucket(left)], 1);
	if (left <= gaps->limit)
		return;
	counter_add(&count->change_over, 1);
	counter_add(&count->over_before, !(gaps->last_word & 1));
	counter_add(&count->over_sleeps, delta->sleeps);
	counter_add(&count->over_faults, delta->faults);
}

uint64_t gaps_look(struct gaps *gaps, uint64_t gap, bool of_change)
{
	struct sched_account now = account_read(gaps->schedstat_fd);
	struct sched_account delta = {
		.nivcsw = now.nivcsw - gaps->account.nivcsw,
		.run_delay_ns = now.run_delay_ns - gaps->account.run_delay_ns,
		.sleeps = now.sleeps - gaps->account.sleeps,
		.faults = now.faults - gaps->account.faults,
	};

	judge(gaps, gap, of_change, &delta);
	gaps->account = now;
	/* The asking is no gap of the data path: time starts again after it. */
	gaps->last_look = tsc_now();
	return gaps->last_look;
}
