/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "dma.h"
#include "join.h"
#include "log.h"
#include "open.h"
#include "options.h"
#include "os.h"
#include "process.h"
#include "runtime.h"

/* ---- Made by this process ---- */

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
	region->nchannel = opts->nchannel;
	region->nrank = opts->nrank;
	region->membarrier = membarrier;
	region->free_timeout_ns = opts->free_timeout_ms * 1000000ull;
	region->lock_timeout_ns = opts->lock_timeout_ms * 1000000ull;
	region->event_timeout_ns = opts->event_timeout_ms * 1000000ull;
	memcpy(region->socket_limit, opts->socket_limit, sizeof(region->socket_limit));
	if (opts->prefix)
		snprintf(region->prefix, sizeof(region->prefix), "%s", opts->prefix);
	dma_narrow(region, opts->dma_mask_bits);
}

static int make_backing(const struct region *region)
{
	for (uint32_t i = 0; i < region->n_internal; i++) {
		const struct rte_memseg_list *msl = &region->lists[i];

		runtime.list_fds[i] = os_memfd(msl->memseg_arr.name, msl->page_sz, msl->len);
		if (runtime.list_fds[i] < 0)
			return runtime.list_fds[i];
	}
	return 0;
}

/* A new runtime, mapped, of nobody yet. */
static int create(const struct rcumem_options *opts, bool membarrier, struct region **region)
{
	struct region_shape shape;
	int here = 1;
	int err = shape_from(opts, &shape);

	if (err)
		return err;
	if (opts->iova_mode == RCUMEM_IOVA_PA && os_virt2phys(&here) == OS_BAD_PHYS)
		return -EPERM;
	err = process_lock_file();
	if (err < 0)
		return err;
	runtime.lock_fd = err;
	err = region_create(&shape, opts->iova_mode == RCUMEM_IOVA_PA ? RTE_IOVA_PA : RTE_IOVA_VA,
		region, &runtime.region_fd);
	if (err) {
		runtime.region_fd = -1;
		return err;
	}
	TEST_POINT("init.created");
	fill_in(*region, opts, membarrier);
	return make_backing(*region);
}

/* ---- Made by others ---- */

/* A file of this length for ever: what cannot shrink raises no SIGBUS later. */
static bool file_sound(int fd, uint64_t len)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	return seals >= 0 && seals & F_SEAL_SHRINK && fstat(fd, &st) == 0 &&
	       (uint64_t)st.st_size == len;
}

/* The lists' files, as somebody gave them: each as long as its list. */
static int check_backing(const struct region *region, const struct join_gift *gift)
{
	bool sound = gift->n_fds == JOIN_LISTS + region->n_internal;

	for (uint32_t i = 0; sound && i < region->n_internal; i++)
		sound = file_sound(gift->fds[JOIN_LISTS + i], region->lists[i].len);
	if (!sound)
		log_message(LOG_ERROR, "what was given as memory is none");
	return sound ? 0 : -EBADMSG;
}

/* A runtime that others made, mapped. */
static int join(struct join_gift *gift, struct region **region)
{
	int err = region_join(gift->fds[0], gift->base, gift->len, region);

	if (!err)
		err = check_backing(*region, gift);
	if (err) {
		join_gift_close(gift);
		return err;
	}
	runtime.region_fd = gift->fds[0];
	runtime.lock_fd = gift->fds[1];
	memcpy(runtime.list_fds, &gift->fds[JOIN_LISTS], (*region)->n_internal * sizeof(int));
	return 0;
}

/* ---- One or the other, and the lists ---- */

int open_region(const struct rcumem_options *opts, const struct rundir *dir, struct region **region,
	bool *created)
{
	bool membarrier = rcu_membarrier_register();
	struct join_gift gift;
	int err = opts->prefix
			  ? join_ask(dir, JOIN_ATTACH, opts->lock_timeout_ms * 1000000ull, &gift)
			  : -ENOENT;

	if (!membarrier)
		log_message(LOG_INFO, "no membarrier: a section costs a fence");
	*created = err == -ENOENT;
	if (err == 0 && opts->attach == RCUMEM_ATTACH_CREATE) {
		join_gift_close(&gift);
		return -EEXIST;
	}
	if (err == 0)
		return join(&gift, region);
	if (err == -ENOENT && opts->attach != RCUMEM_ATTACH_JOIN)
		return create(opts, membarrier, region);
	return err;
}

static int map_list(const struct region *region, uint32_t list)
{
	const struct rte_memseg_list *msl = &region->lists[list];
	int fd = runtime.list_fds[list];
	int err = os_map_backing(fd, msl->base_va, msl->len, runtime.guard_fd);

	if (err && err != -EEXIST && runtime.guard_fd >= 0) {
		log_message(LOG_INFO, "holes of %s are not guarded: error %d", msl->memseg_arr.name,
			-err);
		err = os_map_backing(fd, msl->base_va, msl->len, -1);
	}
	if (err != -EEXIST)
		return err;
	log_message(LOG_ERROR, "the address of %s, %p, is taken in this process",
		msl->memseg_arr.name, msl->base_va);
	return -EADDRNOTAVAIL;
}

void open_undo(struct region *region, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		os_unmap(region->lists[i].base_va, region->lists[i].len);
}

int open_lists(struct region *region)
{
	uint32_t n = 0;
	int err = 0;

	runtime.guard_fd = os_guard_open();
	if (runtime.guard_fd < 0) {
		log_message(LOG_INFO, "no userfaultfd (error %d): holes are not guarded",
			-runtime.guard_fd);
		runtime.guard_fd = -1;
	}
	for (; !err && n < region->n_internal; n++)
		err = map_list(region, n);
	if (err)
		open_undo(region, n - 1);
	return err;
}
