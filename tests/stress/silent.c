/* SPDX-License-Identifier: BSD-3-Clause */
#include "silent.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "stress.h"

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59
#define PR_SYS_DISPATCH_ON           1
#endif

#ifdef RCU_TSAN
#define INSTRUMENTED true /* It makes calls of its own. */
#else
#define INSTRUMENTED false
#endif

#define ALLOW 0
#define BLOCK 1

/* Read by the kernel at each system call of the thread. */
static __thread volatile char selector;
static __thread bool watched;
static __thread bool trial;

static void on_call(int signal, siginfo_t *info, void *context)
{
	char text[200];
	int len;

	(void)signal;
	(void)context;
	selector = ALLOW;
	if (trial) {
		trial = false;
		return;
	}
	len = snprintf(text, sizeof(text), "FAILED noisy: %s: system call %d (seed %#llx)\n",
		thread_name, info->si_syscall, (unsigned long long)options.seed);
	_exit(write(STDOUT_FILENO, text, (size_t)len) == len ? 1 : 3);
}

static bool watch(void)
{
	return prctl(PR_SET_SYSCALL_USER_DISPATCH, PR_SYS_DISPATCH_ON, 0, 0, &selector) == 0;
}

/* Clocks may cost a call, where the kernel's own page has none. */
static bool clocks_are_silent(void)
{
	bool silent;

	trial = true;
	selector = BLOCK;
	now_ns();
	selector = ALLOW;
	silent = trial;
	trial = false;
	return silent;
}

bool silent_possible(void)
{
	static int possible = -1;
	struct sigaction action = {.sa_sigaction = on_call, .sa_flags = SA_SIGINFO};

	if (possible < 0)
		possible = !INSTRUMENTED && sigaction(SIGSYS, &action, NULL) == 0 && watch() &&
			   clocks_are_silent();
	return possible;
}

void silent_prepare(void)
{
	watched = silent_possible() && watch();
}

void silent_begin(uint64_t *random)
{
	if (!watched || random_below(random, 8) == 0)
		return;
	tally->silent++;
	selector = BLOCK;
}

void silent_end(void)
{
	selector = ALLOW;
}

bool silent_now(void)
{
	return selector == BLOCK;
}
