/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_INVARIANTS_H
#define SUPPORT_INVARIANTS_H

/*
 * Whether the shared state is sound: every place that says which pages are in
 * use says the same, and what is counted is what is there.  For tests that may
 * look into the library; nobody may change anything meanwhile.
 */

#include <string.h>
#include <sys/stat.h>

#include "arena_table.h"
#include "check.h"
#include "fbarray.h"
#include "index.h"
#include "pagemask.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "support.h"
#include "support_snapshot.h"

/* Pages of a list that are looked at one by one; beyond them none may be taken. */
#define PAGES_CHECKED 512u

#define SOUND(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			print_error("unsound: %s: ", #condition);                                  \
			print_error(__VA_ARGS__);                                                  \
			print_error("\n");                                                         \
			return false;                                                              \
		}                                                                                  \
	} while (0)

/* Which pages of a list the snapshot, and the quarantine, hold. */
struct pages_seen {
	uint64_t cnt;
	bool page[PAGES_CHECKED];
};

static inline int pages_mark(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	struct pages_seen *seen = ctx;

	(void)list;
	seen->cnt += n;
	for (uint32_t i = first; i < first + n && i < PAGES_CHECKED; i++)
		seen->page[i] = true;
	return 0;
}

static inline void pages_published(
	const struct region *region, uint32_t list, struct pages_seen *seen)
{
	const struct snapshot_entry *entry = snapshot_entry(region, region->root, list);
	int ret;

	memset(seen, 0, sizeof(*seen));
	if (entry && entry->active)
		assert_int_equal(snapshot_runs(region, entry, list, pages_mark, seen, &ret), 0);
}

static inline void pages_quarantined(
	const struct region *region, uint32_t list, struct pages_seen *seen)
{
	memset(seen, 0, sizeof(*seen));
	for (uint32_t i = 0; i < REGION_OPS; i++)
		if (region->ops[i].state == OP_QUARANTINE && region->ops[i].list == list)
			pages_mark(seen, list, region->ops[i].first, region->ops[i].n);
}

static inline bool page_sound(
	const struct region *region, uint32_t list, uint32_t page, bool used, bool quarantined)
{
	static const struct segment_mirror zero;
	const struct list_state *state = &region->states[list];
	const struct segment_mirror *s = segment_mirror(region, list, page);
	uint64_t va = segment_va(state, page);
	uint64_t word = rcu_radix_lookup(region->va_index, va);
	uint64_t mask = fbarray_mask_words(&region->lists[list].memseg_arr)[page / 64];

	SOUND(((mask >> (page % 64)) & 1) == used, "list %u page %u", list, page);
	SOUND(pagemask_test(state->taken, page) == (used || quarantined), "list %u page %u", list,
		page);
	SOUND(!used || !quarantined, "list %u page %u", list, page);
	SOUND(s->addr == va || (!used && s->addr == 0), "list %u page %u", list, page);
	SOUND(used || quarantined || memcmp(s, &zero, sizeof(*s)) == 0, "list %u page %u", list,
		page);
	SOUND(!used || (s->len == 1ull << state->page_shift && s->hugepage_sz == s->len &&
			       s->socket_id == state->socket),
		"list %u page %u", list, page);
	SOUND(index_tag(word) == INDEX_DIRECT
			? index_segment(word) == (const void *)s && index_list(word) == list
		: index_tag(word) == INDEX_PAGES
			? index_segment_in(word, va) == (const void *)s && index_list(word) == list
			: !used && index_tag(word) == INDEX_RANGE && index_range_list(word) == list,
		"list %u page %u word %#llx", list, page, (unsigned long long)word);
	/* Mode VA: the IO address is the virtual one. */
	SOUND(rcu_radix_lookup(region->iova_index, va) == (used ? INDEX_DIRECT : 0),
		"list %u page %u", list, page);
	return true;
}

/* Upper levels of `taken` follow the lower ones, and nothing lies beyond the pages looked at. */
static inline bool taken_sound(const struct list_state *state)
{
	const uint64_t *words = state->taken;
	uint64_t bits = state->n_pages, cnt = (bits + 63) / 64;

	for (uint64_t w = PAGES_CHECKED / 64; w < bits / 64; w++)
		SOUND(words[w] == 0, "word %llu of taken", (unsigned long long)w);
	for (unsigned int k = 0; k < 2; k++) {
		const uint64_t *above = words + cnt;

		for (uint64_t w = 0; w < cnt; w++)
			SOUND(((above[w / 64] >> (w % 64)) & 1) == (words[w] == ~0ull),
				"level %u word %llu", k, (unsigned long long)w);
		words = above;
		bits = cnt;
		cnt = (bits + 63) / 64;
	}
	return true;
}

