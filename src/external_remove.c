/* SPDX-License-Identifier: BSD-3-Clause */
/* External memory goes: unregister, detach (and attach), and what recovery does of it. */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "api.h"
#include "arena_table.h"
#include "external.h"
#include "index.h"
#include "intent.h"
#include "log.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "snapshot_edit.h"
#include "writer.h"

void external_storage_name(uint32_t list, uint64_t seq, char name[ARENA_NAME_LEN])
{
	snprintf(name, ARENA_NAME_LEN, "extmem/%u/%llu", list, (unsigned long long)seq);
}

/*
 * Storage of the list that was to be shown first by the snapshot `seq`.  By
 * name: a dead writer may have given it back, and its place to another.
 */
static void storage_destroy(struct region *region, uint32_t list, uint64_t seq)
{
	const struct arena_piece *piece;
	char name[ARENA_NAME_LEN];

	external_storage_name(list, seq, name);
	piece = arena_find_name(region->arena, name);
	if (piece)
		arena_destroy_locked(region, arena_address(region->arena, piece), true);
}

/* Out of the indexes, and dying: a reader may have found the list by an index word until now. */
static void withdraw(struct region *region, uint32_t list)
{
	struct list_state *state = &region->states[list];

	TEST_POINT("external.withdraw");
	index_external_remove(region, list);
	TEST_POINT("external.withdrawn");
	state->ticket = rcu_ticket(region->domain);
	TEST_POINT("external.ticket");
	/* Release pairs with external_undo(): the ticket is that of the withdrawal. */
	rcu_store_release(&state->kind, LIST_DYING);
}

/* In an order that can be begun again after a writer's death: the record tells what is left to do.
 */
void external_forget(struct region *region, uint32_t list)
{
	struct list_state *state = &region->states[list];

	TEST_POINT("forget.begin");
	/* Release pairs with external_undo(): what is left of it from here on is to be forgotten.
	 */
	rcu_store_release(&state->kind, LIST_DYING);
	storage_destroy(region, list, state->born);
	TEST_POINT("forget.storage");
	memset(&region->lists[list], 0, sizeof(region->lists[list]));
	TEST_POINT("forget.list");
	memset(&state->kind + 1, 0, sizeof(*state) - sizeof(state->kind));
	TEST_POINT("forget.state");
	/* Release pairs with external_undo(): of a record of no kind nothing is left. */
	rcu_store_release(&state->kind, LIST_NONE);
}

void external_undo(struct region *region, uint32_t list, uint64_t seq)
{
	struct list_state *state = &region->states[list];

	/* Acquire pairs with publish_list() and external_forget(). */
	switch ((enum list_kind)rcu_load_acquire(&state->kind)) {
	case LIST_EXTERNAL:
		/*
		 * A reader may have found the list by an index word: like any
		 * other it dies, and is forgotten when readers have passed.
		 * Release pairs with external_alive(): no snapshot shows it.
		 */
		TEST_POINT("external.undo");
		rcu_store_release(&state->died, 0);
		withdraw(region, list);
		break;
	case LIST_NONE:
		/* The writer may have died before the record named the storage. */
		storage_destroy(region, list, seq);
		TEST_POINT("external.unstored");
		memset(&region->lists[list], 0, sizeof(region->lists[list]));
		memset(state, 0, sizeof(*state));
		break;
	default:
		break; /* Dying already. */
	}
}

void external_unpublish(struct region *region, uint32_t list, bool published)
{
	struct list_state *state = &region->states[list];
	struct snapshot_edit edit;

	if (state->kind != LIST_EXTERNAL)
		return;
	if (!published) {
		snapshot_begin(&edit, region);
		TEST_POINT("external.die");
		/* Release pairs with external_alive(): the list is gone from this snapshot on. */
		rcu_store_release(&state->died, edit.seq);
		TEST_POINT("external.died");
		snapshot_set_list(&edit, list, false, false, 0);
		snapshot_publish(&edit);
	}
	withdraw(region, list);
}

void external_reclaim_passed(struct region *region)
{
	uint64_t oldest = 0;

	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		if (region->states[i].kind != LIST_DYING)
			continue;
		if (oldest == 0)
			oldest = rcu_oldest(region->domain, RCU_EVERYBODY, NULL);
		if (region->states[i].ticket <= oldest)
			external_forget(region, i);
	}
}

uint64_t external_oldest_ticket(const struct region *region)
{
	uint64_t oldest = 0;

	for (uint32_t i = region->n_internal; i < region->max_lists; i++) {
		const struct list_state *state = &region->states[i];

		if (state->kind == LIST_DYING && (oldest == 0 || state->ticket < oldest))
			oldest = state->ticket;
	}
	return oldest;
}

