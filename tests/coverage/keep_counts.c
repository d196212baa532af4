/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In a build that measures coverage: a process that ends by _exit(), or kills
 * itself, writes its counts down first.  The linker leads the calls of the tests
 * here (tests/meson.build); one that others kill is lost.
 */

#include <signal.h>
#include <unistd.h>

void __gcov_dump(void);
void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_kill(pid_t pid, int sig);
int __wrap_kill(pid_t pid, int sig);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_kill(pid_t pid, int sig)
{
	if (pid == getpid() && sig == SIGKILL)
		__gcov_dump();
	return __real_kill(pid, sig);
}
