/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of the runtime in this process: init, fini, fork. */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"
#include "alloc.h"
#include "api.h"
#include "batch.h"
#include "events.h"
#include "listen.h"
#include "log.h"
#include "open.h"
#include "options.h"
#include "os.h"
#include "phys.h"
#include "point.h"
#include "process.h"
#include "rundir.h"
#include "runtime.h"
#include "space.h"
#include "writer.h"

/* Trees of a process without a runtime: nothing is ever found in them.  Untouched, they cost no
 * memory. */
static struct rcu_radix empty_tree;

#define EMPTY_VIEW                                                                                 \
	{                                                                                          \
		.va_index.tree = &empty_tree, .iova_index.tree = &empty_tree                       \
	}

struct runtime_view runtime_view = EMPTY_VIEW;
struct runtime runtime = {
	.region_fd = -1, .guard_fd = -1, .lock_fd = -1, .process = REGION_PROCESSES};
static struct rundir rundir = RUNDIR_CLOSED; /* Of a runtime with a name. */

/* Keeps init and fini apart. */
static pthread_mutex_t life = PTHREAD_MUTEX_INITIALIZER;

/*
 * Held while descriptors and mappings are made or given up, and never while a
 * callback runs or is waited for: a fork, which takes it, is before or after.
 * Recursive for a signal handler that forks meanwhile.
 */
#define FORK_LOCK_INIT PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP
static pthread_mutex_t fork_lock = FORK_LOCK_INIT;
static bool started; /* Under it: there is a runtime, or was. */

