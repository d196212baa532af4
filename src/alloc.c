/* SPDX-License-Identifier: BSD-3-Clause */
/* rcumem_pages_alloc(): which page size, which socket, which range. */

#include <errno.h>

#include "alloc.h"
#include "api.h"
#include "event_log.h"
#include "events.h"
#include "hotplug.h"
#include "os.h"
#include "pagemask.h"
#include "pin.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"
#include "writer.h"

#define KNOWN_FLAGS                                                                                \
	(RCUMEM_ALLOC_STRICT_SOCKET | RCUMEM_ALLOC_IOVA_CONTIG | RCUMEM_ALLOC_DO_NOT_FREE)

struct alloc_request {
	size_t len;
	unsigned int flags;
	bool initial; /* At start: no validator, no limit, no event. */
};

static int check_limit(const struct region *region, const struct alloc_request *req, int socket,
	uint64_t new_bytes)
{
	uint64_t limit = region->socket_limit[socket];

	return !req->initial && limit && new_bytes > limit ? -EPERM : 0;
}

/* Pages of one list: 0, *va and *record of hotplug_plug(), or -errno. */
static int alloc_locked(struct region *region, const struct alloc_request *req, uint32_t list,
	uint32_t n, void **va, int *record)
{
	const struct list_state *state = &region->states[list];
	struct hotplug_request plug = {.list = list, .n = n};
	uint64_t new_bytes =
		region->socket_bytes[state->socket] + ((uint64_t)n << state->page_shift);
	int64_t first;
	int err = check_limit(region, req, state->socket, new_bytes);

	if (err)
		return err;
	hotplug_reclaim_passed(region);
	first = pagemask_find(state->taken, state->n_pages, n);
	if (first < 0)
		return -ENOSPC;
	plug.first = (uint32_t)first;
	plug.flags = req->flags & RCUMEM_ALLOC_DO_NOT_FREE ? RTE_MEMSEG_FLAG_DO_NOT_FREE : 0;
	plug.contig = req->flags & RCUMEM_ALLOC_IOVA_CONTIG;
	plug.silent = req->initial;
	err = hotplug_plug(region, &plug, record);
	if (!err)
		*va = (void *)(uintptr_t)segment_va(state, plug.first);
	return err;
}

/* With the mutex: a callback has pinned new pages. */
static bool pinned(const struct region *region, uint32_t record)
{
	const struct op_record *op = &region->ops[record];
	const struct page_range range = {op->list, op->first, op->n};

	return pin_held(region, &range);
}

/*
 * Wait for the callbacks of new pages, which the record keeps others from
 * freeing.  If they cannot be told, the pages are withdrawn: -ETIMEDOUT.
 */
static int tell(struct region *region, uint32_t record)
{
	uint64_t event = region->ops[record].event;
	uint64_t me = 1ull << runtime.process;
	int err = 0;

	TEST_POINT("alloc.tell");
	if (event_log_entry(region, event)->to & me)
		err = events_drain(region, event);
	if (runtime_region() != region)
		return -ENODEV; /* In a child that a callback forked. */
	if (!err)
		err = event_log_wait(region, event);
	TEST_POINT("alloc.waited");
	if (err && writer_lock(region) == 0) {
		bool stays = pinned(region, record);

		if (!stays)
			hotplug_take_back(region, record);
		event = event_log_next(region) - 1;
		writer_unlock(region);
		if (!stays) {
			events_drain(region, event);
			return -ETIMEDOUT;
		}
	}
	TEST_POINT("alloc.told");
	/* Told; or the pages cannot be taken back now: they stay, and are told of later. */
	hotplug_record_done(region, record);
	return 0;
}

/* One list: validators without the mutex, the rest with it; readers in the way are waited for once,
 * without it. */
static int alloc_from(
	struct region *region, const struct alloc_request *req, uint32_t list, void **va)
{
	const struct list_state *state = &region->states[list];
	uint64_t n = (req->len + (1ull << state->page_shift) - 1) >> state->page_shift;
	uint64_t bytes =
		rcu_load_relaxed(&region->socket_bytes[state->socket]); /* Relaxed: a validator sees
									   a recent figure. */
	int record = -1;
	int err = 0;

	if (n > state->n_pages)
		return -ENOSPC;
	if (!req->initial)
		err = validators_ask(state->socket, bytes + (n << state->page_shift));
	for (int attempt = 0; !err && attempt < 2; attempt++) {
		uint64_t ticket;

		err = writer_lock(region);
		if (err)
			return err;
		err = alloc_locked(region, req, list, (uint32_t)n, va, &record);
		ticket = hotplug_oldest_ticket(region);
		writer_unlock(region);
		if (err != -EAGAIN || attempt == 1)
			break;
		process_wait_readers(
			region, ticket, region->free_timeout_ns, "the reuse of memory");
		err = 0;
	}
	if (!err && record >= 0)
		err = tell(region, (uint32_t)record);
	return err;
}

