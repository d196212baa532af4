/* SPDX-License-Identifier: BSD-3-Clause */
/* The life of the runtime in this process: init, fini, fork. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "alloc.h"
#include "api.h"
#include "dma.h"
#include "events.h"
#include "log.h"
#include "options.h"
#include "os.h"
#include "phys.h"
#include "prefix.h"
#include "runtime.h"
#include "space.h"
#include "writer.h"

/* Trees of a process without a runtime: nothing is ever found in them.  Untouched, they cost no
 * memory. */
static struct rcu_radix empty_tree;

#define EMPTY_VIEW                                                                                 \
	{                                                                                          \
		.va_index = &empty_tree, .iova_index = &empty_tree, .ext_index = &empty_tree       \
	}

struct runtime_view runtime_view = EMPTY_VIEW;
struct runtime runtime = {.region_fd = -1, .guard_fd = -1, .prefix_fd = -1};

/* Keeps init and fini apart. */
static pthread_mutex_t life = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t fork_once = PTHREAD_ONCE_INIT;

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
	close_fd(&runtime.prefix_fd);
}

/* ---- fork: the child has no runtime, and holds nothing of the parent's ---- */

static uint32_t fork_lists; /* Lists whose fds are open; the region is not mapped in the child. */

static void fork_child(void)
{
	events_fork_child();
	validators_fork_child();
	rcu_forget();
	writer_forget();
	phys_forget();
	view_clear();
	space_forget_all();
	close_all(fork_lists);
	memset(runtime.attached, 0, sizeof(runtime.attached));
	fork_lists = 0;
	pthread_mutex_init(&life, NULL);
}

static void fork_register(void)
{
	pthread_atfork(NULL, NULL, fork_child);
}

/* ---- init ---- */

static int shape_from(const struct rcumem_options *opts, struct region_shape *shape)
{
	*shape = (struct region_shape){
		.base = opts->base_va,
		.max_lists = opts->max_lists,
		.max_readers = opts->max_readers,
		.max_nodes = opts->max_nodes,
		.list_len = opts->list_len,
		.page_sizes = opts->page_sizes,
	};
	shape->n_sockets = os_numa_nodes(shape->sockets, REGION_SOCKETS);
	for (int s = 0; s < REGION_SOCKETS; s++) {
		bool known = false;

		for (int i = 0; i < shape->n_sockets; i++)
			known |= shape->sockets[i] == s;
		if (!known && (opts->socket_mem[s] || opts->socket_limit[s]))
			return -EINVAL;
	}
	return 0;
}

static void fill_in(struct region *region, const struct rcumem_options *opts, bool membarrier)
{
	region->iova_mode = opts->iova_mode == RCUMEM_IOVA_PA ? RTE_IOVA_PA : RTE_IOVA_VA;
	region->nchannel = opts->nchannel;
	region->nrank = opts->nrank;
	region->membarrier = membarrier;
	region->free_timeout_ns = opts->free_timeout_ms * 1000000ull;
	region->lock_timeout_ns = opts->lock_timeout_ms * 1000000ull;
	memcpy(region->socket_limit, opts->socket_limit, sizeof(region->socket_limit));
	if (opts->prefix)
		snprintf(region->prefix, sizeof(region->prefix), "%s", opts->prefix);
	dma_narrow(region, opts->dma_mask_bits);
	region->processes[runtime.process] =
		(struct region_process){.state = PROCESS_ALIVE, .pid = getpid()};
}

/* Backing of one list: a memfd mapped whole. */
static int map_list(struct region *region, uint32_t list)
{
	const struct rte_memseg_list *msl = &region->lists[list];
	int fd = os_memfd(msl->memseg_arr.name, msl->page_sz, msl->len);
	int err;

	if (fd < 0)
		return fd;
	err = os_map_backing(fd, msl->base_va, msl->len, runtime.guard_fd);
	if (err && runtime.guard_fd >= 0) {
		log_message(LOG_INFO, "holes of %s are not guarded: error %d", msl->memseg_arr.name,
			-err);
		err = os_map_backing(fd, msl->base_va, msl->len, -1);
	}
	if (err)
		close(fd);
	else
		runtime.list_fds[list] = fd;
	return err == -EEXIST ? -EADDRNOTAVAIL : err; /* Mapped meanwhile by another thread. */
}