/* The backing file holds what is in use, and of what waits for readers what a dead writer had
 * plugged. */
static inline bool backing_sound(
	const struct region *region, uint32_t list, uint64_t used, uint64_t quarantined)
{
	unsigned int shift = region->states[list].page_shift;
	struct stat st;

	SOUND(fstat(runtime.list_fds[list], &st) == 0, "list %u", list);
	SOUND((uint64_t)st.st_blocks * 512 >= used << shift &&
			(uint64_t)st.st_blocks * 512 <= (used + quarantined) << shift,
		"list %u: %llu KiB, %llu pages used, %llu waiting", list,
		(unsigned long long)st.st_blocks / 2, (unsigned long long)used,
		(unsigned long long)quarantined);
	return true;
}

static inline bool internal_sound(const struct region *region, uint32_t list)
{
	const struct list_state *state = &region->states[list];
	const struct rte_fbarray *arr = &region->lists[list].memseg_arr;
	const struct snapshot_entry *entry = snapshot_entry(region, region->root, list);
	struct pages_seen used, quarantined;

	pages_published(region, list, &used);
	pages_quarantined(region, list, &quarantined);
	for (uint32_t i = 0; i < PAGES_CHECKED && i < state->n_pages; i++)
		if (!page_sound(region, list, i, used.page[i], quarantined.page[i]))
			return false;
	SOUND(entry->active && entry->used == used.cnt, "list %u", list);
	SOUND(arr->count == used.cnt, "list %u: count %u", list, arr->count);
	return taken_sound(state) && backing_sound(region, list, used.cnt, quarantined.cnt);
}

static inline bool external_list_holds(const struct region *region, uint32_t list)
{
	static const struct list_state no_state;
	static const struct rte_memseg_list no_list;
	const struct list_state *state = &region->states[list];
	const struct rte_memseg_list *msl = &region->lists[list];
	const struct snapshot_entry *entry = snapshot_entry(region, region->root, list);
	bool shown = entry && entry->active;

	SOUND(shown == (state->kind == LIST_EXTERNAL), "list %u", list);
	if (state->kind == LIST_NONE) {
		SOUND(memcmp(state, &no_state, sizeof(no_state)) == 0, "list %u", list);
		SOUND(memcmp(msl, &no_list, sizeof(no_list)) == 0, "list %u", list);
	}
	if (state->kind != LIST_EXTERNAL)
		return true;
	SOUND(entry->full && entry->used == state->n_pages, "list %u", list);
	SOUND(msl->addr_64 == state->base && msl->external == 1, "list %u", list);
	SOUND(msl->socket_id == state->socket && msl->memseg_arr.count == state->n_pages, "list %u",
		list);
	SOUND(region->next_socket_id > (uint32_t)state->socket, "list %u", list);
	for (uint32_t i = 0; i < state->n_pages; i++)
		SOUND(segment_mirror(region, list, i)->addr == segment_va(state, i),
			"list %u page %u", list, i);
	return true;
}

/* Each block in one of three places (INV-SNAPSHOT-3). */
static inline void blocks_reach(
	const struct snapshot_pool *pool, uint32_t block, unsigned int height, uint8_t *places)
{
	if (block == 0 || block == SNAPSHOT_ALL)
		return;
	places[block]++;
	for (uint32_t i = 0; height && i < SNAPSHOT_CHILDREN; i++)
		blocks_reach(pool, pool->blocks[block].child[i], height - 1, places);
}

static inline void blocks_reach_table(
	const struct snapshot_pool *pool, uint32_t table, uint8_t *places)
{
	places[table]++;
	for (uint32_t i = 0; i < SNAPSHOT_ENTRIES; i++) {
		const struct snapshot_entry *entry = &pool->blocks[table].entry[i];

		if (entry->active)
			blocks_reach(pool, entry->child, entry->height, places);
	}
}

