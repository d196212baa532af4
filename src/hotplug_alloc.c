/* SPDX-License-Identifier: BSD-3-Clause */
/* Plugging pages: back them, learn their IO addresses, describe, publish. */

#include <errno.h>
#include <numa.h>
#include <stdlib.h>

#include "dma.h"
#include "event_log.h"
#include "hotplug.h"
#include "index.h"
#include "intent.h"
#include "log.h"
#include "os.h"
#include "pagemask.h"
#include "point.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot_edit.h"

_Static_assert(REGION_SOCKETS <= OS_NODES, "each socket has its headroom");

int hotplug_record(const struct region *region)
{
	for (int i = 0; i < REGION_OPS; i++)
		/* Acquire pairs with hotplug_record_done(). */
		if (rcu_load_acquire(&region->ops[i].state) == OP_FREE_SLOT)
			return i;
	return -1;
}

/* Every page must be on the socket that its descriptor will name. */
static int check_node(const struct region *region, const struct hotplug_request *request)
{
	const struct list_state *state = &region->states[request->list];

	for (uint32_t i = 0; os_numa_several() && i < request->n; i++) {
		int node =
			os_numa_node_of((void *)(uintptr_t)segment_va(state, request->first + i));

		if (node != state->socket)
			return -ENOMEM;
	}
	return 0;
}

/*
 * Plug pages and map them here.  Ordinary ones go into guarded holes in one
 * step, several threads at a time, which fallocate() keeps apart; what the
 * guard of this list or this kernel does not do ends in the usual way.
 */
static int plug(int fd, uint64_t off, uint64_t len, void *va, uint64_t page_sz)
{
	int err = -EINVAL;

	if (page_sz == OS_PAGE && runtime.guard_fd >= 0) {
		err = os_fill_holes(runtime.guard_fd, va, len);
		if (err)
			os_pages_unplug(fd, off, len);
	}
	if (!err || err == -ENOMEM)
		return err;
	err = os_pages_plug(fd, off, len, page_sz);
	if (!err)
		os_fill(va, len, page_sz);
	return err;
}

static int back(const struct region *region, const struct hotplug_request *request)
{
	const struct list_state *state = &region->states[request->list];
	uint64_t page_sz = 1ull << state->page_shift;
	uint64_t off = (uint64_t)request->first << state->page_shift;
	uint64_t len = (uint64_t)request->n << state->page_shift;
	void *va = (void *)(uintptr_t)segment_va(state, request->first);
	int fd = runtime.list_fds[request->list];
	struct os_numa_policy policy;
	int err = page_sz == OS_PAGE ? os_memory_take(state->socket, len) : 0;

	if (err)
		return err;
	/* A page that is not clear may be there: of a stray access where holes are not guarded, or
	 * of a free that could not punch. */
	if (os_pages_unplug(fd, off, len))
		return -ENOMEM;
	TEST_POINT("plug.punched");
	err = os_numa_bind(state->socket, &policy);
	if (err)
		return err;
	if (PLANTED(MBIND_ONLY)) {
		os_numa_restore(&policy);
		numa_tonode_memory(va, len, state->socket); /* hugetlbfs does not look at it. */
	}
	err = plug(fd, off, len, va, page_sz);
	TEST_POINT("plug.allocated");
	os_numa_restore(&policy);
	if (err)
		return err;
	err = check_node(region, request);
	if (err)
		os_pages_unplug(fd, off, len);
	return err;
}

/* IO address of one page that is plugged and mapped. */
static uint64_t page_iova(
	const struct region *region, const struct list_state *state, uint32_t page)
{
	uint64_t va = segment_va(state, page);

	if (region->iova_mode == RTE_IOVA_VA)
		return va;
	/* An ordinary page may migrate at any time: its physical address is no IO address. */
	return state->page_shift > 12 ? os_virt2phys((void *)(uintptr_t)va) : RTE_BAD_IOVA;
}

/* The IO addresses of all pages, checked against what the caller and the devices need. */
static int learn_iovas(
	const struct region *region, const struct hotplug_request *request, uint64_t *iovas)
{
	const struct list_state *state = &region->states[request->list];
	uint64_t page_sz = 1ull << state->page_shift;
	unsigned int bits = rcu_load_relaxed(
		&region->dma_bits); /* Relaxed: a mask set meanwhile counts for the next plug. */

	for (uint32_t i = 0; i < request->n; i++) {
		iovas[i] = page_iova(region, state, request->first + i);
		if (iovas[i] == RTE_BAD_IOVA && (request->contig || state->page_shift > 12))
			return -ENOMEM;
		if (request->contig && i && iovas[i] != iovas[i - 1] + page_sz)
			return -ENOMEM;
		if (iovas[i] == RTE_BAD_IOVA)
			continue;
		if (bits && !dma_fits(iovas[i], page_sz, bits))
			return -ENOMEM;
	}
	return bits && !dma_all_fit(region, bits) ? -ENOMEM : 0;
}

/* How many pages from one on have adjacent IO addresses. */
static uint32_t run_of(
	const struct hotplug_request *request, const uint64_t *iovas, uint32_t i, uint64_t page_sz)
{
	uint32_t n = 1;

	while (i + n < request->n && iovas[i + n] == iovas[i] + n * page_sz)
		n++;
	return n;
}

/* Make sure that the pages can be put into the IOVA index. */
static int reserve_iovas(
	struct region *region, const struct hotplug_request *request, const uint64_t *iovas)
{
	unsigned int shift = region->states[request->list].page_shift;
	int err = 0;