static void view_clear(void)
{
	runtime_view = (struct runtime_view)EMPTY_VIEW;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void close_all(uint32_t n_lists)
{
	for (uint32_t i = 0; i < n_lists; i++)
		close_fd(&runtime.list_fds[i]);
	close_fd(&runtime.guard_fd);
	close_fd(&runtime.region_fd);
	close_fd(&runtime.lock_fd); /* Another process may have the slot from here on. */
}

/* ---- fork: the child has no runtime, and holds nothing of the parent's ---- */

static void fork_prepare(void)
{
	pthread_mutex_lock(&fork_lock);
}

static void fork_parent(void)
{
	pthread_mutex_unlock(&fork_lock);
}

static void fork_child(void)
{
	/* Fails, for the owner is the parent's thread; but ThreadSanitizer sees that it is free. */
	pthread_mutex_unlock(&fork_lock);
	fork_lock = (pthread_mutex_t)FORK_LOCK_INIT;
	pthread_mutex_init(&life, NULL);
	if (!started)
		return;
	agent_fork_child();
	events_fork_child();
	validators_fork_child();
	rcu_forget();
	writer_forget();
	phys_forget();
	view_clear();
	space_forget_all();
	close_all(REGION_LISTS_MAX);
	close_fd(&rundir.fd);
	runtime.process = REGION_PROCESSES; /* The slot is the parent's. */
}

/*
 * Before main(): a fork that began without handlers could end beside
 * rcumem_init(), and the program's own handlers, which come later, run without
 * the lock.  Those of an allocator, which is called with the lock, were there
 * before: libnuma's constructor has used it.
 */
__attribute__((constructor)) static void fork_register(void)
{
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

/* ---- init ---- */

static void view_set(struct region *region)
{
	runtime_view.va_index = rcu_radix_view(region->va_index);
	runtime_view.iova_index = rcu_radix_view(region->iova_index);
	runtime_view.iova_nodes = (uintptr_t)region->iova_index->pool;
	runtime_view.iova_nodes_cnt = region->iova_index->node_max;
	runtime_view.descriptors = region->views_begin;
	runtime_view.descriptors_len = region->views_end - region->views_begin;
	/* Relaxed: as runtime_region(). */
	rcu_store_relaxed(&runtime_view.region, region);
}

/* Unmap and close everything; the slot is given back, or was never taken. */
static void forget(struct region *region)
{
	uint32_t n = region->n_internal;

	rcu_detach();
	view_clear();
	open_undo(region, n);
	TEST_POINT("fini.unmap");
	region_unmap(region);
	TEST_POINT("fini.close");
	close_all(n);
	runtime.process = REGION_PROCESSES;
}

/* With the directory locked nobody takes a slot: a socket of a free one is of somebody who died. */
static int unlink_dead(void *ctx, uint32_t slot)
{
	const struct region *region = ctx;

	/* Relaxed: the directory's lock orders. */
	if (slot < REGION_PROCESSES &&
		rcu_load_relaxed(&region->processes[slot].state) == PROCESS_FREE)
		rundir_unlink(&rundir, slot);
	return 0;
}

/* Leave; what this process held is given back at once, or by another when it is found gone. */
static void stop(struct region *region)
{
	uint32_t slot = runtime.process; /* REGION_PROCESSES: there was none to take. */
	bool locked = rundir.fd >= 0 && !rundir_lock(&rundir, region->lock_timeout_ns);

	TEST_POINT("fini.begin");
	listen_end(region);
	space_fini_all();
	TEST_POINT("fini.deaf");
	pthread_mutex_lock(&fork_lock);
	agent_stop();
	if (rundir.fd >= 0 && slot < REGION_PROCESSES)
		rundir_unlink(&rundir, slot);
	if (slot < REGION_PROCESSES && writer_lock(region) == 0) {
		process_reap(region, slot);
		process_reap_dead(region);
		writer_unlock(region);
	}
	if (locked)
		rundir_each(&rundir, unlink_dead, region);
	TEST_POINT("fini.reaped");
	forget(region);
	rundir_close(&rundir, locked);
	pthread_mutex_unlock(&fork_lock);
}

static int initial_memory(const struct rcumem_options *opts)
{
	int err = 0;

	for (int s = 0; !err && s < REGION_SOCKETS; s++)
		if (opts->socket_mem[s])
			err = alloc_initial(opts->socket_mem[s], s);
	return err;
}

/* Mapped: take a slot, and answer newcomers. */
static int settle_in(struct region *region)
{
	int err = writer_lock(region);
	int slot;

	if (err)
		return err;
	TEST_POINT("init.locked");
	process_reap_dead(region);
	slot = process_claim(region);
	if (slot >= 0)
		runtime.process = (uint32_t)slot;
	writer_unlock(region);
	if (slot < 0) {
		log_message(LOG_ERROR, "%d processes are attached, and no more can be",
			REGION_PROCESSES);
		return slot;
	}
	TEST_POINT("init.claimed");
	rcu_attach(region->domain, runtime.process, region->membarrier);
	view_set(region);
	TEST_POINT("init.attached");
	err = rundir.fd < 0 ? 0 : agent_start(region, &rundir);
	return err ? err : events_attach(region);
}

/* With the fork lock.  Where this fails, and there is a region, it must be left: stop(). */
static int start_locked(const struct rcumem_options *opts, struct region **region, bool *created)
{
	int err;

	memset(runtime.list_fds, 0xff, sizeof(runtime.list_fds));
	started = true;
	if (opts->prefix) {
		err = rundir_open(&rundir, opts->prefix, opts->lock_timeout_ms * 1000000ull);
		if (err)
			return err;
	}
	err = open_region(opts, &rundir, region, created);
	if (!err)
		err = open_lists(*region);
	if (err) {
		if (*region)
			region_unmap(*region);
		*region = NULL;
		close_all(REGION_LISTS_MAX);
		rundir_close(&rundir, true);
		return err;
	}
	TEST_POINT("init.mapped");
	err = settle_in(*region);
	TEST_POINT("init.settled");
	if (rundir.fd >= 0)
		rundir_unlock(&rundir);
	return err;
}

static int start(const struct rcumem_options *opts)
{
	struct region *region = NULL;
	bool created = false;
	int err;

	pthread_mutex_lock(&fork_lock);
	err = start_locked(opts, &region, &created);
	pthread_mutex_unlock(&fork_lock);
	if (!err && created)
		err = initial_memory(opts);
	if (err && region)
		stop(region);
	return err;
}

int rcumem_init(const struct rcumem_options *opts)
{
	struct rcumem_options full;
	int err;

	if (writer_refused())
		return api_result(-EDEADLK);
	pthread_mutex_lock(&life);
	err = options_read(opts, &full);
	if (!err) {
		batch_choose();
		err = runtime_region() ? -EALREADY : start(&full);
	}
	pthread_mutex_unlock(&life);
	return api_result(err);
}

/* True when a thread of this process is the writer for longer than others wait: a mutex that it
 * owns must not be unmapped. */
static bool writer_inside(struct region *region)
{
	int err;

	/* Relaxed, both: if it is a thread of this process, they say so as long as it is. */
	if (rcu_load_relaxed(&region->owner_process) != runtime.process ||
		rcu_load_relaxed(&region->owner_tid) == 0)
		return false;
	err = writer_lock(region);
	if (!err)
		writer_unlock(region);
	return err == -ETIMEDOUT;
}

/* A callback of the library's own thread is waited for; one of a thread of the program's is busy.
 */
static int leave(struct region *region)
{
	bool busy;

	if (writer_allowed() || events_hold(region))
		return -EBUSY;
	busy = rcu_process_in_section();
	events_release();
	if (busy || writer_inside(region))
		return -EBUSY;
	stop(region);
	return 0;
}

int rcumem_fini(void)
{
	struct region *region;
	int err = 0;

	pthread_mutex_lock(&life);
	region = runtime_region();
	if (region == NULL)
		err = -ENODEV;
	else
		err = leave(region);
	if (!err) { /* With the lock: what is registered from then on is the next runtime's. */
		events_fini();
		validators_fini();
	}
	pthread_mutex_unlock(&life);
	return api_result(err);
}
