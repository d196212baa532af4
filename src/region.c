/* SPDX-License-Identifier: BSD-3-Clause */
/* Laying out and creating the control region. */

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "arena_table.h"
#include "fbarray.h"
#include "index.h"
#include "log.h"
#include "os.h"
#include "pagemask.h"
#include "region.h"
#include "snapshot_edit.h"
#include "writer.h"

#define ARENA_LEN   (16ull << 30)
#define ARENA_NAMES 2048u /* fbarrays of users, beside one piece for each external list. */

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

/* Where everything stands, as offsets from the region's first byte. */
struct layout {
	uint64_t at; /* End of what has been placed. */
	uint64_t domain;
	uint64_t trees[3];
	uint64_t nodes[3];
	uint64_t lists;
	uint64_t states;
	uint64_t pool, blocks, born, free, ring;
	uint64_t arena, pieces, arena_base;
	uint64_t views_begin, views_end;
	uint32_t snapshot_max;
};

static uint64_t place(struct layout *layout, uint64_t len, uint64_t align)
{
	uint64_t at = (layout->at + align - 1) / align * align;

	layout->at = at + len;
	return at;
}

static uint64_t list_len(const struct region_shape *shape, uint64_t page_sz)
{
	uint64_t len = shape->list_len      ? shape->list_len
		       : page_sz == OS_PAGE ? 16ull << 30
					    : 64ull << 30;

	return (len + REGION_ALIGN - 1) / REGION_ALIGN * REGION_ALIGN;
}

/* The page sizes from large to small: contract section 6 has the larger first. */
static uint64_t largest(uint64_t sizes)
{
	return 1ull << (63 - __builtin_clzll(sizes));
}

static void layout_shared(struct layout *layout, const struct region_shape *shape)
{
	uint64_t leaves = 0;

	for (uint64_t sizes = shape->page_sizes; sizes; sizes &= ~largest(sizes))
		leaves += (uint64_t)shape->n_sockets *
			  (list_len(shape, largest(sizes)) / largest(sizes) / SNAPSHOT_LEAF_PAGES +
				  1);
	layout->snapshot_max = snapshot_pool_max(leaves);
	place(layout, sizeof(struct region), OS_PAGE);
	layout->domain = place(layout, rcu_domain_size(shape->max_readers), OS_PAGE);
	layout->lists = place(layout, shape->max_lists * sizeof(struct rte_memseg_list), OS_PAGE);
	layout->states = place(layout, shape->max_lists * sizeof(struct list_state), OS_PAGE);
	for (int t = 0; t < 3; t++) {
		layout->trees[t] = place(layout, sizeof(struct rcu_radix), OS_PAGE);
		layout->nodes[t] =
			place(layout, shape->max_nodes * sizeof(struct rcu_radix_node), OS_PAGE);
	}
	layout->pool = place(layout, sizeof(struct snapshot_pool), OS_PAGE);
	layout->blocks =
		place(layout, layout->snapshot_max * sizeof(struct snapshot_block), OS_PAGE);
	layout->born = place(layout, layout->snapshot_max * sizeof(uint64_t), OS_PAGE);
	layout->free = place(layout, layout->snapshot_max * sizeof(uint32_t), OS_PAGE);
	layout->ring =
		place(layout, layout->snapshot_max * sizeof(struct snapshot_retired), OS_PAGE);
	layout->arena = place(layout, sizeof(struct arena), OS_PAGE);
	layout->pieces = place(
		layout, (shape->max_lists + ARENA_NAMES) * sizeof(struct arena_piece), OS_PAGE);
	layout->arena_base = place(layout, ARENA_LEN, OS_PAGE);
}

/* Arrays of the internal lists, one after the other; with a region, set it up as they are placed.
 */
static void layout_lists(
	struct layout *layout, const struct region_shape *shape, struct region *region)
{
	uint64_t base = region ? region->base + region->len : 0;
	uint32_t list = 0;

	layout->views_begin = layout->at;
	for (uint64_t sizes = shape->page_sizes; sizes; sizes &= ~largest(sizes)) {
		uint64_t page_sz = largest(sizes);
		uint64_t len = list_len(shape, page_sz);
		uint32_t n = (uint32_t)(len / page_sz);

		for (int s = 0; s < shape->n_sockets; s++, list++, base += len) {
			uint64_t slots = place(layout,
				fbarray_storage_size(n, sizeof(struct rte_memseg)), OS_PAGE);
			uint64_t taken = place(layout, pagemask_size(n), RCU_CACHE_LINE);
			char name[RTE_FBARRAY_NAME_LEN];

			if (region == NULL)
				continue;
			region->states[list] = (struct list_state){
				.kind = LIST_INTERNAL,
				.page_shift = (uint32_t)__builtin_ctzll(page_sz),
				.n_pages = n,
				.socket = shape->sockets[s],
				.base = base,
				.taken = (uint64_t *)(uintptr_t)(region->base + taken),
			};
			region->lists[list] = (struct rte_memseg_list){
				.base_va = (void *)(uintptr_t)base,
				.page_sz = page_sz,
				.socket_id = shape->sockets[s],
				.len = len,
				.heap = 1,
			};
			pagemask_init(region->states[list].taken, n);
			snprintf(name, sizeof(name), "memseg-%lluk-%d-0",
				(unsigned long long)page_sz >> 10, shape->sockets[s]);
			fbarray_setup(&region->lists[list].memseg_arr, name, n,
				sizeof(struct rte_memseg),
				(void *)(uintptr_t)(region->base + slots));
		}
	}
	layout->views_end = layout->at;
}