	for (uint32_t i = 0, n; i < request->n && !err; i += n) {
		n = run_of(request, iovas, i, 1ull << shift);
		if (iovas[i] != RTE_BAD_IOVA)
			err = index_iova_reserve(region, iovas[i], (uint64_t)n << shift, shift);
	}
	return err;
}

/* Put them there, as few ranges as their IO addresses allow. */
static void index_iovas(
	struct region *region, const struct hotplug_request *request, const uint64_t *iovas)
{
	const struct list_state *state = &region->states[request->list];

	for (uint32_t i = 0, n; i < request->n; i += n) {
		n = run_of(request, iovas, i, 1ull << state->page_shift);
		if (iovas[i] != RTE_BAD_IOVA)
			index_iova_set(region, iovas[i], (uint64_t)n << state->page_shift,
				segment_va(state, request->first + i));
	}
}

static void publish(
	struct region *region, const struct hotplug_request *request, const uint64_t *iovas)
{
	const struct list_state *state = &region->states[request->list];
	struct rte_memseg_list *msl = &region->lists[request->list];
	uint64_t len = (uint64_t)request->n << state->page_shift;
	struct snapshot_edit edit;

	index_pages_direct(region, request->list, request->first, request->n);
	for (uint32_t i = 0; i < request->n; i++) {
		uint32_t page = request->first + i;

		segment_describe(region, request->list, page, iovas[i], request->flags);
		TEST_POINT("plug.page");
	}
	TEST_POINT("plug.described");
	index_iovas(region, request, iovas);
	snapshot_begin(&edit, region);
	snapshot_set_pages(&edit, request->list, request->first, request->n, true);
	TEST_POINT("plug.shown");
	/* Relaxed, all of these: figures, read without order by whoever is curious. */
	rcu_store_relaxed(&msl->version, msl->version + 1);
	rcu_store_relaxed(
		&region->socket_bytes[state->socket], region->socket_bytes[state->socket] + len);
	rcu_store_relaxed(&region->stats.bytes, region->stats.bytes + len);
	rcu_store_relaxed(&region->stats.segments, region->stats.segments + request->n);
	snapshot_publish(&edit);
	TEST_POINT("plug.published");
	/* Last: an operation that recovery takes back is not counted. */
	rcu_store_relaxed(&region->stats.allocs, region->stats.allocs + 1);
}

/* Everything that can fail without a trace. */
static int prepare(struct region *region, const struct hotplug_request *request, bool listeners)
{
	const struct page_range range = {request->list, request->first, request->n};
	int err = listeners ? event_log_room(region) : 0;

	if (!hotplug_unused(region, &range)) {
		log_message(LOG_ERROR, "the mask of pages that are taken is damaged");
		return -ENOTRECOVERABLE;
	}
	if (!err)
		err = snapshot_prepare(region, request->list, request->first, request->n, NULL);
	if (!err)
		err = index_pages_reserve(region, request->list, request->first, request->n);
	return err;
}

/* Published: whoever listens is to be told, and nobody frees the pages meanwhile. */
static void announce(struct region *region, const struct hotplug_request *request, uint32_t record)
{
	hotplug_record_begin(
		region, record, OP_ALLOC_EVENTS, request->list, request->first, request->n);
	event_log_append(
		region, RTE_MEM_EVENT_ALLOC, &region->ops[record], event_log_listeners(region));
}

int hotplug_plug(struct region *region, const struct hotplug_request *request, int *record)
{
	const struct list_state *state = &region->states[request->list];
	uint64_t seq =
		snapshot_seq(rcu_load_relaxed(&region->root)) + 1; /* Relaxed: under the mutex. */
	bool listeners = !request->silent && event_log_listeners(region);
	int own = hotplug_record(region);
	uint64_t *iovas;
	int err;

	*record = -1;
	if (own < 0)
		return -EAGAIN;
	err = prepare(region, request, listeners);
	if (err)
		return err;
	iovas = malloc(request->n * sizeof(*iovas));
	if (iovas == NULL)
		return -ENOMEM;

	TEST_POINT("plug.prepared");
	region->intent.event = listeners ? event_log_next(region) : 0;
	if (PLANTED(LATE_INTENT)) {
		pagemask_set(state->taken, state->n_pages, request->first, request->n, true);
		back(region, request);
	}
	intent_begin(region, INTENT_ALLOC, request->list, request->first, request->n, seq,
		(uint32_t)own);
	TEST_POINT("plug.begun");
	pagemask_set(state->taken, state->n_pages, request->first, request->n, true);
	TEST_POINT("plug.taken");
	err = back(region, request);
	if (err)
		goto undo_taken;
	TEST_POINT("plug.backed");
	err = learn_iovas(region, request, iovas);
	if (!err)
		err = reserve_iovas(region, request, iovas);
	if (err)
		goto undo_pages;
	publish(region, request, iovas); /* From here on nothing fails. */
	if (listeners) {
		announce(region, request, (uint32_t)own);
		*record = own;
	}
	intent_end(region);
	free(iovas);
	return 0;

undo_pages:
	TEST_POINT("plug.refused");
	os_pages_unplug(runtime.list_fds[request->list],
		(uint64_t)request->first << state->page_shift,
		(uint64_t)request->n << state->page_shift);
undo_taken:
	TEST_POINT("plug.unbacked");
	pagemask_set(state->taken, state->n_pages, request->first, request->n, false);
	intent_end(region);
	free(iovas);
	return err;
}
