/* SPDX-License-Identifier: BSD-3-Clause */
/* The intent record and what a dead writer's successor makes of it. */

#include "event_log.h"
#include "external.h"
#include "hotplug.h"
#include "intent.h"
#include "log.h"
#include "pagemask.h"
#include "point.h"
#include "process.h"
#include "segment.h"
#include "snapshot_edit.h"

void intent_begin(struct region *region, enum intent_op op, uint32_t list, uint32_t first,
	uint32_t n, uint64_t seq, uint32_t record)
{
	struct intent *intent = &region->intent;

	intent->list = list;
	intent->first = first;
	intent->n = n;
	intent->seq = seq;
	intent->record = record;
	TEST_POINT("intent.filled");
	/* Release pairs with intent_recover(): the members above belong to the operation. */
	rcu_store_release(&intent->op, op);
	TEST_POINT("intent.begin");
}

void intent_end(struct region *region)
{
	TEST_POINT("intent.end");
	/* Release pairs with intent_recover(): everything is done. */
	rcu_store_release(&region->intent.op, INTENT_NONE);
}

/* Recount what is derived from the masks and the lists. */
static void recount(struct region *region)
{
	struct region_stats *stats = &region->stats;
	uint64_t segments = 0, bytes = 0, lists = 0, quarantined = 0;
	uint32_t external = 0;

	TEST_POINT("recover.recount");
	for (uint32_t s = 0; s < REGION_SOCKETS; s++)
		region->socket_bytes[s] = 0;
	for (uint32_t i = 0; i < region->max_lists; i++) {
		const struct list_state *state = &region->states[i];
		uint64_t used;

		if (state->kind != LIST_INTERNAL && state->kind != LIST_EXTERNAL)
			continue;
		external += state->kind == LIST_EXTERNAL;
		segment_recount(region, i);
		used = region->lists[i].memseg_arr.count;
		lists++;
		segments += used;
		if (state->kind == LIST_INTERNAL) {
			bytes += used << state->page_shift;
			region->socket_bytes[state->socket] += used << state->page_shift;
		}
	}
	for (uint32_t i = 0; i < REGION_OPS; i++)
		/* Relaxed: quarantines begin and end under the mutex. */
		if (rcu_load_relaxed(&region->ops[i].state) == OP_QUARANTINE)
			quarantined += (uint64_t)region->ops[i].n
				       << region->states[region->ops[i].list].page_shift;
	/* Release pairs with external_iova2virt(), as in publish_list(). */
	rcu_store_release(&region->external_cnt, external);
	/* Relaxed: figures. */
	rcu_store_relaxed(&stats->segments, segments);
	rcu_store_relaxed(&stats->bytes, bytes);
	rcu_store_relaxed(&stats->lists, lists);
	rcu_store_relaxed(&stats->quarantined_bytes, quarantined);
}

/* Readers may have found the range until now. */
static void quarantine(struct region *region, const struct intent *intent)
{
	hotplug_quarantine(region, intent->record, intent->list, intent->first, intent->n,
		rcu_ticket(region->domain));
}

/* Bring a free to its first half's end: withdrawn, published so, in quarantine. */
static void finish_unpublish(struct region *region, const struct intent *intent, bool published)
{
	struct snapshot_edit edit;
	struct rte_memseg_list *msl = &region->lists[intent->list];

	hotplug_withdraw(region, intent->list, intent->first, intent->n);
	TEST_POINT("recover.withdrawn");
	/* Relaxed: a figure.  Callers compare it, so that twice is better than never. */
	rcu_store_relaxed(&msl->version, msl->version + intent->n);
	if (!published) {
		snapshot_begin(&edit, region);
		snapshot_set_pages(&edit, intent->list, intent->first, intent->n, false);
		snapshot_publish(&edit);
	}
	TEST_POINT("recover.unpublished");
	quarantine(region, intent);
}

/*
 * A plug that was not published is taken back; readers may have found its pages
 * by the indexes, so they wait, and nobody may take them meanwhile.  Threads that
 * cleared pages for the dead one may be at it for a moment: a page that came
 * after the punch would belong to nobody.
 */
static void undo_alloc(struct region *region, const struct intent *intent)
{
	const struct list_state *state = &region->states[intent->list];

	if (!process_wait_end(region->owner_process, region->lock_timeout_ns))
		log_message(LOG_ERROR, "process %d lost its writer and goes on", region->owner_pid);
	pagemask_set(state->taken, state->n_pages, intent->first, intent->n, true);
	TEST_POINT("recover.taken");
	hotplug_withdraw(region, intent->list, intent->first, intent->n);
	quarantine(region, intent);
}

/* The socket of a list that was published is never given again. */
static void keep_socket_id(struct region *region, uint32_t list)
{
	uint32_t next = (uint32_t)region->states[list].socket + 1;

	TEST_POINT("recover.socket");
	if (region->next_socket_id < next)
		region->next_socket_id = next;
}

/* The processes that listen hear of new pages, whoever dies. */
static void finish_alloc(struct region *region, const struct intent *intent)
{
	const struct op_record op = {.list = intent->list, .first = intent->first, .n = intent->n};

	TEST_POINT("recover.event");
	if (intent->event && event_log_next(region) == intent->event)
		event_log_append(region, RTE_MEM_EVENT_ALLOC, &op, event_log_listeners(region));
}

void intent_recover(struct region *region)
{
	struct intent intent = region->intent;
	bool published = snapshot_seq(rcu_load_relaxed(&region->root)) >=
			 intent.seq; /* Relaxed: under the mutex. */
	bool edits = intent.op == INTENT_UNPUBLISH || intent.op == INTENT_UNREGISTER;

	snapshot_sweep(region);
	/* What the dead writer had made sure of is there again, or somebody has damaged it. */
	if (edits && !published && snapshot_reserve(region, snapshot_cost(intent.n), NULL)) {
		intent_give_up(region);
		return;
	}
	/* Acquire pairs with intent_begin() and intent_end(). */
	switch ((enum intent_op)rcu_load_acquire(&region->intent.op)) {
	case INTENT_NONE:
		break;
	case INTENT_ALLOC:
		if (published)
			finish_alloc(region, &intent);
		else
			undo_alloc(region, &intent);
		break;
	case INTENT_UNPUBLISH:
		finish_unpublish(region, &intent, published);
		break;
	case INTENT_RECLAIM:
		hotplug_reclaim_steps(region, &region->ops[intent.record]);
		TEST_POINT("recover.reclaimed");
		/* Relaxed: as in hotplug_reclaim(). */
		rcu_store_relaxed(&region->ops[intent.record].state, OP_FREE_SLOT);
		break;
	case INTENT_REGISTER:
		if (!published)
			external_undo(region, intent.list, intent.seq);
		else
			keep_socket_id(region, intent.list);
		break;
	case INTENT_TAKE_BACK:
		hotplug_take_back_steps(region, &intent);
		break;
	case INTENT_UNREGISTER:
		external_unpublish(region, intent.list, published);
		break;
	}
	event_log_ring_listeners(region); /* It may have died before it woke them. */
	TEST_POINT("recover.done");
	hotplug_abandon(region, op_owner(region->owner_process, region->owner_tid), 0);
	recount(region);
	TEST_POINT("recover.counted");
	rcu_store_relaxed(
		&region->stats.recoveries, region->stats.recoveries + 1); /* Relaxed: a figure. */
	intent_end(region);
}
