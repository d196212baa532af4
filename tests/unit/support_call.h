/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_CALL_H
#define SUPPORT_CALL_H

/*
 * Calls made from elsewhere: every writer from inside a callback, a section
 * held by another thread, a function run in a forked child.
 */

#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <sys/wait.h>

#include <rte_fbarray.h>

#include "support.h"

/* ---- Every writer, with arguments that another context would accept ---- */

/* An event callback and a validator for whoever needs one that does nothing. */
static inline void event_ignore(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	(void)arg;
}

static inline int validator_accept(int socket_id, size_t cur_limit, size_t new_len)
{
	(void)socket_id;
	(void)cur_limit;
	(void)new_len;
	return 0;
}

static void *writer_page; /* A page in use, which no refused writer may free. */

static inline int call_pages_alloc(void)
{
	return rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0) ? 0 : -1;
}

static inline int call_pages_free(void)
{
	return rcumem_pages_free(writer_page, page_sz);
}

static inline int call_extmem_register(void)
{
	return rte_extmem_register((void *)0x10000, 4096, NULL, 0, 4096);
}

static inline int call_extmem_unregister(void)
{
	return rte_extmem_unregister((void *)0x10000, 4096);
}

static inline int call_extmem_attach(void)
{
	return rte_extmem_attach((void *)0x10000, 4096);
}

static inline int call_extmem_detach(void)
{
	return rte_extmem_detach((void *)0x10000, 4096);
}

static inline int call_fbarray_init(void)
{
	struct rte_fbarray arr;

	memset(&arr, 0, sizeof(arr));
	return rte_fbarray_init(&arr, "refused", 8, 8);
}

/* A handle as another process could have passed it on. */
static inline struct rte_fbarray foreign_array(void)
{
	struct rte_fbarray arr = {.name = "refused", .len = 8, .elt_sz = 8};

	arr.data = (void *)0x10000;
	return arr;
}

static inline int call_fbarray_attach(void)
{
	struct rte_fbarray arr = foreign_array();

	return rte_fbarray_attach(&arr);
}

static inline int call_fbarray_detach(void)
{
	struct rte_fbarray arr = foreign_array();

	return rte_fbarray_detach(&arr);
}

static inline int call_fbarray_destroy(void)
{
	struct rte_fbarray arr = foreign_array();

	return rte_fbarray_destroy(&arr);
}

static inline int call_synchronize(void)
{
	return rcumem_synchronize(0);
}

static inline int call_space_create(void)
{
	struct rcumem_space *space = rcumem_space_create();

	if (!space)
		return -1;
	rcumem_space_destroy(space);
	return 0;
}

struct writer_call {
	const char *name;
	int (*call)(void);
};

static const struct writer_call writer_calls[] = {
	{"rcumem_pages_alloc", call_pages_alloc},
	{"rcumem_pages_free", call_pages_free},
	{"rte_extmem_register", call_extmem_register},
	{"rte_extmem_unregister", call_extmem_unregister},
	{"rte_extmem_attach", call_extmem_attach},
	{"rte_extmem_detach", call_extmem_detach},
	{"rte_fbarray_init", call_fbarray_init},
	{"rte_fbarray_attach", call_fbarray_attach},
	{"rte_fbarray_detach", call_fbarray_detach},
	{"rte_fbarray_destroy", call_fbarray_destroy},
	{"rcumem_synchronize", call_synchronize},
	{"rcumem_space_create", call_space_create},
};

/* The first writer that is not refused with `err`, or NULL: asserts nothing, so any context. */
static inline const char *writer_not_refused(int err)
{
	for (size_t i = 0; i < ARRAY_LEN(writer_calls); i++) {
		rte_errno = 0;
		if (writer_calls[i].call() != -1 || rte_errno != err)
			return writer_calls[i].name;
	}
	return NULL;
}

/* ---- Another thread that stays inside something ---- */

struct holder {
	pthread_t thread;
	sem_t inside;
	sem_t leave;
	int (*enter_fn)(void);
	void (*leave_fn)(void);
	int result;
	int err;
};

static inline void *holder_run(void *arg)
{
	struct holder *holder = arg;

	rte_errno = 0;
	holder->result = holder->enter_fn();
	holder->err = rte_errno;
	sem_post(&holder->inside);
	while (sem_wait(&holder->leave) != 0)
		;
	if (holder->result == 0)
		holder->leave_fn();
	return NULL;
}

/* Returns when the thread is inside, or has failed to be. */
static inline void holder_start(
	struct holder *holder, int (*enter_fn)(void), void (*leave_fn)(void))
{
	sem_init(&holder->inside, 0, 0);
	sem_init(&holder->leave, 0, 0);
	holder->enter_fn = enter_fn;
	holder->leave_fn = leave_fn;
	assert_int_equal(pthread_create(&holder->thread, NULL, holder_run, holder), 0);
	while (sem_wait(&holder->inside) != 0)
		;
}

static inline void holder_stop(struct holder *holder)
{
	sem_post(&holder->leave);
	pthread_join(holder->thread, NULL);
	sem_destroy(&holder->inside);
	sem_destroy(&holder->leave);
}

/* ---- A forked child ---- */

/* In a child: leaves with the line of a condition that does not hold. */
#define CHILD_CHECK(condition)                                                                     \
	do {                                                                                       \
		if (!(condition))                                                                  \
			return __LINE__;                                                           \
	} while (0)

/*
 * Run `fn` in a forked child for at most 30 s: what it returned (0, or the
 * line of CHILD_CHECK), or minus the signal that ended it.
 */
static inline int child_run(int (*fn)(void))
{
	int line = -1;
	int status = 0;
	int pipe_fds[2];
	pid_t pid;

	if (pipe(pipe_fds) != 0)
		return -1;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* The test library's handlers would make a failed case of a signal. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		alarm(30);
		line = fn();
		_exit(write(pipe_fds[1], &line, sizeof(line)) == sizeof(line) ? 0 : 1);
	}
	close(pipe_fds[1]);
	if (pid < 0 || read(pipe_fds[0], &line, sizeof(line)) != sizeof(line))
		line = -1;
	close(pipe_fds[0]);
	if (pid > 0)
		waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : line;
}

#define UID_NOBODY 65534

/* Give up every privilege, for good; nothing to do without any: 0, or -1. */
static inline int become_nobody(void)
{
	return geteuid() != 0 || (setgid(UID_NOBODY) == 0 && setuid(UID_NOBODY) == 0) ? 0 : -1;
}

#endif /* SUPPORT_CALL_H */
