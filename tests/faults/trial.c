/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kinds.h"
#include "peer_process.h"
#include "state.h"
#include "trial.h"

#define TRIAL_SECONDS 20

static struct state begin, before, now;

#define WRONG(trial, ...)                                                                          \
	((trial)->wrong[0] ? 0 : snprintf((trial)->wrong, sizeof((trial)->wrong), __VA_ARGS__))

/* Threads that have ended leave the kernel's tables a moment later. */
static bool comes_back_to(const struct state *state, const char *but, char *difference, size_t len)
{
	for (int i = 0; i < 200; i++) {
		state_take(&now, operations_dir);
		if (state_same(state, &now, but, difference, len))
			return true;
		usleep(500);
	}
	return false;
}

/* Where the call failed: nothing has changed, and it works now. */
static void judge_failed(struct trial *trial, const struct operation *operation, const char *but)
{
	int err;

	if (comes_back_to(&before, but, trial->differs, sizeof(trial->differs)))
		trial->differs[0] = 0;
	err = operation->run();
	if (err)
		WRONG(trial, "a second time it fails: %s", strerrorname_np(err));
}

static void go(struct trial *trial, const struct operation *operation,
	const struct inject_plan *plan, const char **but)
{
	const struct outcome *row;
	char text[400];
	int sees = peer_process_ask(PEER_COUNT);
	int err;

	inject_arm(plan);
	trial->result = operation->run();
	inject_disarm();
	trial->hit = inject_hit();
	row = trial->hit ? outcome_of(operation->name, plan->kind, plan->err, trial->result) : NULL;
	*but = row ? row->but : NULL;
	for (int who = 0; who < INJECT_WHO; who++)
		for (int kind = 0; kind < INJECT_KINDS; kind++)
			trial->seen[who][kind] = inject_seen((enum inject_who)who, kind);
	if (state_findings(text, sizeof(text)))
		snprintf(trial->found, sizeof(trial->found), "%s", text);
	if (*but && strcmp(*but, "*") == 0)
		return;
	if (trial->result)
		judge_failed(trial, operation, *but);
	err = operation->undo();
	if (err)
		WRONG(trial, "it cannot be undone: %s", strerrorname_np(err));
	if (!comes_back_to(&before, *but, text, sizeof(text)))
		WRONG(trial, "after it was done and undone: %s", text);
	if (state_findings(text, sizeof(text)))
		WRONG(trial, "the checker finds afterwards: %s", text);
	if (peer_process_ask(PEER_COUNT) != sees)
		WRONG(trial, "another process sees %d processes, %d before",
			peer_process_ask(PEER_COUNT), sees);
}

static void child_main(
	struct trial *trial, const struct operation *operation, const struct inject_plan *plan)
{
	const char *but = NULL;
	struct rcumem_options opts = operations_shared();
	char text[400];
	int err;

	alarm(TRIAL_SECONDS);
	/* What the library says is not the test's report, but its saying so is a system call. */
	if (!freopen("/dev/null", "w", stderr))
		abort();
	if (operation->other) {
		err = peer_process_start(&opts, operation->other == OTHER_OWNS);
		if (err)
			WRONG(trial, "no other process: %s", strerrorname_np(err));
	}
	err = inject_start();
	if (err) {
		trial->unable = -err;
		return;
	}
	state_take(&begin, operations_dir);
	trial->unable = operation->before ? operation->before() : 0;
	if (trial->unable)
		return;
	state_take(&before, operations_dir);
	go(trial, operation, plan, &but);
	if (operation->after)
		operation->after();
	if (!(but && strcmp(but, "*") == 0) && !comes_back_to(&begin, but, text, sizeof(text)))
		WRONG(trial, "at the end: %s", text);
	peer_process_stop();
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void trial_run(
	struct trial *trial, const struct operation *operation, const struct inject_plan *plan)
{
	int status = 0;
	pid_t pid;

	memset(trial, 0, sizeof(*trial));
	snprintf(operations_dir, sizeof(operations_dir), "/tmp/rcumem-faults-XXXXXX");
	if (!mkdtemp(operations_dir))
		abort();
	setenv("RCUMEM_RUNTIME_DIR", operations_dir, 1);
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		child_main(trial, operation, plan);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		abort();
	nftw(operations_dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (!WIFSIGNALED(status))
		return;
	trial->hit = true;
	if (WTERMSIG(status) == SIGABRT) /* The C library's last resort. */
		trial->result = OUTCOME_DIES;
	else
		WRONG(trial, WTERMSIG(status) == SIGALRM ? "it hangs" : "it dies of signal %d",
			WTERMSIG(status));
}