uint32_t region_fingerprint(void)
{
	const size_t sizes[] = {sizeof(struct region), sizeof(struct list_state),
		sizeof(struct rcu_domain), sizeof(struct rcu_reader), sizeof(struct rcu_radix),
		sizeof(struct snapshot_pool), sizeof(struct snapshot_block), sizeof(struct arena),
		sizeof(struct arena_piece), sizeof(struct op_record), sizeof(struct intent),
		sizeof(pthread_mutex_t), offsetof(struct region, root),
		offsetof(struct region, intent), offsetof(struct region, stats),
		sizeof(struct region_shape), sizeof(struct region_process),
		sizeof(struct event_log)};
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		hash = (hash ^ (uint32_t)sizes[i]) * 16777619u;
	return hash;
}

static void set_pointers(
	struct region *region, const struct layout *layout, const struct region_shape *shape)
{
	char *base = (char *)region;
	struct rcu_radix **trees[3] = {&region->va_index, &region->iova_index, &region->ext_index};

	region->domain = (struct rcu_domain *)(base + layout->domain);
	rcu_domain_init(region->domain, shape->max_readers);
	region->lists = (struct rte_memseg_list *)(base + layout->lists);
	region->states = (struct list_state *)(base + layout->states);
	for (int t = 0; t < 3; t++) {
		*trees[t] = (struct rcu_radix *)(base + layout->trees[t]);
		rcu_radix_init(*trees[t], (struct rcu_radix_node *)(base + layout->nodes[t]),
			shape->max_nodes);
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
		.len = ARENA_LEN,
		.max = shape->max_lists + ARENA_NAMES,
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
static int fill(struct region *region, const struct region_shape *shape, uint64_t len)
{
	struct layout layout = {0};

	layout_shared(&layout, shape);
	region->version = REGION_VERSION;
	region->fingerprint = region_fingerprint();
	region->base = (uint64_t)(uintptr_t)region;
	region->len = len;
	region->shape = *shape;
	region->max_lists = shape->max_lists;
	region->n_internal = (uint32_t)(__builtin_popcountll(shape->page_sizes) * shape->n_sockets);
	region->next_socket_id = 256;
	set_pointers(region, &layout, shape);
	layout_lists(&layout, shape, region);
	region->views_begin = region->base + layout.views_begin;
	region->views_end = region->base + layout.views_end;
	region->magic = REGION_MAGIC;
	return show_lists(region);
}

/* Address space for the region and its lists behind it. */
static uint64_t span(const struct region_shape *shape, uint64_t region_len)
{
	uint64_t len = region_len;

	for (uint64_t sizes = shape->page_sizes; sizes; sizes &= sizes - 1)
		len += (uint64_t)shape->n_sockets * list_len(shape, sizes & -sizes);
	return len;
}

/* A base address at which all of it fits, mapped: the one asked for, or the first that is free. */
static int map_somewhere(
	const struct region_shape *shape, int fd, uint64_t len, struct region **region)
{
	uint64_t base = shape->base ? shape->base : BASE_DEFAULT;
	int err = -EEXIST;

	for (int attempt = 0; attempt < (shape->base ? 1 : BASE_ATTEMPTS);
		attempt++, base += BASE_STEP) {
		err = os_range_free(base, span(shape, len));
		if (!err)
			err = os_map_shared(fd, (void *)(uintptr_t)base, len);
		if (!err) {
			*region = (struct region *)(uintptr_t)base;
			return 0;
		}
	}
	return err == -EEXIST ? -EADDRNOTAVAIL : err;
}

int region_create(const struct region_shape *shape, struct region **region, int *fd)
{
	struct layout layout = {0};
	uint64_t len;
	int err;

	if ((uint64_t)__builtin_popcountll(shape->page_sizes) * (uint64_t)shape->n_sockets >=
		shape->max_lists)
		return -ENOSPC;
	layout_shared(&layout, shape);
	layout_lists(&layout, shape, NULL);
	len = (layout.at + REGION_ALIGN - 1) / REGION_ALIGN * REGION_ALIGN;
	*fd = os_memfd("rcumem-control", OS_PAGE, len);
	if (*fd < 0)
		return *fd;
	err = map_somewhere(shape, *fd, len, region);
	if (!err) {
		err = writer_init(*region);
		if (!err)
			err = fill(*region, shape, len);
		if (err)
			region_unmap(*region);
	}
	if (err)
		close(*fd);
	return err;
}

int region_join(int fd, uint64_t base, uint64_t len, struct region **region)
{
	void *va = (void *)(uintptr_t)base;
	int err = os_map_shared(fd, va, len);

	if (err == -EEXIST) {
		log_message(LOG_ERROR, "the runtime's address %p is taken in this process", va);
		return -EADDRNOTAVAIL;
	}
	if (err)
		return err;
	*region = va;
	return 0;
}

void region_unmap(struct region *region)
{
	os_unmap(region, region->len);
}
