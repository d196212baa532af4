/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_WRITER_H
#define CRASH_WRITER_H

/* The writer that survives: it goes on, clears up behind the dead, and accounts for everything. */

#include "crash_scene.h"

/* ---- Going on: the first call after a death ---- */

static inline int64_t s_go_on(const int64_t *arg)
{
	char *pages = rcumem_pages_alloc(SUBJECT * page_sz, page_sz, SOCKET_ID_ANY, 0);

	(void)arg;
	if (!pages)
		return -1;
	for (size_t i = 0; i < SUBJECT * page_sz; i += 64)
		if (pages[i]) {
			here.wrong = "a new page is not clear";
			return -1;
		}
	memset(pages, 'w', SUBJECT * page_sz);
	return rcumem_pages_free(pages, SUBJECT * page_sz);
}

/* (): three pages go into quarantine, or at once. */
static inline int64_t s_alloc_and_free(const int64_t *arg)
{
	void *pages = rcumem_pages_alloc(SUBJECT * page_sz, page_sz, SOCKET_ID_ANY, 0);

	(void)arg;
	return pages ? rcumem_pages_free(pages, SUBJECT * page_sz) : -1;
}

static inline int64_t s_unmask(const int64_t *arg)
{
	(void)arg;
	runtime_region()->dma_bits = 0;
	return 0;
}

/* ---- Clearing up ---- */

/* Whoever owns the mutex may do this; so does each process that joins. */
static inline int64_t s_reap(const int64_t *arg)
{
	int err = writer_begin();

	(void)arg;
	if (err)
		return -1;
	process_reap_dead(runtime_region());
	return writer_end(0);
}

/* Give back the pages that the dead left in use. */
static inline int64_t s_clear(const int64_t *arg)
{
	static struct visits seen;

	(void)arg;
	memset(&seen, 0, sizeof(seen));
	rte_memseg_contig_walk(record_run, &seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		char *va = seen.at[i].seg.addr;
		size_t len = seen.at[i].len;

		if (seen.at[i].msl->external)
			continue;
		if (va == here.stay) {
			va += STAY * page_sz;
			len -= STAY * page_sz;
		}
		if (len && rcumem_pages_free(va, len))
			return -1;
	}
	return 0;
}

/* Whatever readers have passed is reclaimed by calls of each kind. */
static inline int64_t s_settle(const int64_t *arg)
{
	struct rte_fbarray array;

	if (s_alloc_and_free(arg) || ext_register(OP_VA + (1 << 30), 1, OP_IOVA << 1) ||
		ext_unregister(OP_VA + (1 << 30), 1) || rte_fbarray_init(&array, "settle", 7, 8) ||
		rte_fbarray_destroy(&array))
		return -1;
	return 0;
}

/* ---- Accounting ---- */

struct account {
	uint64_t segments, lists, bytes, pieces, arena_bytes, readers;
};

static inline struct account account_take(void)
{
	const struct region *region = runtime_region();
	struct account account = {
		.segments = region->stats.segments,
		.lists = region->stats.lists,
		.bytes = region->stats.bytes,
	};

	for (uint32_t i = 0; i < region->arena->cnt; i++) {
		account.pieces += region->arena->pieces[i].len != 0;
		account.arena_bytes += region->arena->pieces[i].len;
	}
	for (uint32_t i = 0; i < region->domain->reader_max; i++)
		account.readers += region->domain->readers[i].owner != 0;
	return account;
}

/* Slots of processes that live. */
static inline uint64_t living(void)
{
	const struct region *region = runtime_region();
	uint64_t slots = 0;

	for (uint32_t i = 0; i < REGION_PROCESSES; i++)
		if (region->processes[i].state == PROCESS_ALIVE && !process_is_dead(region, i))
			slots |= 1ull << i;
	return slots;
}

/* Nothing belongs to a process that does not live. */
static inline bool dead_left_nothing(void)
{
	const struct region *region = runtime_region();
	uint64_t dead = ~living();

	for (uint32_t i = 0; i < REGION_PROCESSES; i++)
		SOUND(!(dead >> i & 1) || region->processes[i].state == PROCESS_FREE, "slot %u", i);
	SOUND((region->events.listeners & dead) == 0, "%llx",
		(unsigned long long)region->events.listeners);
	for (uint32_t i = 0; i < region->max_lists; i++)
		SOUND(region->states[i].kind == LIST_INTERNAL ||
				(region->states[i].attached & dead) == 0,
			"list %u", i);
	for (uint32_t i = 0; i < region->arena->cnt; i++)
		SOUND(region->arena->pieces[i].len == 0 ||
				strchr(region->arena->pieces[i].name, '/') ||
				(region->arena->pieces[i].attached & dead) == 0,
			"piece %u", i);
	for (uint32_t i = 0; i < region->domain->reader_max; i++) {
		uint32_t owner = region->domain->readers[i].owner;

		SOUND(owner == 0 || !(dead >> (owner - 1) & 1), "reader %u", i);
	}
	return true;
}

/* With the mutex, so that nobody changes anything: 0, or -1 and the reason is in the log. */
static inline int64_t s_sound(const int64_t *arg)
{
	bool sound;

	(void)arg;
	if (writer_begin())
		return -1;
	sound = image_sound();
	writer_end(0);
	return sound ? 0 : -1;
}

static struct account account_before;

static inline int64_t s_account(const int64_t *arg)
{
	(void)arg;
	account_before = account_take();
	return 0;
}

#define SAME(member)                                                                               \
	SOUND(now.member == account_before.member, #member ": %llu, not %llu",                     \
		(unsigned long long)now.member, (unsigned long long)account_before.member)

static inline bool account_same(void)
{
	struct account now = account_take();

	SAME(lists);
	SAME(bytes);
	SAME(segments);
	SAME(pieces);
	SAME(arena_bytes);
	SAME(readers);
	return true;
}

/* All is as it was before the operation. */
static inline int64_t s_same(const int64_t *arg)
{
	bool same;

	(void)arg;
	if (writer_begin())
		return -1;
	same = nothing_waits(runtime_region()) && dead_left_nothing() && account_same() &&
	       image_sound();
	writer_end(0);
	return same ? 0 : -1;
}

#endif /* CRASH_WRITER_H */