static void unmap_lists(struct region *region, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		os_unmap(region->lists[i].base_va, region->lists[i].len);
}

static int map_lists(struct region *region)
{
	int err = 0;
	uint32_t n = 0;

	memset(runtime.list_fds, 0xff, sizeof(runtime.list_fds));
	runtime.guard_fd = os_guard_open();
	if (runtime.guard_fd < 0) {
		log_message(LOG_INFO, "no userfaultfd (error %d): holes are not guarded",
			-runtime.guard_fd);
		runtime.guard_fd = -1;
	}
	for (; !err && n < region->n_internal; n++)
		err = map_list(region, n);
	if (err)
		unmap_lists(region, n - 1);
	return err;
}

static void view_set(struct region *region)
{
	runtime_view.va_index = region->va_index;
	runtime_view.iova_index = region->iova_index;
	runtime_view.ext_index = region->ext_index;
	/* Relaxed: as runtime_region(). */
	rcu_store_relaxed(&runtime_view.region, region);
	fork_lists = region->n_internal;
}

static void stop(struct region *region)
{
	uint32_t n = region->n_internal;

	space_fini_all();
	rcu_detach();
	view_clear();
	unmap_lists(region, n);
	region_unmap(region);
	close_all(n);
	memset(runtime.attached, 0, sizeof(runtime.attached));
	fork_lists = 0;
}

static int initial_memory(const struct rcumem_options *opts)
{
	int err = 0;

	for (int s = 0; !err && s < REGION_SOCKETS; s++)
		if (opts->socket_mem[s])
			err = alloc_initial(opts->socket_mem[s], s);
	return err;
}

static int start(const struct rcumem_options *opts)
{
	bool membarrier = rcu_membarrier_register();
	struct region_shape shape;
	struct region *region = NULL;
	int here = 1;
	int err = shape_from(opts, &shape);

	if (err)
		return err;
	if (opts->iova_mode == RCUMEM_IOVA_PA && os_virt2phys(&here) == OS_BAD_PHYS)
		return -EPERM;
	if (!membarrier)
		log_message(LOG_INFO, "no membarrier: a section costs a fence");
	err = opts->prefix ? prefix_claim(opts->prefix) : 0;
	if (err < 0)
		return err;
	runtime.prefix_fd = opts->prefix ? err : -1;
	runtime.process = 0;
	err = region_create(&shape, &region, &runtime.region_fd);
	if (err) {
		runtime.region_fd = -1;
		close_all(0);
		return err;
	}
	fill_in(region, opts, membarrier);
	err = map_lists(region);
	if (err) {
		uint32_t n = region->n_internal;

		region_unmap(region);
		close_all(n);
		return err;
	}
	rcu_attach(region->domain, runtime.process, membarrier);
	view_set(region);
	err = initial_memory(opts);
	if (err)
		stop(region);
	return err;
}

int rcumem_init(const struct rcumem_options *opts)
{
	struct rcumem_options full;
	int err;

	if (writer_allowed() == -EDEADLK)
		return api_result(-EDEADLK);
	err = options_read(opts, &full);
	if (err)
		return api_result(err);
	pthread_once(&fork_once, fork_register);
	pthread_mutex_lock(&life);
	err = runtime_region() ? -EALREADY : start(&full);
	pthread_mutex_unlock(&life);
	return api_result(err);
}

int rcumem_fini(void)
{
	struct region *region;
	int err = 0;

	pthread_mutex_lock(&life);
	region = runtime_region();
	if (region == NULL)
		err = -ENODEV;
	else if (writer_allowed() || rcu_process_in_section() || !writer_idle(region))
		err = -EBUSY;
	else
		stop(region);
	pthread_mutex_unlock(&life);
	if (!err) {
		events_fini();
		validators_fini();
	}
	return api_result(err);
}
