/* SPDX-License-Identifier: BSD-3-Clause */
/* Named pieces of the control region. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arena_table.h"
#include "log.h"
#include "os.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "writer.h"

/* Slots to look at, of a table that may be damaged. */
static uint32_t slots(const struct arena *arena)
{
	return arena->cnt < arena->max ? arena->cnt : arena->max;
}

struct arena_piece *arena_find_name(const struct arena *arena, const char *name)
{
	for (uint32_t i = 0; i < slots(arena); i++)
		if (arena->pieces[i].len &&
			strncmp(arena->pieces[i].name, name, ARENA_NAME_LEN) == 0)
			return &arena->pieces[i];
	return NULL;
}

void *arena_address(const struct arena *arena, const struct arena_piece *piece)
{
	return (void *)(uintptr_t)(arena->base + piece->off);
}

/* The piece that begins at `va`. */
static struct arena_piece *find_va(const struct arena *arena, const void *va)
{
	for (uint32_t i = 0; i < slots(arena); i++)
		if (arena->pieces[i].len && arena_address(arena, &arena->pieces[i]) == va)
			return &arena->pieces[i];
	return NULL;
}

/* End of a piece that overlaps [off, off + len), or 0. */
static uint64_t overlap_end(const struct arena *arena, uint64_t off, uint64_t len)
{
	for (uint32_t i = 0; i < slots(arena); i++) {
		const struct arena_piece *p = &arena->pieces[i];

		if (p->len && p->off < off + len && off < p->off + p->len)
			return p->off + p->len;
	}
	return 0;
}

static uint64_t whole_pages(uint64_t len)
{
	return (len + OS_PAGE - 1) / OS_PAGE * OS_PAGE;
}

/* First offset from `off` on with `len` free bytes, or UINT64_MAX. */
static uint64_t find_room(const struct arena *arena, uint64_t off, uint64_t len)
{
	uint64_t end;

	/* Whole pages, whatever damaged pieces end at. */
	for (off = whole_pages(off); off <= arena->len && arena->len - off >= len;
		off = whole_pages(end)) {
		end = overlap_end(arena, off, len);
		if (end == 0)
			return off;
		if (end <= off || end > arena->len)
			break; /* Damaged. */
	}
	return UINT64_MAX;
}

static struct arena_piece *free_slot(struct arena *arena)
{
	for (uint32_t i = 0; i < slots(arena); i++)
		if (arena->pieces[i].len == 0)
			return &arena->pieces[i];
	return arena->cnt < arena->max ? &arena->pieces[arena->cnt++] : NULL;
}

/* Zero again for the next (INV-ARENA-2), and the memory goes back.  What leads out of the arena, or
 * is longer than was asked for, is damaged, and stays. */
static int give_back(struct region *region, struct arena_piece *piece)
{
	const struct arena *arena = region->arena;

	if (piece->off % OS_PAGE || piece->off > arena->len ||
		piece->len > arena->len - piece->off || piece->len != whole_pages(piece->asked)) {
		log_message(LOG_ERROR, "a piece of the arena is damaged");
		return -ENOTRECOVERABLE;
	}
	TEST_POINT("arena.give_back");
	/* What the kernel does not take back is cleared by hand, and stays for the next. */
	if (os_pages_unplug(
		    runtime.region_fd, region->arena->base + piece->off - region->base, piece->len))
		memset(arena_address(region->arena, piece), 0, piece->len);
	TEST_POINT("arena.given_back");
	piece->len = 0;
	return 0;
}

void arena_abandon(struct region *region, uint32_t process)
{
	struct arena *arena = region->arena;

	for (uint32_t i = 0; i < slots(arena); i++) {
		struct arena_piece *piece = &arena->pieces[i];

		/* Storage of a list goes with the list. */
		if (piece->len == 0 || !(piece->attached >> process & 1) ||
			memchr(piece->name, '/', strnlen(piece->name, ARENA_NAME_LEN)))
			continue;
		TEST_POINT("arena.abandon");
		/* Attached until it is given back: whoever reaps again finds it. */
		if (piece->attached != 1ull << process || give_back(region, piece))
			piece->attached &= ~(1ull << process);
	}
}

