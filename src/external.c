/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * External memory: contract section 3.  A registration publishes all its pages
 * at one instant, that of its snapshot.
 */

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rcumem.h>

#include "api.h"
#include "arena_table.h"
#include "external.h"
#include "fbarray.h"
#include "index.h"
#include "intent.h"
#include "piece.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "writer.h"

/* What is asked to be registered. */
struct external_request {
	uint64_t va;
	uint64_t len;
	uint64_t page_sz;
	const uint64_t *iovas;
	uint32_t n_pages;
	int socket_id; /* A node of the machine, or SOCKET_ID_ANY for a number of its own. */
	struct piece *pieces;
	uint32_t n_pieces;
};

static bool overlaps(const struct region *region, uint64_t va, uint64_t len)
{
	for (uint32_t i = 0; i < region->max_lists; i++) {
		const struct list_state *state = &region->states[i];

		if ((state->kind == LIST_INTERNAL || state->kind == LIST_EXTERNAL) &&
			state->base <= va + (len - 1) &&
			va <= segment_va(state, state->n_pages) - 1)
			return true;
	}
	return false;
}

static int64_t find_free(const struct region *region)
{
	for (uint32_t i = region->n_internal; i < region->max_lists; i++)
		if (region->states[i].kind == LIST_NONE)
			return i;
	return -1;
}

/* Storage of the list: its segment array, and behind it the pieces. */
static int storage_create(struct region *region, const struct external_request *req, uint32_t list,
	struct rte_memseg_list *msl, struct list_state *state)
{
	uint64_t arr_len = fbarray_storage_size(req->n_pages, sizeof(struct rte_memseg));
	char name[ARENA_NAME_LEN];
	void *va;
	int err;

	arr_len = (arr_len + 63) / 64 * 64;
	external_storage_name(list, state->born, name);
	TEST_POINT("external.store");
	err = arena_create_locked(
		region, name, arr_len + req->n_pieces * sizeof(struct piece), &va);
	if (err)
		return err;
	snprintf(name, sizeof(name), "extmem_0x%llx", (unsigned long long)req->va);
	err = fbarray_setup(&msl->memseg_arr, name, req->n_pages, sizeof(struct rte_memseg), va);
	assert(err == 0); /* The arena gives whole pages. */
	state->pieces = (struct piece *)((char *)va + arr_len);
	state->n_pieces = req->n_pieces;
	if (req->n_pieces)
		memcpy(state->pieces, req->pieces, req->n_pieces * sizeof(struct piece));
	return 0;
}

/* Fill in the record of a free list; nothing finds it before its snapshot. */
static int describe_list(
	struct region *region, const struct external_request *req, uint32_t list, uint64_t seq)
{
	/* The kind comes later, when a successor can rely on the rest: publish_list(). */
	struct rte_memseg_list msl = {.page_sz = req->page_sz, .len = req->len, .external = 1};
	struct list_state state = {
		.page_shift = (uint32_t)__builtin_ctzll(req->page_sz),
		.n_pages = req->n_pages,
		.base = req->va,
		.born = seq,
		.died = UINT64_MAX,
		.attached = 1ull << runtime.process,
	};
	int err = storage_create(region, req, list, &msl, &state);

	if (err)
		return err;
	TEST_POINT("external.stored");
	state.socket =
		req->socket_id == SOCKET_ID_ANY ? (int)region->next_socket_id : req->socket_id;
	msl.socket_id = state.socket;
	TEST_POINT("external.record");
	region->states[list] = state;
	TEST_POINT("external.state");
	region->lists[list] = msl;
	TEST_POINT("external.described");
	return 0;
}

/* Everything that readers will see, then the snapshot that shows it. */
static void publish_list(struct region *region, const struct external_request *req, uint32_t list,
	struct snapshot_edit *edit)
{
	struct region_stats *stats = &region->stats;

