/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <pthread.h>
#include <stddef.h>
#include <time.h>

#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_memory.h>

#include "atomic.h"
#include "operations.h"
#include "peer_process.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

char operations_dir[64];
uint64_t operations_page_sz = RTE_PGSIZE_4K;

static int result(int ret)
{
	return ret ? rte_errno : 0;
}

/* ---- Init and fini ---- */

static struct rcumem_options alone(void)
{
	return (struct rcumem_options){
		.sz = sizeof(struct rcumem_options),
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = operations_page_sz | RTE_PGSIZE_4K,
		.list_len = 1024 * MIB,
		.max_lists = 16,
		.max_readers = 16,
		.free_timeout_ms = 100,
		.lock_timeout_ms = 500,
		.event_timeout_ms = 500,
	};
}

struct rcumem_options operations_shared(void)
{
	struct rcumem_options opts = alone();

	opts.prefix = "faults";
	return opts;
}

static int init_alone(void)
{
	struct rcumem_options opts = alone();

	return result(rcumem_init(&opts));
}

static int init_shared(void)
{
	struct rcumem_options opts = operations_shared();

	return result(rcumem_init(&opts));
}

static int init_filled(void)
{
	struct rcumem_options opts = operations_shared();

	opts.socket_mem[0] = 8 * operations_page_sz;
	return result(rcumem_init(&opts));
}

static int init_physical(void)
{
	struct rcumem_options opts = alone();

	opts.iova_mode = RCUMEM_IOVA_PA;
	return result(rcumem_init(&opts));
}

static int fini(void)
{
	return result(rcumem_fini());
}

static void after_fini(void)
{
	rcumem_fini();
}

/* ---- Pages ---- */

static char *pages;
static size_t pages_len;

static int alloc(size_t len)
{
	pages = rcumem_pages_alloc(len, operations_page_sz, SOCKET_ID_ANY, 0);
	pages_len = len;
	return pages ? 0 : rte_errno;
}

static int alloc_few(void)
{
	return alloc(4 * operations_page_sz);
}

/* Cleared by several threads. */
static int alloc_many(void)
{
	return alloc(20 * MIB);
}

static int free_all(void)
{
	return result(rcumem_pages_free(pages, pages_len));
}

static int before_free(void)
{
	int err = init_alone();

	return err ? err : alloc_few();
}

static int before_physical(void)
{
	return operations_page_sz == RTE_PGSIZE_4K ? ENOTSUP : init_physical();
}

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

static int callback_add(void)
{
	return result(rte_mem_event_callback_register("faults", hear, NULL));
}

static int callback_remove(void)
{
	return result(rte_mem_event_callback_unregister("faults", NULL));
}

/* The thread that tells events stays until fini(). */
static int undo_callback(void)
{
	int err = callback_remove();

	if (!err)
		err = fini();
	return err ? err : init_shared();
}

static int subscribe(void)
{
	return result(rcumem_subscribe("faults", hear, NULL));
}

static int before_heard(void)
{
	int err = init_shared();

	return err ? err : callback_add();
}

static int before_heard_free(void)
{
	int err = before_heard();

	return err ? err : alloc_few();
}

static int before_subscribe(void)
{
	int err = init_shared();

	return err ? err : alloc_few();
}

static int undo_subscribe(void)
{
	int err = undo_callback();

	return err ? err : alloc_few();
}

/* A callback outlives no runtime, but the case's own fini() must find none. */
static void after_heard(void)
{
	callback_remove();
	rcumem_fini();
}

static int accept_all(int socket, size_t limit, size_t len)
{
	(void)socket;
	(void)limit;
	(void)len;
	return 0;
}

static int validator_add(void)
{
	return result(rte_mem_alloc_validator_register("faults", accept_all, 0, 1));
}

static int validator_remove(void)
{
	return result(rte_mem_alloc_validator_unregister("faults", 0));
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
		until = now_us() + 1500;
		while (now_us() < until)
			rcu_cpu_relax();
		rcumem_read_unlock();
	}
	return arg;
}

static int before_read(void)
{
	int err = before_free();

	return err ? err : pthread_create(&reader.thread, NULL, reader_main, NULL);
}

static int free_read(void)
{
	rcu_store_release(&reader.word, READER_ENTER); /* Pairs with reader_main(), as below. */
	while (rcu_load_acquire(&reader.word) != READER_IN)
		rcu_cpu_relax();
	return free_all();
}

