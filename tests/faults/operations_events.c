/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations with callbacks, and beside a reader. */

#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_memory.h>

#include "atomic.h"
#include "operations_parts.h"

/* ---- Callbacks ---- */

static unsigned int heard;

static void hear(enum rte_mem_event type, const void *addr, size_t len, void *arg)
{
	(void)type;
	(void)addr;
	(void)len;
	(void)arg;
	rcu_fetch_add_relaxed(&heard, 1); /* Relaxed: a figure. */
}

int operation_callback_add(void)
{
	return operation_result(rte_mem_event_callback_register("faults", hear, NULL));
}

int operation_callback_remove(void)
{
	return operation_result(rte_mem_event_callback_unregister("faults", NULL));
}

/* The thread that tells events stays until fini(). */
int operation_undo_callback(void)
{
	int err = operation_callback_remove();

	if (!err)
		err = operation_fini();
	return err ? err : operation_init_shared();
}

int operation_subscribe(void)
{
	return operation_result(rcumem_subscribe("faults", hear, NULL));
}

int operation_before_heard(void)
{
	int err = operation_init_shared();

	return err ? err : operation_callback_add();
}

int operation_before_heard_free(void)
{
	int err = operation_before_heard();

	return err ? err : operation_alloc_few();
}

int operation_before_subscribe(void)
{
	int err = operation_init_shared();

	return err ? err : operation_alloc_few();
}

int operation_undo_subscribe(void)
{
	int err = operation_undo_callback();

	return err ? err : operation_alloc_few();
}

/* A callback outlives no runtime, but the case's own fini() must find none. */
void operation_after_heard(void)
{
	operation_callback_remove();
	rcumem_fini();
}

static int accept_all(int socket, size_t limit, size_t len)
{
	(void)socket;
	(void)limit;
	(void)len;
	return 0;
}

int operation_validator_add(void)
{
	return operation_result(rte_mem_alloc_validator_register("faults", accept_all, 0, 1));
}

int operation_validator_remove(void)
{
	return operation_result(rte_mem_alloc_validator_unregister("faults", 0));
}

/* ---- A reader that a free waits for ---- */

static struct {
	pthread_t thread;
	unsigned int word; /* READER_*; each side waits for the other's, without a system call. */
} reader;

enum { READER_OUT, READER_ENTER, READER_IN, READER_END };

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static void *reader_main(void *arg)
{
	unsigned int word;
	uint64_t until;

	rcumem_thread_init();
	/* Acquire and release, all: the two threads take turns. */
	while ((word = rcu_load_acquire(&reader.word)) != READER_END) {
		if (word != READER_ENTER)
			continue;
		rcumem_read_lock();
		rcu_store_release(&reader.word, READER_IN); /* Pairs with free_read(). */
		until = now_us() + 10000;
		while (now_us() < until)
			rcu_cpu_relax();
		rcumem_read_unlock();
	}
	return arg;
}

int operation_before_read(void)
{
	int err = operation_before_free();

	return err ? err : pthread_create(&reader.thread, NULL, reader_main, NULL);
}

int operation_free_read(void)
{
	rcu_store_release(&reader.word, READER_ENTER); /* Pairs with reader_main(), as below. */
	while (rcu_load_acquire(&reader.word) != READER_IN)
		rcu_cpu_relax();
	return operation_free_all();
}

void operation_after_read(void)
{
	rcu_store_release(&reader.word, READER_END); /* Pairs with reader_main(). */
	pthread_join(reader.thread, NULL);
	rcumem_fini();
}
