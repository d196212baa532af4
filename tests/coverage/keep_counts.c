/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In a build that measures coverage: a process that ends by _exit(), or kills
 * itself, writes its counts down first.  The linker leads the calls of the tests
 * here (tests/meson.build).  One that is about to have no more system calls writes
 * them down before; those of one that others kill, or that has no memory, are lost.
 */

#include <signal.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);
int __real_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit);
int __real_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);
int __wrap_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

static bool restricted; /* Nothing can be written any more. */

static void dump(bool last)
{
	if (!restricted)
		__gcov_dump();
	restricted |= last;
}

void __wrap__exit(int status)
{
	dump(true);
	__real__exit(status);
}

int __wrap_kill(pid_t pid, int sig)
{
	if (pid == getpid() && sig == SIGKILL)
		dump(true);
	return __real_kill(pid, sig);
}

int __wrap_setrlimit(__rlimit_resource_t resource, const struct rlimit *limit)
{
	restricted |= resource == RLIMIT_AS;
	return __real_setrlimit(resource, limit);
}

int __wrap_prctl(int op, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	if (op == PR_SET_SECCOMP)
		dump(true);
	return __real_prctl(op, a, b, c, d);
}