static void after_read(void)
{
	rcu_store_release(&reader.word, READER_END); /* Pairs with reader_main(). */
	pthread_join(reader.thread, NULL);
	rcumem_fini();
}

/* ---- External memory, arrays, addresses ---- */

#define EXTERNAL_VA  ((void *)(1ull << 40))
#define EXTERNAL_LEN (16 * KIB)

static int external_add(void)
{
	rte_iova_t iovas[4] = {0x10000, 0x20000, 0x30000, 0x40000};

	return result(rte_extmem_register(EXTERNAL_VA, EXTERNAL_LEN, iovas, 4, 4 * KIB));
}

static int external_remove(void)
{
	return result(rte_extmem_unregister(EXTERNAL_VA, EXTERNAL_LEN));
}

static int before_external(void)
{
	int err = init_alone();

	return err ? err : external_add();
}

static struct rte_fbarray array;

static int array_make(void)
{
	return result(rte_fbarray_init(&array, "faults", 1000, 64));
}

static int array_destroy(void)
{
	return result(rte_fbarray_destroy(&array));
}

static int before_array(void)
{
	int err = init_alone();

	return err ? err : array_make();
}

/* ---- Other processes ---- */

static int be_joined(void)
{
	return peer_process_ask(PEER_JOIN);
}

static int be_looked_at(void)
{
	return peer_process_ask(PEER_LOOK);
}

static struct rcumem_observer *observer;

static int observe(void)
{
	int err;

	observer = rcumem_observe("faults");
	if (!observer)
		return rte_errno;
	if (rcumem_observer_check(observer, NULL, NULL) == 0)
		return 0;
	err = rte_errno;
	rcumem_observer_close(observer);
	return err;
}

static int observe_end(void)
{
	rcumem_observer_close(observer);
	return 0;
}

static int nothing(void)
{
	return 0;
}

const struct operation operations[] = {
	{"init", NULL, init_alone, fini, NULL, OTHER_NONE},
	{"init by prefix", NULL, init_shared, fini, NULL, OTHER_NONE},
	{"init with memory", NULL, init_filled, fini, NULL, OTHER_NONE},
	{"init by physical address", NULL, init_physical, fini, NULL, OTHER_NONE},
	{"attach", NULL, init_shared, fini, NULL, OTHER_OWNS},
	{"answer who attaches", init_shared, be_joined, nothing, after_fini, OTHER_JOINS},
	{"answer who observes", init_shared, be_looked_at, nothing, after_fini, OTHER_JOINS},
	{"observe", NULL, observe, observe_end, NULL, OTHER_OWNS},
	{"alloc", init_alone, alloc_few, free_all, after_fini, OTHER_NONE},
	{"alloc by threads", init_alone, alloc_many, free_all, after_fini, OTHER_NONE},
	{"alloc by physical address", before_physical, alloc_few, free_all, after_fini, OTHER_NONE},
	{"alloc with callbacks", before_heard, alloc_few, free_all, after_heard, OTHER_NONE},
	{"free", before_free, free_all, alloc_few, after_fini, OTHER_NONE},
	{"free beside a reader", before_read, free_read, alloc_few, after_read, OTHER_NONE},
	{"free with callbacks", before_heard_free, free_all, alloc_few, after_heard, OTHER_NONE},
	{"register callback", init_shared, callback_add, undo_callback, after_fini, OTHER_NONE},
	{"unregister callback", before_heard, callback_remove, callback_add, after_heard,
		OTHER_NONE},
	{"subscribe", before_subscribe, subscribe, undo_subscribe, after_fini, OTHER_NONE},
	{"register validator", init_alone, validator_add, validator_remove, after_fini, OTHER_NONE},
	{"register memory", init_alone, external_add, external_remove, after_fini, OTHER_NONE},
	{"unregister memory", before_external, external_remove, external_add, after_fini,
		OTHER_NONE},
	{"make an array", init_alone, array_make, array_destroy, after_fini, OTHER_NONE},
	{"destroy an array", before_array, array_destroy, array_make, after_fini, OTHER_NONE},
	{"fini", init_alone, fini, init_alone, after_fini, OTHER_NONE},
	{"fini by prefix", init_shared, fini, init_shared, after_fini, OTHER_NONE},
	{"fini beside others", init_shared, fini, init_shared, after_fini, OTHER_OWNS},
};

const unsigned int n_operations = sizeof(operations) / sizeof(operations[0]);