static void attached_store(struct list_state *state, uint64_t attached)
{
	TEST_POINT("external.attach");
	/* Release pairs with runtime_list_attached(). */
	rcu_store_release(&state->attached, attached);
}

/* The external list of exactly this range: its number, -EINVAL or -ENOENT. */
static int find(const struct region *region, const void *va, size_t len)
{
	for (uint32_t i = region->n_internal; i < region->max_lists; i++)
		if (region->states[i].kind == LIST_EXTERNAL && region->lists[i].base_va == va &&
			region->lists[i].len == len)
			return (int)i;
	return -ENOENT;
}

int external_begin(void)
{
	int err = writer_begin();

	return err || external_sound(runtime_region()) ? err : writer_end(-ENOTRECOVERABLE);
}

/* Check the arguments and begin: the list, or -errno with nothing begun. */
static int begin(const void *va, size_t len)
{
	int err = va == NULL || len == 0 ? -EINVAL : external_begin();
	int list;

	if (err)
		return err;
	list = find(runtime_region(), va, len);
	return list < 0 ? writer_end(list) : list;
}

static int list_end(struct region *region, uint32_t list)
{
	struct region_stats *stats = &region->stats;
	struct snapshot_edit edit;
	int err = snapshot_prepare(region, list, 0, 0, NULL);

	if (err)
		return err;
	snapshot_begin(&edit, region);
	intent_begin(region, INTENT_UNREGISTER, list, 0, 0, edit.seq, 0);
	external_unpublish(region, list, false);
	TEST_POINT("external.dying");
	/* Release pairs with external_iova2virt(); too high until now is harmless. */
	rcu_store_release(&region->external_cnt, region->external_cnt - 1);
	rcu_store_relaxed(&stats->lists, stats->lists - 1); /* Relaxed, both: figures. */
	rcu_store_relaxed(&stats->segments, stats->segments - region->states[list].n_pages);
	intent_end(region);
	return 0;
}

static int unregister_locked(struct region *region, uint32_t list)
{
	uint64_t mine = 1ull << runtime.process;

	if (!(region->states[list].attached & mine))
		return -ENOENT;
	if (region->states[list].attached != mine)
		process_reap_dead(region); /* Of the others, some may not live any more. */
	return region->states[list].attached == mine ? list_end(region, list) : -EBUSY;
}

int external_abandon(struct region *region, uint32_t process)
{
	uint64_t bit = 1ull << process;
	int err = external_sound(region) ? 0 : -ENOTRECOVERABLE;

	for (uint32_t i = region->n_internal; !err && i < region->max_lists; i++) {
		struct list_state *state = &region->states[i];

		if (state->kind != LIST_EXTERNAL || !(state->attached & bit))
			continue;
		if (state->attached == bit)
			err = list_end(region, i);
		else
			attached_store(state, state->attached & ~bit);
	}
	return err;
}

int rte_extmem_unregister(void *va_addr, size_t len)
{
	struct region *region = runtime_region();
	uint64_t ticket = 0;
	int list = begin(va_addr, len);
	int err;

	if (list < 0)
		return api_result(list);
	err = unregister_locked(region, (uint32_t)list);
	ticket = region->states[list].ticket;
	writer_unlock(region);
	/* The record and its pages' descriptors go when no reader can hold them: now, or with a
	 * later call. */
	if (!err &&
		process_wait_readers(region, ticket, region->free_timeout_ns,
			"the end of external memory") == 0 &&
		writer_lock(region) == 0) {
		external_reclaim_passed(region);
		writer_unlock(region);
	}
	writer_online();
	return api_result(err);
}

static int attach_locked(struct region *region, uint32_t list, bool attach)
{
	struct list_state *state = &region->states[list];
	uint64_t mine = 1ull << runtime.process;

	if (attach && (state->attached & mine))
		return -EEXIST;
	if (attach)
		process_reap_dead(region); /* What they alone had is gone. */
	if (state->kind != LIST_EXTERNAL)
		return -ENOENT;
	if (!attach && !(state->attached & mine))
		return -ENOENT;
	attached_store(state, state->attached ^ mine);
	return 0;
}

int rte_extmem_attach(void *va_addr, size_t len)
{
	int list = begin(va_addr, len);

	return api_result(
		list < 0 ? list
			 : writer_end(attach_locked(runtime_region(), (uint32_t)list, true)));
}

int rte_extmem_detach(void *va_addr, size_t len)
{
	int list = begin(va_addr, len);

	return api_result(
		list < 0 ? list
			 : writer_end(attach_locked(runtime_region(), (uint32_t)list, false)));
}
