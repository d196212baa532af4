/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_LIFE_H
#define SUPPORT_LIFE_H

/*
 * One life of a writer, that of its successor, and the accounting afterwards.
 * Included after run_and_die(), which knows a way to die.
 */

#include "support_recovery.h"

/* ---- The usual operations ---- */

static inline int alloc_n(size_t n)
{
	return rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0) == scene.pages ? 0 : -1;
}

static inline int alloc_subject(void)
{
	return alloc_n(scene.n);
}

static inline void nothing_yet(void)
{
	scene.n = 2;
}

static inline void pages_in_use(void)
{
	scene.n = 3;
	assert_int_equal(alloc_n(scene.n), 0);
	memset(scene.pages, 'p', scene.n * page_sz);
}

static inline int free_subject(void)
{
	return rcumem_pages_free(scene.pages, scene.n * page_sz);
}

static inline void no_pages(void)
{
	scene.n = 0;
}

static inline void registered(void)
{
	scene.n = 0;
	assert_int_equal(ext_subject_register(), 0);
}

/* ---- A life ---- */

/* A writer call that changes nothing: recovers, when the mutex was left by a dead one. */
static int recover(void)
{
	int err = writer_begin();

	return err ? err : writer_end(0);
}

static inline int enter(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static inline int leave(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static inline uint32_t blocks_at_hand(void)
{
	const struct snapshot_pool *pool = runtime_region()->snapshots;

	return pool->free_cnt + (pool->max - pool->next);
}

/* One life: the points met by the writer, and, when it died, by its successor. */
struct life {
	unsigned int met;
	unsigned int met_again;
};

static inline struct life live(const struct operation *op, unsigned int at, unsigned int again)
{
	char *others = NULL;
	struct life life = {0};

	scene.pages = scene.stay + STAY_PAGES * page_sz;
	if (op->held)
		assert_int_equal(actor_do(scene.reader, enter, NULL), 0);
	op->prepare();
	life.met = run_and_die(op->run, at);
	if (at)
		life.met_again = run_and_die(recover, again);
	assert_int_equal(recover(), 0);
	assert_true(region_sound());
	if (op->held && blocks_at_hand() > snapshot_cost(2) + snapshot_cost(8))
		others = take_while_held();
	if (op->held)
		actor_do(scene.reader, leave, NULL);
	settle();
	assert_whole();
	if (others)
		give_back(others);
	rest_release();
	settle();
	if (scene.wrong)
		fail_msg("%s: at %s the memory of others was not what it should be", op->name,
			scene.wrong);
	return life;
}

#endif /* SUPPORT_LIFE_H */
