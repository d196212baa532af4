/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef POOL_H
#define POOL_H

/*
 * A process that does operations at random until it is killed.  Each must
 * succeed or fail with an errno that others can cause; else the process ends by
 * itself.  A byte to stderr for each tells that it goes on.
 */

#include "crash_ops.h"
#include "support_random.h"

#define POOL_RANGES 8
#define POOL_PLACES 16 /* Of external memory and arrays: shared by all. */
#define POOL_STRIDE (1ull << 24)

static struct {
	uint64_t random;
	void *range[POOL_RANGES];
	struct rte_fbarray array[POOL_PLACES];
	bool has_array[POOL_PLACES];
	bool listens;
	bool attached;
} pool;

static inline uint32_t pool_random(uint32_t bound)
{
	return (uint32_t)(random_next(&pool.random) >> 32) % bound;
}

/* Success, or one of these: anything else ends the process. */
static inline void pool_expect(const char *what, int64_t result, int a, int b, int c)
{
	int err = rte_errno;

	if (result >= 0 || err == a || err == b || err == c || err == ETIMEDOUT || err == EAGAIN)
		return;
	fprintf(stderr, "\n%s: %s\n", what, strerror(err));
	_exit(99);
}

static inline void pool_alloc(void)
{
	uint32_t i = pool_random(POOL_RANGES);
	int64_t err;

	if (pool.range[i]) {
		err = rcumem_pages_free(pool.range[i], SUBJECT * page_sz);
		pool_expect("free", err, EINPROGRESS, 0, 0);
		if (err == 0 || rte_errno == EINPROGRESS)
			pool.range[i] = NULL;
		return;
	}
	pool.range[i] = rcumem_pages_alloc(SUBJECT * page_sz, page_sz, SOCKET_ID_ANY, 0);
	pool_expect("alloc", pool.range[i] ? 0 : -1, 0, 0, 0);
	for (size_t off = 0; pool.range[i] && off < SUBJECT * page_sz; off += page_sz) {
		char *byte = (char *)pool.range[i] + off;

		if (*byte) {
			fprintf(stderr, "\na new page is not clear\n");
			_exit(99);
		}
		*byte = 'p';
	}
}

static inline void pool_external(void)
{
	uint64_t at = pool_random(POOL_PLACES) * POOL_STRIDE;
	uint64_t iovas[2] = {OP_IOVA + at + EXT_PAGE, OP_IOVA + at};

	if (pool_random(2))
		pool_expect("register",
			rte_extmem_register(OP_VA + at, 2 * EXT_PAGE, iovas, 2, EXT_PAGE), EEXIST,
			0, 0);
	else
		pool_expect("unregister", rte_extmem_unregister(OP_VA + at, 2 * EXT_PAGE), ENOENT,
			EBUSY, 0);
}

static inline void pool_attach(void)
{
	uint64_t at = pool_random(POOL_PLACES) * POOL_STRIDE;

	if (pool_random(2))
		pool_expect(
			"attach", rte_extmem_attach(OP_VA + at, 2 * EXT_PAGE), ENOENT, EEXIST, 0);
	else
		pool_expect("detach", rte_extmem_detach(OP_VA + at, 2 * EXT_PAGE), ENOENT, 0, 0);
}

static inline void pool_array(void)
{
	uint32_t i = pool_random(POOL_PLACES);
	char name[16];

	snprintf(name, sizeof(name), "pool%u", i);
	if (!pool.has_array[i]) {
		int err = rte_fbarray_init(&pool.array[i], name, 100 + i, 8 * i + 1);

		pool_expect("array", err, EBUSY, 0, 0);
		pool.has_array[i] = err == 0;
		return;
	}
	for (int n = 0; n < 4; n++) {
		pool_expect("use", rte_fbarray_set_used(&pool.array[i], pool_random(100)), 0, 0, 0);
		pool_expect(
			"give", rte_fbarray_set_free(&pool.array[i], pool_random(100)), 0, 0, 0);
	}
	if (pool_random(2)) {
		pool_expect("destroy", rte_fbarray_destroy(&pool.array[i]), 0, 0, 0);
		pool.has_array[i] = false;
	}
}

static inline void pool_listen(void)
{
	int err;

	if (pool.listens)
		err = rte_mem_event_callback_unregister("victim", NULL);
	else if (pool_random(2))
		err = rcumem_subscribe("victim", v_event, NULL);
	else
		err = rte_mem_event_callback_register("victim", v_event, NULL);
	pool_expect("callback", err, 0, 0, 0);
	if (err == 0)
		pool.listens = !pool.listens;
}

static inline void pool_look(void)
{
	if (!pool.attached && v_attach_both() == 0)
		pool.attached = true;
	if (pool.attached)
		pool_expect("sections", v_sections() ? -1 : 0, 0, 0, 0);
}

static inline void pool_leave(void)
{
	/* A callback may be running. */
	if (rcumem_fini()) {
		pool_expect("fini", -1, EBUSY, 0, 0);
		return;
	}
	memset(&pool.range, 0, sizeof(pool.range));
	memset(&pool.has_array, 0, sizeof(pool.has_array));
	pool.listens = pool.attached = false;
	while (v_init())
		pool_expect("init", -1, 0, 0, 0);
}

static inline void pool_step(void)
{
	static void (*const steps[])(void) = {pool_alloc, pool_alloc, pool_alloc, pool_alloc,
		pool_external, pool_external, pool_attach, pool_array, pool_array, pool_listen,
		pool_look, pool_look};

	if (pool_random(40) == 0)
		pool_leave();
	else
		steps[pool_random(ARRAY_LEN(steps))]();
}

/* (seed, number of the point to die at): never returns. */
static inline int64_t pool_run(const int64_t *arg)
{
	pool.random = (uint64_t)arg[0];
	if (arg[1])
		death_arm((uint32_t)arg[1]);
	while (v_init())
		pool_expect("init", -1, 0, 0, 0);
	for (;;) {
		pool_step();
		if (write(STDERR_FILENO, ".", 1) != 1)
			_exit(98);
	}
}

/* External memory that its process had detached before it died is nobody's, and stays: 0 or -1. */
static inline int64_t s_clear_pool(const int64_t *arg)
{
	(void)arg;
	for (uint64_t i = 0; i < POOL_PLACES; i++)
		if (rte_extmem_attach(OP_VA + i * POOL_STRIDE, 2 * EXT_PAGE) == 0 &&
			rte_extmem_unregister(OP_VA + i * POOL_STRIDE, 2 * EXT_PAGE))
			return -1;
	return 0;
}

#endif /* POOL_H */
