/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "walk.h"

/* What one walk showed of an arena. */
struct sight {
	bool seen[SLOTS_MAX];
	struct page_head head[SLOTS_MAX]; /* Generation 0: not filled in yet. */
	struct moment before[SLOTS_MAX];
	uint32_t last; /* Slot after the last one seen. */
};

static __thread struct sight sights[2];
static __thread unsigned int lists_seen;

static void sight_begin(void)
{
	for (unsigned int i = 0; i < n_arenas; i++) {
		struct sight *sight = &sights[i];

		memset(sight->seen, 0, sizeof(sight->seen));
		sight->last = 0;
		for (uint32_t s = 0; s < SLOTS_MAX; s++)
			sight->before[s] = moment_take(&arenas[i], s);
	}
	lists_seen = 0;
}

/* A page that a walk shows, in the walk's callback: everything about it must be right. */
static void see_page(struct arena *arena, const struct rte_memseg *ms, uint64_t slot)
{
	struct sight *sight = &sights[arena - arenas];
	char *va = slot_va(arena, (uint32_t)slot);

	if (slot >= SLOTS_MAX) {
		stress_fail("wrong", "a walk shows page %p, which was never allocated", (void *)va);
		return;
	}
	if (ms->addr != va || ms->len != arena->page_sz || ms->hugepage_sz != ms->len ||
		ms->socket_id != arena->msl->socket_id || ms->flags != 0 ||
		(!options.pa && ms->iova != (uint64_t)(uintptr_t)va))
		stress_fail("torn", "a walk shows page %p as %p, IOVA %#llx, length %zu, socket %d",
			(void *)va, ms->addr, (unsigned long long)ms->iova, ms->len, ms->socket_id);
	if (slot < sight->last)
		stress_fail("wrong", "a walk shows page %p out of order", (void *)va);
	sight->last = (uint32_t)slot + 1;
	sight->seen[slot] = true;
	sight->head[slot].generation = page_read(va, arena->page_sz, &sight->head[slot]);
	if (sight->head[slot].generation && options.pa && arena->page_sz != RTE_PGSIZE_4K &&
		ms->iova != sight->head[slot].iova)
		stress_fail("torn", "a walk shows page %p with IOVA %#llx, it has %#llx",
			(void *)va, (unsigned long long)ms->iova,
			(unsigned long long)sight->head[slot].iova);
}

static int see_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	struct arena *arena = arena_of(msl);
	uint64_t first;

	(void)arg;
	if (!arena || stress_failed())
		return 0;
	first = (uint64_t)(ms - (const struct rte_memseg *)msl->memseg_arr.data);
	for (uint64_t i = 0; i < len / arena->page_sz; i++)
		see_page(arena, ms + i, first + i);
	return 0;
}

static int see_seg(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	return see_run(msl, ms, msl->page_sz, arg);
}

static int see_list(const struct rte_memseg_list *msl, void *arg)
{
	(void)arg;
	lists_seen += arena_of(msl) != NULL;
	return 0;
}

/* Of an allocation whose page is seen, all are: `parts` ones are not, for they are freed in parts.
 */
static void see_whole(const struct arena *arena, const struct sight *sight, uint32_t slot)
{
	const struct page_head *head = &sight->head[slot];
	uint32_t first = slot - head->index;

	if (head->generation == 0 || head->parts)
		return;
	for (uint32_t s = first; s < first + head->n; s++) {
		if (!sight->seen[s])
			stress_fail("partly",
				"a walk shows page %u of allocation %llu, and not page %u of %u",
				head->index, (unsigned long long)head->id, s - first, head->n);
		else if (sight->head[s].generation && sight->head[s].id != head->id)
			stress_fail("partly",
				"a walk shows page %u of allocation %llu, and %llu at page %u",
				head->index, (unsigned long long)head->id,
				(unsigned long long)sight->head[s].id, s - first);
	}
	tally->whole += head->n > 1 && head->index == 0;
	(void)arena;
}

/* Nothing stops a walk, and nothing is damaged. */
static void ended(const char *what, int ret)
{
	if (ret)
		stress_fail("wrong", "%s ends with %d, errno %d", what, ret, rte_errno);
}

static void sight_judge(const char *what, int ret)
{
	tally->walks++;
	ended(what, ret);
	for (unsigned int i = 0; i < n_arenas; i++) {
		const struct sight *sight = &sights[i];

		for (uint32_t s = 0; s < SLOTS_MAX && !stress_failed(); s++) {
			struct moment after = moment_take(&arenas[i], s);

			if (!sight->seen[s] && after.state == 0)
				continue; /* Never used. */
			model_judge(what, &arenas[i], s, &sight->before[s], &after, sight->seen[s]);
			if (!sight->seen[s])
				continue;
			see_whole(&arenas[i], sight, s);
			if (sight->head[s].generation && !model_possible(&sight->before[s], &after,
								 sight->head[s].generation))
				stress_fail("recycled",
					"%s shows generation %llu of page %p, not %llu to %llu",
					what, (unsigned long long)sight->head[s].generation,
					(void *)slot_va(&arenas[i], s),
					(unsigned long long)moment_generation(&sight->before[s]),
					(unsigned long long)moment_generation(&after));
		}
	}
}

static void lists_judge(int ret)
{
	tally->walks++;
	ended("a walk of lists", ret);
	if (lists_seen != n_arenas)
		stress_fail("wrong", "a walk shows %u lists of %u", lists_seen, n_arenas);
}

void walk_sections(uint64_t *random)
{
	sight_begin();
	switch (random_below(random, 4)) {
	case 0:
		lists_judge(rte_memseg_list_walk(see_list, NULL));
		break;
	case 1:
		sight_judge("rte_memseg_contig_walk", rte_memseg_contig_walk(see_run, NULL));
		break;
	default:
		sight_judge("rte_memseg_walk", rte_memseg_walk(see_seg, NULL));
		break;
	}
}

void walk_raw(uint64_t *random)
{
	sight_begin();
	switch (random_below(random, 4)) {
	case 0:
		lists_judge(rte_memseg_list_walk_thread_unsafe(see_list, NULL));
		break;
	case 1:
		sight_judge("rte_memseg_contig_walk_thread_unsafe",
			rte_memseg_contig_walk_thread_unsafe(see_run, NULL));
		break;
	default:
		sight_judge("rte_memseg_walk_thread_unsafe",
			rte_memseg_walk_thread_unsafe(see_seg, NULL));
		break;
	}
}
