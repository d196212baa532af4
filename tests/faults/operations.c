/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>

#include <rte_errno.h>
#include <rte_fbarray.h>
#include <rte_memory.h>

#include "operations_parts.h"
#include "peer_process.h"

#define KIB 1024ull
#define MIB (1024 * KIB)

char operations_dir[64];
uint64_t operations_page_sz = RTE_PGSIZE_4K;

int operation_result(int ret)
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

	return operation_result(rcumem_init(&opts));
}

int operation_init_shared(void)
{
	struct rcumem_options opts = operations_shared();

	return operation_result(rcumem_init(&opts));
}

static int init_filled(void)
{
	struct rcumem_options opts = operations_shared();

	opts.socket_mem[0] = 8 * operations_page_sz;
	return operation_result(rcumem_init(&opts));
}

static int init_physical(void)
{
	struct rcumem_options opts = alone();

	opts.iova_mode = RCUMEM_IOVA_PA;
	return operation_result(rcumem_init(&opts));
}

int operation_fini(void)
{
	return operation_result(rcumem_fini());
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

int operation_alloc_few(void)
{
	return alloc(4 * operations_page_sz);
}

/* Cleared by several threads. */
static int alloc_many(void)
{
	return alloc(20 * MIB);
}

int operation_free_all(void)
{
	return operation_result(rcumem_pages_free(pages, pages_len));
}

int operation_before_free(void)
{
	int err = init_alone();

	return err ? err : operation_alloc_few();
}

static int before_physical(void)
{
	return operations_page_sz == RTE_PGSIZE_4K ? ENOTSUP : init_physical();
}

/* ---- External memory, arrays, addresses ---- */

#define EXTERNAL_VA  ((void *)(1ull << 40))
#define EXTERNAL_LEN (16 * KIB)

static int external_add(void)
{
	rte_iova_t iovas[4] = {0x10000, 0x20000, 0x30000, 0x40000};

	return operation_result(rte_extmem_register(EXTERNAL_VA, EXTERNAL_LEN, iovas, 4, 4 * KIB));
}

static int external_remove(void)
{
	return operation_result(rte_extmem_unregister(EXTERNAL_VA, EXTERNAL_LEN));
}

static int before_external(void)
{
	int err = init_alone();

	return err ? err : external_add();
}

static struct rte_fbarray array;

static int array_make(void)
{
	return operation_result(rte_fbarray_init(&array, "faults", 1000, 64));
}

static int array_destroy(void)
{
	return operation_result(rte_fbarray_destroy(&array));
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
	{"init", NULL, init_alone, operation_fini, NULL, OTHER_NONE},
	{"init by prefix", NULL, operation_init_shared, operation_fini, NULL, OTHER_NONE},
	{"init with memory", NULL, init_filled, operation_fini, NULL, OTHER_NONE},
	{"init by physical address", NULL, init_physical, operation_fini, NULL, OTHER_NONE},
	{"attach", NULL, operation_init_shared, operation_fini, NULL, OTHER_OWNS},
	{"answer who attaches", operation_init_shared, be_joined, nothing, after_fini, OTHER_JOINS},
	{"answer who observes", operation_init_shared, be_looked_at, nothing, after_fini,
		OTHER_JOINS},
	{"observe", NULL, observe, observe_end, NULL, OTHER_OWNS},
	{"alloc", init_alone, operation_alloc_few, operation_free_all, after_fini, OTHER_NONE},
	{"alloc by threads", init_alone, alloc_many, operation_free_all, after_fini, OTHER_NONE},
	{"alloc by physical address", before_physical, operation_alloc_few, operation_free_all,
		after_fini, OTHER_NONE},
	{"alloc with callbacks", operation_before_heard, operation_alloc_few, operation_free_all,
		operation_after_heard, OTHER_NONE},
	{"free", operation_before_free, operation_free_all, operation_alloc_few, after_fini,
		OTHER_NONE},
	{"free beside a reader", operation_before_read, operation_free_read, operation_alloc_few,
		operation_after_read, OTHER_NONE},
	{"free with callbacks", operation_before_heard_free, operation_free_all,
		operation_alloc_few, operation_after_heard, OTHER_NONE},
	{"register callback", operation_init_shared, operation_callback_add,
		operation_undo_callback, after_fini, OTHER_NONE},
	{"unregister callback", operation_before_heard, operation_callback_remove,
		operation_callback_add, operation_after_heard, OTHER_NONE},
	{"subscribe", operation_before_subscribe, operation_subscribe, operation_undo_subscribe,
		after_fini, OTHER_NONE},
	{"register validator", init_alone, operation_validator_add, operation_validator_remove,
		after_fini, OTHER_NONE},
	{"register memory", init_alone, external_add, external_remove, after_fini, OTHER_NONE},
	{"unregister memory", before_external, external_remove, external_add, after_fini,
		OTHER_NONE},
	{"make an array", init_alone, array_make, array_destroy, after_fini, OTHER_NONE},
	{"destroy an array", before_array, array_destroy, array_make, after_fini, OTHER_NONE},
	{"fini", init_alone, operation_fini, init_alone, after_fini, OTHER_NONE},
	{"fini by prefix", operation_init_shared, operation_fini, operation_init_shared, after_fini,
		OTHER_NONE},
	{"fini beside others", operation_init_shared, operation_fini, operation_init_shared,
		after_fini, OTHER_OWNS},
};

const unsigned int n_operations = sizeof(operations) / sizeof(operations[0]);
