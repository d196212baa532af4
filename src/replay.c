/* SPDX-License-Identifier: BSD-3-Clause */
#include "replay.h"
#include "segment.h"
#include "snapshot.h"

void replay_take(struct replay *replay)
{
	struct region *region = replay->region;

	replay->root = snapshot_get(region);
	replay->n_leaving = 0;
	for (uint32_t i = 0; i < REGION_OPS; i++) {
		const struct op_record *op = &region->ops[i];

		/* Relaxed: such a record begins, and the range goes, under the mutex. */
		if (rcu_load_relaxed(&op->state) == OP_FREE_EVENTS)
			replay->leaving[replay->n_leaving++] = (struct op_record){
				.list = op->list, .first = op->first, .n = op->n};
	}
}

static void replay_range(const struct replay *replay, uint32_t list, uint32_t first, uint32_t n)
{
	const struct list_state *state = &replay->region->states[list];

	if (n)
		replay->clb(RTE_MEM_EVENT_ALLOC, (void *)(uintptr_t)segment_va(state, first),
			(size_t)n << state->page_shift, replay->arg);
}

/* A run of pages in use, without what is leaving. */
static int replay_run(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	const struct replay *replay = ctx;
	uint32_t end = first + n;

	while (first < end) {
		uint32_t stop = end, next = end;

		for (uint32_t i = 0; i < replay->n_leaving; i++) {
			const struct op_record *op = &replay->leaving[i];

			if (op->list != list || op->first + op->n <= first || op->first >= stop)
				continue;
			stop = op->first > first ? op->first : first;
			next = op->first + op->n;
		}
		replay_range(replay, list, first, stop - first);
		first = next;
	}
	return 0;
}

void replay_tell(struct replay *replay)
{
	struct region *region = replay->region;
	const struct snapshot_entry *entry;
	int64_t list = -1;
	int ret;

	/* Of what is damaged nothing is told but a message. */
	while ((list = snapshot_next_list(region, replay->root, (uint32_t)(list + 1), &entry)) >= 0)
		if (list < region->n_internal)
			snapshot_runs(region, entry, (uint32_t)list, replay_run, replay, &ret);
}