/* Try the lists of a page size in the order of the sockets. */
static int alloc_size(struct region *region, const struct alloc_request *req, uint64_t page_sz,
	const int *sockets, int n_sockets, void **va)
{
	int err = -EINVAL;

	for (int s = 0; s < n_sockets; s++) {
		for (uint32_t list = 0; list < region->n_internal; list++) {
			const struct list_state *state = &region->states[list];

			if (1ull << state->page_shift != page_sz || state->socket != sockets[s])
				continue;
			err = alloc_from(region, req, list, va);
			if (err != -ENOMEM && err != -ENOSPC && err != -EPERM)
				return err;
		}
	}
	return err;
}

/* Sockets to try: the one named, or the caller's; unless strict, the others by distance from it. */
static int order_sockets(int socket_id, unsigned int flags, int *sockets)
{
	int order[REGION_SOCKETS];
	int n = os_numa_order(socket_id, order, REGION_SOCKETS);
	int cnt = 0;

	if (socket_id != SOCKET_ID_ANY)
		sockets[cnt++] = socket_id;
	for (int i = 0; i < n; i++) {
		if (order[i] == socket_id)
			continue;
		if (flags & RCUMEM_ALLOC_STRICT_SOCKET && cnt)
			break;
		sockets[cnt++] = order[i];
	}
	return cnt;
}

static bool socket_known(const struct region *region, int socket_id)
{
	for (uint32_t i = 0; i < region->n_internal; i++)
		if (region->states[i].socket == socket_id)
			return true;
	return false;
}

/* The largest page first that does not waste half of itself; each list's size once. */
static int alloc_any_size(struct region *region, const struct alloc_request *req,
	const int *sockets, int n_sockets, void **va)
{
	unsigned int smallest = region->states[region->n_internal - 1].page_shift;
	unsigned int last = 64;
	int ret, err = -ENOMEM;

	for (uint32_t i = 0; i < region->n_internal; i++) {
		unsigned int shift = region->states[i].page_shift;

		if (shift == last)
			continue; /* Lists stand in descending order of page size. */
		last = shift;
		if (shift > smallest && req->len < (1ull << shift) / 2)
			continue;
		ret = alloc_size(region, req, 1ull << shift, sockets, n_sockets, va);
		if (ret != -ENOMEM && ret != -ENOSPC && ret != -EPERM)
			return ret;
		/* A smaller page wastes less, and may be allowed. */
		if (err != -EPERM)
			err = ret;
	}
	return err;
}

static int alloc(const struct alloc_request *req, size_t page_sz, int socket_id, void **va)
{
	struct region *region = runtime_region();
	int sockets[REGION_SOCKETS + 1];
	int n_sockets, err;

	if (req->len == 0 || req->flags & ~KNOWN_FLAGS || socket_id < SOCKET_ID_ANY)
		return -EINVAL;
	err = writer_allowed();
	if (err)
		return err;
	if (socket_id != SOCKET_ID_ANY && !socket_known(region, socket_id))
		return -EINVAL;
	if (req->len + (1ull << 40) < req->len)
		return -ENOSPC; /* Rounding up must not wrap. */
	n_sockets = order_sockets(socket_id, req->flags, sockets);
	writer_offline();
	err = page_sz ? alloc_size(region, req, page_sz, sockets, n_sockets, va)
		      : alloc_any_size(region, req, sockets, n_sockets, va);
	writer_online();
	return err;
}

int alloc_initial(size_t len, int socket_id)
{
	struct alloc_request req = {.len = len,
		.flags = RCUMEM_ALLOC_DO_NOT_FREE | RCUMEM_ALLOC_STRICT_SOCKET,
		.initial = true};
	void *va;

	return alloc(&req, 0, socket_id, &va);
}

void *rcumem_pages_alloc(size_t len, size_t page_sz, int socket_id, unsigned int flags)
{
	struct alloc_request req = {.len = len, .flags = flags};
	void *va = NULL;
	int err = alloc(&req, page_sz, socket_id, &va);

	if (!err)
		return va;
	if (runtime_region())
		/* Relaxed: a figure; an atomic add, for failures may come from several threads. */
		rcu_fetch_add_relaxed(&runtime_region()->stats.alloc_failures, 1);
	return api_null(err);
}
