/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Two builds of the library whose shared structs differ refuse each other, and
 * who was there goes on.
 */

#include "peer_case.h"

struct other {
	pid_t pid;
	int in;    /* Of the other program; closing it ends a holder. */
	FILE *out; /* What it prints. */
};

static struct other other_start(const char *argument)
{
	int in[2], out[2];
	struct other other;

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	fflush(NULL);
	other.pid = fork();
	if (other.pid == 0) {
		setenv("RCUMEM_PREFIX", PEER_PREFIX, 1);
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		alarm(PEER_TIMEOUT_MS / 1000);
		execl(OTHER_BUILD, "other_build", argument, NULL);
		_exit(122);
	}
	close(in[0]);
	close(out[1]);
	other.in = in[1];
	other.out = fdopen(out[0], "re");
	assert_non_null(other.out);
	return other;
}

static int other_errno(struct other *other)
{
	int err = -1;

	assert_int_equal(fscanf(other->out, "%d", &err), 1);
	return err;
}

static void other_end(struct other *other)
{
	int status;

	close(other->in);
	assert_int_equal(waitpid(other->pid, &status, 0), other->pid);
	fclose(other->out);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void another_build_cannot_join(void **state)
{
	static struct peer peer;
	struct other other;

	(void)state;
	if (access(OTHER_BUILD, X_OK))
		skip(); /* The build folder is another user's. */
	peer_start(&peer, "peer");
	assert_int_equal(peer_call(&peer, op_init, RCUMEM_ATTACH_CREATE), 0);
	other = other_start("join");
	assert_int_equal(other_errno(&other), EPROTO);
	other_end(&other);
	assert_true(peer_call(&peer, op_alloc, 1) != -1);
	assert_int_equal(peer_call(&peer, op_fini, 0), 0);
}

static void nobody_joins_another_build(void **state)
{
	static struct peer peer;
	struct other other;

	(void)state;
	if (access(OTHER_BUILD, X_OK))
		skip();
	other = other_start("hold");
	assert_int_equal(other_errno(&other), 0);
	peer_start(&peer, "peer");
	peer_fails(&peer, EPROTO, op_init, RCUMEM_ATTACH_JOIN);
	peer_fails(&peer, EPROTO, op_init, RCUMEM_ATTACH_ANY);
	assert_logged(&peer, "of another build");
	other_end(&other);
	/* With the other gone, the name is free. */
	assert_int_equal(peer_call(&peer, op_init, RCUMEM_ATTACH_CREATE), 0);
	assert_int_equal(peer_call(&peer, op_fini, 0), 0);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(another_build_cannot_join),
	PEER_CASE(nobody_joins_another_build),
};

PEER_MAIN("two builds", cases)
