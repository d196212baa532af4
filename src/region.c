/* SPDX-License-Identifier: BSD-3-Clause */
/* Creating the control region. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena_table.h"
#include "fbarray.h"
#include "index.h"
#include "log.h"
#include "os.h"
#include "pagemask.h"
#include "region_check.h"
#include "region_layout.h"
#include "region_parts.h"
#include "snapshot_edit.h"
#include "writer.h"

#define BASE_STEP     (64ull << 30) /* From one default base address to the next. */
#define BASE_ATTEMPTS 64

/* AddressSanitizer keeps the addresses from 2 GiB to 16 TiB for itself. */
#if defined(__SANITIZE_ADDRESS__)
#define BASE_DEFAULT (32ull << 40)
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define BASE_DEFAULT (32ull << 40)
#endif
#endif
#ifndef BASE_DEFAULT
#define BASE_DEFAULT (4ull << 30)
#endif

static void set_list(struct region *region, const struct region_layout_list *at, uint32_t list)
{
	uint64_t base = region->base + at->base;
	char name[RTE_FBARRAY_NAME_LEN];

	region->states[list] = (struct list_state){
		.kind = LIST_INTERNAL,
		.page_shift = (uint32_t)__builtin_ctzll(at->page_sz),
		.n_pages = at->n_pages,
		.socket = at->socket,
		.base = base,
		.taken = (uint64_t *)(uintptr_t)(region->base + at->taken),
	};
	region->lists[list] = (struct rte_memseg_list){
		.base_va = (void *)(uintptr_t)base,
		.page_sz = at->page_sz,
		.socket_id = at->socket,
		.len = at->len,
		.heap = 1,
	};
	pagemask_init(region->states[list].taken, at->n_pages);
	snprintf(name, sizeof(name), "memseg-%lluk-%d-0", (unsigned long long)at->page_sz >> 10,
		at->socket);
	fbarray_setup(&region->lists[list].memseg_arr, name, at->n_pages, sizeof(struct rte_memseg),
		(void *)(uintptr_t)(region->base + at->slots));
}

static void set_pointers(
	struct region *region, const struct region_layout *layout, const struct region_shape *shape)
{
	char *base = (char *)region;
	struct rcu_radix **trees[3] = {&region->va_index, &region->iova_index, &region->ext_index};

	region->domain = (struct rcu_domain *)(base + layout->domain);
	rcu_domain_init(region->domain, shape->max_readers);
	region->lists = (struct rte_memseg_list *)(base + layout->lists);
	region->states = (struct list_state *)(base + layout->states);
	for (int t = 0; t < 3; t++) {
		struct region_window window = region_window(region, layout, t);

		*trees[t] = (struct rcu_radix *)(base + layout->trees[t]);
		rcu_radix_init(*trees[t], (struct rcu_radix_node *)(base + layout->nodes[t]),
			shape->max_nodes);
		rcu_radix_set_window(*trees[t],
			(struct rcu_radix_node *)(base + layout->windows[t]), window.first,
			window.cnt);
	}
	region->snapshots = (struct snapshot_pool *)(base + layout->pool);
	*region->snapshots = (struct snapshot_pool){
		.blocks = (struct snapshot_block *)(base + layout->blocks),
		.born = (uint64_t *)(base + layout->born),
		.free = (uint32_t *)(base + layout->free),
		.ring = (struct snapshot_retired *)(base + layout->ring),
		.max = layout->snapshot_max,
	};
	region->arena = (struct arena *)(base + layout->arena);
	*region->arena = (struct arena){
		.base = (uint64_t)(uintptr_t)(base + layout->arena_base),
		.len = layout->arena_len,
		.max = layout->arena_max,
		.pieces = (struct arena_piece *)(base + layout->pieces),
	};
}