static inline bool blocks_sound(const struct region *region)
{
	const struct snapshot_pool *pool = region->snapshots;
	uint32_t root = snapshot_root_block(region->root);
	uint8_t *places = calloc(pool->max, 1);
	uint32_t wrong = 0;

	places[root]++;
	for (uint32_t i = 0; i < SNAPSHOT_CHILDREN; i++)
		if (pool->blocks[root].child[i])
			blocks_reach_table(pool, pool->blocks[root].child[i], places);
	for (uint64_t i = pool->ring_head; i < pool->ring_tail; i++)
		places[pool->ring[i % pool->max].block]++;
	for (uint32_t i = 0; i < pool->free_cnt; i++)
		places[pool->free[i]]++;
	for (uint32_t b = 1; b < pool->next; b++)
		wrong += places[b] != 1;
	free(places);
	SOUND(wrong == 0, "%u blocks of %u", wrong, pool->next);
	return true;
}

static inline bool figures_sound(const struct region *region)
{
	uint64_t segments = 0, bytes = 0, lists = 0, waiting = 0, external = 0, dying = 0;
	uint64_t storages = 0, on_sockets = 0;

	for (uint32_t i = 0; i < region->max_lists; i++) {
		const struct list_state *state = &region->states[i];
		bool internal = state->kind == LIST_INTERNAL;

		external += state->kind == LIST_EXTERNAL;
		dying += state->kind == LIST_DYING;
		if (!internal && state->kind != LIST_EXTERNAL)
			continue;
		lists++;
		segments += region->lists[i].memseg_arr.count;
		if (internal)
			bytes += (uint64_t)region->lists[i].memseg_arr.count << state->page_shift;
	}
	for (uint32_t i = 0; i < REGION_OPS; i++)
		if (region->ops[i].state == OP_QUARANTINE)
			waiting += (uint64_t)region->ops[i].n
				   << region->states[region->ops[i].list].page_shift;
	for (uint32_t i = 0; i < region->arena->cnt; i++)
		storages += region->arena->pieces[i].len != 0;
	for (uint32_t s = 0; s < REGION_SOCKETS; s++)
		on_sockets += region->socket_bytes[s];
	SOUND(region->external_cnt == external, "%u", region->external_cnt);
	/* A list that dies may have given its storage back. */
	SOUND(storages >= external && storages <= external + dying, "%llu",
		(unsigned long long)storages);
	SOUND(region->stats.segments == segments, "%llu", (unsigned long long)segments);
	SOUND(region->stats.bytes == bytes && on_sockets == bytes, "%llu",
		(unsigned long long)bytes);
	SOUND(region->stats.lists == lists, "%llu", (unsigned long long)lists);
	SOUND(region->stats.quarantined_bytes == waiting, "%llu", (unsigned long long)waiting);
	return true;
}

/* Anything that waits: a range that is told, or that readers hold, or an external list that dies.
 */
static inline bool nothing_waits(const struct region *region)
{
	for (uint32_t i = 0; i < REGION_OPS; i++)
		SOUND(region->ops[i].state == OP_FREE_SLOT, "record %u", i);
	for (uint32_t i = 0; i < region->max_lists; i++)
		SOUND(region->states[i].kind != LIST_DYING, "list %u", i);
	return true;
}

/* What the checker of the library finds, which looks at the region as a file. */
static inline void finding_print(void *arg, const char *finding)
{
	(void)arg;
	print_error("unsound: %s\n", finding);
}

/* Every fourth time: it takes longer than all else. */
static inline bool image_sound(void)
{
	static unsigned int times;
	struct region_image image;
	int findings;

	if (times++ % 4)
		return true;
	SOUND(region_image_take(&image, runtime.region_fd, runtime.list_fds,
		      runtime_region()->n_internal) == 0,
		"no image");
	findings = check_image(&image, finding_print, NULL);
	region_image_free(&image);
	SOUND(findings == 0, "%d findings", findings);
	return true;
}

/* All of the above but nothing_waits(). */
static inline bool region_sound(void)
{
	const struct region *region = runtime_region();

	SOUND(region->intent.op == INTENT_NONE, "%u", region->intent.op);
	for (uint32_t i = 0; i < region->max_lists; i++)
		if (!(i < region->n_internal ? internal_sound(region, i)
					     : external_list_holds(region, i)))
			return false;
	return blocks_sound(region) && figures_sound(region) && image_sound();
}

#endif /* SUPPORT_INVARIANTS_H */