int arena_create_locked(struct region *region, const char *name, uint64_t len, void **va)
{
	struct arena *arena = region->arena;
	uint64_t whole = whole_pages(len);
	struct arena_piece *piece;
	uint64_t off;
	int err;

	piece = arena_find_name(arena, name);
	if (piece && piece->attached)
		process_reap_dead(region);
	if (piece && piece->len && piece->attached)
		return -EBUSY;
	if (piece && piece->len) { /* Nobody has it any more. */
		err = give_back(region, piece);
		if (err)
			return err;
	}
	piece = free_slot(arena);
	if (piece == NULL || whole < len || whole > arena->len || whole > os_memory_headroom(-1))
		return -ENOMEM;
	off = find_room(arena, arena->next, whole);
	if (off == UINT64_MAX)
		off = find_room(arena, 0, whole);
	if (off == UINT64_MAX)
		return -ENOMEM;
	TEST_POINT("arena.room");
	piece->off = off;
	piece->asked = len;
	piece->attached = 1ull << runtime.process;
	snprintf(piece->name, sizeof(piece->name), "%s", name);
	TEST_POINT("arena.filled");
	rcu_store_release(&piece->len, whole); /* Pairs with nothing: the mutex orders; a successor
						  of a dead writer sees all or none. */
	TEST_POINT("arena.named");
	/* Take the memory now: a later fault could only be answered by a signal. */
	if (os_pages_plug(runtime.region_fd, arena->base + off - region->base, whole, OS_PAGE)) {
		piece->len = 0;
		return -ENOMEM;
	}
	TEST_POINT("arena.plugged");
	arena->next = off + whole;
	*va = arena_address(arena, piece);
	return 0;
}

int arena_destroy_locked(struct region *region, const void *va, bool force)
{
	struct arena *arena = region->arena;
	struct arena_piece *piece = find_va(arena, va);
	uint64_t mine = 1ull << runtime.process;

	if (piece == NULL || (!force && !(piece->attached & mine)))
		return -ENOENT;
	if (!force && piece->attached != mine)
		process_reap_dead(region); /* Of the others, some may not live any more. */
	if (!force && piece->attached != mine)
		return -EBUSY;
	return give_back(region, piece);
}

int arena_create(const char *name, size_t len, void **va)
{
	int err = writer_begin();

	return err ? err : writer_end(arena_create_locked(runtime_region(), name, len, va));
}

int arena_attach(const char *name, size_t len, void **va)
{
	struct arena_piece *piece;
	int err = writer_begin();

	if (err)
		return err;
	process_reap_dead(runtime_region()); /* What they alone had is gone. */
	piece = arena_find_name(runtime_region()->arena, name);
	if (piece == NULL || piece->asked != len)
		return writer_end(-ENOENT);
	if (piece->attached & (1ull << runtime.process))
		return writer_end(-EEXIST);
	TEST_POINT("arena.attach");
	piece->attached |= 1ull << runtime.process;
	*va = arena_address(runtime_region()->arena, piece);
	return writer_end(0);
}

int arena_detach(const void *va)
{
	struct arena_piece *piece;
	int err = writer_begin();

	if (err)
		return err;
	piece = find_va(runtime_region()->arena, va);
	if (piece == NULL || !(piece->attached & (1ull << runtime.process)))
		return writer_end(-ENOENT);
	TEST_POINT("arena.detach");
	piece->attached &= ~(1ull << runtime.process);
	return writer_end(0);
}

int arena_destroy(const void *va)
{
	int err = writer_begin();

	return err ? err : writer_end(arena_destroy_locked(runtime_region(), va, false));
}

bool arena_is_view(const void *va)
{
	const struct region *region = runtime_region();
	uint64_t at = (uint64_t)(uintptr_t)va;

	if (region == NULL)
		return false;
	if (at >= region->views_begin && at < region->views_end)
		return true;
	for (uint32_t i = region->n_internal; i < region->max_lists; i++)
		if (region->lists[i].base_va && region->lists[i].memseg_arr.data == va)
			return true;
	return false;
}