	/* Release pairs with external_undo(): a record of this kind is complete, and the indexes
	 * have the words that it needs. */
	rcu_store_release(&region->states[list].kind, LIST_EXTERNAL);
	TEST_POINT("external.kind");
	index_external_add(region, list);
	TEST_POINT("external.indexed");
	for (uint32_t i = 0; i < req->n_pages; i++)
		segment_describe(region, list, i, req->iovas ? req->iovas[i] : RTE_BAD_IOVA, 0);
	TEST_POINT("external.pages");
	/* Release pairs with external_iova2virt(): a count above 0 shows the index words. */
	rcu_store_release(&region->external_cnt, region->external_cnt + 1);
	TEST_POINT("external.counted");
	/* Release pairs with callers' scan of the public records: an address shows a complete
	 * record. */
	rcu_store_release(&region->lists[list].addr_64, req->va);
	TEST_POINT("external.shown");
	snapshot_set_list(edit, list, true, true, req->n_pages);
	snapshot_publish(edit);
	TEST_POINT("external.published");
	if (req->socket_id == SOCKET_ID_ANY)
		region->next_socket_id++;
	rcu_store_relaxed(&stats->lists, stats->lists + 1); /* Relaxed, both: figures. */
	rcu_store_relaxed(&stats->segments, stats->segments + req->n_pages);
}

static int register_locked(struct region *region, const struct external_request *req)
{
	struct snapshot_edit edit;
	int64_t list;
	int err;

	if (overlaps(region, req->va, req->len))
		process_reap_dead(region); /* What they alone had is gone. */
	if (overlaps(region, req->va, req->len))
		return -EEXIST;
	list = find_free(region);
	if (list < 0 || region->next_socket_id > INT32_MAX)
		return -ENOSPC;
	err = snapshot_prepare(region, (uint32_t)list, 0, 0, NULL);
	if (err)
		return err;
	snapshot_begin(&edit, region);
	intent_begin(region, INTENT_REGISTER, (uint32_t)list, 0, 0, edit.seq, 0);
	err = describe_list(region, req, (uint32_t)list, edit.seq);
	if (!err) {
		err = index_external_reserve(region, (uint32_t)list);
		if (err)
			external_forget(region, (uint32_t)list);
	}
	if (!err)
		publish_list(region, req, (uint32_t)list, &edit);
	intent_end(region);
	return err;
}

/* Where every list is taken, some by what is dying, wait for their readers once, without the mutex.
 */
static int register_or_wait(const struct external_request *req)
{
	struct region *region = runtime_region();
	uint64_t ticket = 0;
	int err;

	for (int attempt = 0; attempt < 2; attempt++) {
		err = external_begin();
		if (err)
			return err;
		external_reclaim_passed(region);
		err = register_locked(region, req);
		if (find_free(region) < 0)
			ticket = external_oldest_ticket(region);
		writer_unlock(region);
		if (err == -ENOSPC && ticket && attempt == 0)
			process_wait_readers(region, ticket, region->free_timeout_ns,
				"the reuse of memseg lists");
		writer_online();
		if (err != -ENOSPC || ticket == 0)
			return err;
	}
	return -EAGAIN;
}

/* A node for which the runtime has lists of its own, or none in particular. */
static bool socket_valid(const struct region *region, int socket_id)
{
	bool known = socket_id == SOCKET_ID_ANY;

	for (int i = 0; i < region->shape.n_sockets; i++)
		known |= region->shape.sockets[i] == socket_id;
	return known;
}

int rcumem_extmem_register(void *va_addr, size_t len, const rte_iova_t *iova_addrs,
	unsigned int n_pages, size_t page_sz, int socket_id)
{
	struct external_request req = {
		(uint64_t)(uintptr_t)va_addr, len, page_sz, iova_addrs, 0, socket_id, NULL, 0};
	uint64_t pages;
	int err;

	if (va_addr == NULL || len == 0 || page_sz == 0 || (page_sz & (page_sz - 1)) ||
		len % page_sz || req.va % page_sz || req.va + (len - 1) < req.va)
		return api_result(-EINVAL);
	pages = len / page_sz;
	if (pages > INT_MAX || (iova_addrs && n_pages != pages))
		return api_result(-EINVAL);
	req.n_pages = (uint32_t)pages;
	err = writer_allowed();
	if (!err && !socket_valid(runtime_region(), socket_id))
		err = -EINVAL;
	if (!err)
		err = piece_make(
			req.va, page_sz, iova_addrs, req.n_pages, &req.pieces, &req.n_pieces);
	if (!err)
		err = register_or_wait(&req);
	free(req.pieces);
	return api_result(err);
}

int rte_extmem_register(
	void *va_addr, size_t len, rte_iova_t iova_addrs[], unsigned int n_pages, size_t page_sz)
{
	return rcumem_extmem_register(va_addr, len, iova_addrs, n_pages, page_sz, SOCKET_ID_ANY);
}
