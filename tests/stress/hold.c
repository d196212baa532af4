/* SPDX-License-Identifier: BSD-3-Clause */
/* What a section holds: it stays as it was found until the section ends, and no longer than that.
 */

#include "lookup.h"

void holds_add(struct holds *holds, const struct arena *arena, uint32_t slot,
	const struct rte_memseg *ms, const struct moment *before)
{
	struct hold *hold = &holds->hold[holds->n];
	struct page_head head;
	struct moment after;

	if (holds->n == HOLDS_MAX)
		return;
	*hold = (struct hold){.arena = arena, .slot = slot, .ms = ms};
	if (ms)
		hold->said = *ms;
	hold->generation = page_read(slot_va(arena, slot), arena->page_sz, &head);
	after = moment_take(arena, slot);
	if (hold->generation && !model_possible(before, &after, hold->generation))
		stress_fail("recycled",
			"page %p is of generation %llu, though %llu to %llu were to be found",
			(void *)slot_va(arena, slot), (unsigned long long)hold->generation,
			(unsigned long long)moment_generation(before),
			(unsigned long long)moment_generation(&after));
	holds->n++;
	tally->holds++;
}

static void hold_recheck(struct hold *hold)
{
	char *va = slot_va(hold->arena, hold->slot);
	struct page_head head;
	uint64_t generation = page_read(va, hold->arena->page_sz, &head);
	const struct rte_memseg *ms = hold->ms;

	tally->rechecks++;
	if (hold->generation && generation != hold->generation) {
		tally->ages[2]++;
		stress_fail("recycled",
			"page %p was of generation %llu and is of %llu in the same section",
			(void *)va, (unsigned long long)hold->generation,
			(unsigned long long)generation);
	}
	hold->generation = generation;
	if (ms && (ms->addr != hold->said.addr || ms->iova != hold->said.iova ||
			  ms->len != hold->said.len || ms->flags != hold->said.flags ||
			  ms->hugepage_sz != hold->said.hugepage_sz ||
			  ms->socket_id != hold->said.socket_id))
		stress_fail("recycled",
			"the descriptor of %p said IOVA %#llx, length %zu and says %p, %#llx, %zu "
			"in the same section",
			(void *)va, (unsigned long long)hold->said.iova, hold->said.len, ms->addr,
			(unsigned long long)ms->iova, ms->len);
}

void holds_recheck(struct holds *holds)
{
	for (unsigned int i = 0; i < holds->n; i++)
		hold_recheck(&holds->hold[i]);
}

/* How old it is, and how long its free has been waiting for this section. */
static void hold_age(const struct hold *hold)
{
	const struct slot *slot = &hold->arena->slots[hold->slot];
	struct moment now = moment_take(hold->arena, hold->slot);
	enum slot_state state = moment_state(&now);
	uint64_t left = rcu_load_acquire(&slot->left_ns); /* Pairs with pages_free(). */
	uint64_t at = now_ns();

	if (hold->generation == 0 || hold->generation != moment_generation(&now))
		return; /* Not told yet. */
	if (state == SLOT_PRESENT) {
		tally->ages[0]++;
	} else if (state == SLOT_ABSENT) {
		tally->ages[2]++;
		stress_fail("recycled", "page %p is free, and a section that found it goes on",
			(void *)slot_va(hold->arena, hold->slot));
	} else {
		tally->ages[1]++;
		tally->waited[log2_bucket(at > left ? (at - left) / 1000 : 0)]++;
	}
}

void holds_end(struct holds *holds)
{
	for (unsigned int i = 0; i < holds->n; i++) {
		hold_recheck(&holds->hold[i]);
		hold_age(&holds->hold[i]);
	}
	holds->n = 0;
}
