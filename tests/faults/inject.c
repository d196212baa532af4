/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "atomic.h"
#include "inject.h"

/* Written while no call of a filtered thread is under way but those of idle library threads. */
static struct {
	struct inject_plan plan;
	unsigned int armed; /* Stored with release after the plan, loaded with acquire. */
	unsigned int hit;
	unsigned int seen[INJECT_WHO][INJECT_KINDS];
	pid_t caller;
	int fd;
} injector = {.fd = -1};

/* One call: counted, and the error that it is to have, or 0. */
static int judge(enum inject_who who, int kind)
{
	const struct inject_plan *plan = &injector.plan;
	unsigned int nth;

	/* Acquire pairs with inject_arm(): the plan is complete. */
	if (!rcu_load_acquire(&injector.armed) || kind >= INJECT_KINDS)
		return 0;
	/* Relaxed, both: read when the operation is over. */
	nth = rcu_fetch_add_relaxed(&injector.seen[who][kind], 1) + 1;
	if (plan->who != who || plan->kind != kind || plan->nth != nth)
		return 0;
	rcu_store_relaxed(&injector.hit, 1);
	return plan->err;
}

/* ---- Allocations ---- */

void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *old, size_t len);
void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *old, size_t len);

static bool allocation_fails(void)
{
	enum inject_who who = gettid() == injector.caller ? INJECT_CALLER : INJECT_LIBRARY;
	int err = judge(who, INJECT_MALLOC);

	if (err)
		errno = err;
	return err;
}

void *__wrap_malloc(size_t len)
{
	return allocation_fails() ? NULL : __real_malloc(len);
}

void *__wrap_calloc(size_t n, size_t len)
{
	return allocation_fails() ? NULL : __real_calloc(n, len);
}

void *__wrap_realloc(void *old, size_t len)
{
	return allocation_fails() ? NULL : __real_realloc(old, len);
}

/* ---- System calls ---- */

/* What the kernel does though it tells an error: in this thread, which shares the descriptors. */
static void make_call(const struct seccomp_data *data)
{
	syscall(data->nr, data->args[0], data->args[1], data->args[2], data->args[3], data->args[4],
		data->args[5]);
}

static void answer(const struct seccomp_notif *notif, struct seccomp_notif_resp *response)
{
	enum inject_who who = (pid_t)notif->pid == injector.caller ? INJECT_CALLER : INJECT_LIBRARY;
	int err = judge(who, notif->data.nr);

	*response = (struct seccomp_notif_resp){
		.id = notif->id, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE};
	if (!err)
		return;
	if (injector.plan.done)
		make_call(&notif->data);
	response->flags = 0;
	/* brk() tells no error but the end that it left. */
	response->error = notif->data.nr == __NR_brk ? 0 : -err;
}

static void *supervisor_main(void *arg)
{
	struct seccomp_notif_resp response;
	struct seccomp_notif notif;
	int fd;

	/* Acquire pairs with inject_start(). */
	while ((fd = rcu_load_acquire(&injector.fd)) < 0)
		rcu_cpu_relax();
	for (;;) {
		memset(&notif, 0, sizeof(notif));
		if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &notif))
			continue;
		answer(&notif, &response);
		ioctl(fd, SECCOMP_IOCTL_NOTIF_SEND, &response);
	}
	return arg;
}

/* Everything is handed over but the ends of threads and of signal handlers, which have no result.
 */
static int filter_install(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_exit_group, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_rt_sigreturn, 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(code[0]), .filter = code};

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	return (int)syscall(
		__NR_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &program);
}

int inject_start(void)
{
	pthread_t supervisor;
	int err = pthread_create(&supervisor, NULL, supervisor_main, NULL);
	int fd;

	if (err)
		return -err;
	injector.caller = gettid();
	fd = filter_install();
	if (fd < 0)
		return -errno;
	/* Release pairs with supervisor_main(). */
	rcu_store_release(&injector.fd, fd);
	return 0;
}

void inject_arm(const struct inject_plan *plan)
{
	injector.plan = *plan;
	injector.hit = 0;
	memset(injector.seen, 0, sizeof(injector.seen));
	/* Release pairs with judge(). */
	rcu_store_release(&injector.armed, 1);
}

void inject_disarm(void)
{
	rcu_store_release(&injector.armed, 0); /* Pairs with judge(). */
}

unsigned int inject_seen(enum inject_who who, int kind)
{
	/* Relaxed: disarmed. */
	return rcu_load_relaxed(&injector.seen[who][kind]);
}

bool inject_hit(void)
{
	return rcu_load_relaxed(&injector.hit); /* Relaxed: disarmed. */
}