/* Show the internal lists, empty, in the indexes and the first snapshot. */
static int show_lists(struct region *region)
{
	struct snapshot_edit edit;
	int err = 0;

	snapshot_init(region);
	snapshot_begin(&edit, region);
	for (uint32_t list = 0; !err && list < region->n_internal; list++) {
		snapshot_set_list(&edit, list, true, false, 0);
		err = index_list_add(region, list);
	}
	snapshot_publish(&edit);
	region->stats.lists = region->n_internal;
	return err;
}

/* Fill in a mapped, zeroed region. */
static int fill(struct region *region, const struct region_shape *shape,
	enum rte_iova_mode iova_mode, const struct region_layout *layout)
{
	region->iova_mode = iova_mode;
	region->version = REGION_VERSION;
	region->fingerprint = region_fingerprint();
	region->base = (uint64_t)(uintptr_t)region;
	region->len = layout->len;
	region->shape = *shape;
	region->max_lists = shape->max_lists;
	region->n_internal = layout->n_internal;
	region->next_socket_id = 256;
	set_pointers(region, layout, shape);
	for (uint32_t list = 0; list < region->n_internal; list++) {
		struct region_layout_list at = region_layout_list(layout, shape, list);

		set_list(region, &at, list);
	}
	region->views_begin = region->base + layout->views_begin;
	region->views_end = region->base + layout->views_end;
	region->magic = REGION_MAGIC;
	return show_lists(region);
}

/* A base address at which all of it fits, mapped: the one asked for, or the first that is free. */
static int map_somewhere(const struct region_shape *shape, int fd,
	const struct region_layout *layout, struct region **region)
{
	uint64_t base = shape->base ? shape->base : BASE_DEFAULT;
	int err = -EEXIST;

	for (int attempt = 0; attempt < (shape->base ? 1 : BASE_ATTEMPTS);
		attempt++, base += BASE_STEP) {
		err = os_range_free(base, layout->span);
		if (!err)
			err = os_map_shared(fd, (void *)(uintptr_t)base, layout->len);
		if (!err) {
			*region = (struct region *)(uintptr_t)base;
			return 0;
		}
	}
	return err == -EEXIST ? -EADDRNOTAVAIL : err;
}

int region_create(const struct region_shape *shape, enum rte_iova_mode iova_mode,
	struct region **region, int *fd)
{
	struct region_layout layout;
	int err = region_layout_make(&layout, shape);

	if (err)
		return err;
	*fd = os_memfd("rcumem-control", OS_PAGE, layout.len);
	if (*fd < 0)
		return *fd;
	err = map_somewhere(shape, *fd, &layout, region);
	if (!err) {
		err = writer_init(*region);
		if (!err)
			err = fill(*region, shape, iova_mode, &layout);
		if (err)
			region_unmap(*region);
	}
	if (err)
		close(*fd);
	return err;
}

int region_join(int fd, uint64_t base, uint64_t len, struct region **region)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct region_layout layout;
	struct region_shape shape;
	uint64_t own;
	void *va;
	int err;

	/* What cannot shrink raises no SIGBUS later. */
	if (seals < 0 || !(seals & F_SEAL_SHRINK)) {
		log_message(LOG_ERROR, "what was given as the control region is none");
		return -EBADMSG;
	}
	err = region_check_file(fd, &layout, &shape, &own);
	if (!err && (own != base || layout.len != len)) {
		log_message(
			LOG_ERROR, "control region refused: it is not the one that was offered");
		err = -EBADMSG;
	}
	if (err)
		return err;
	va = (void *)(uintptr_t)base;
	err = os_map_shared(fd, va, len);
	if (err == -EEXIST) {
		log_message(LOG_ERROR, "the runtime's address %p is taken in this process", va);
		return -EADDRNOTAVAIL;
	}
	if (!err)
		err = region_check_parts(va, &layout);
	if (!err)
		*region = va;
	else if (err == -EBADMSG)
		os_unmap(va, len);
	return err;
}

void region_unmap(struct region *region)
{
	os_unmap(region, region->len);
}
