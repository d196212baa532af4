/* SPDX-License-Identifier: BSD-3-Clause */
#include "lookup.h"

/* One lookup: of which byte of which page, and what was known before. */
struct query {
	const struct arena *arena;
	uint32_t slot;
	char *va;      /* Of the page. */
	uint64_t off;  /* Of the byte. */
	uint64_t iova; /* The page's, as far as is known. */
	struct moment before;
	uint64_t fast_replugs;
};

static struct query query_random(uint64_t *random)
{
	const struct arena *arena = &arenas[random_below(random, n_arenas)];
	uint32_t slot = random_below(random, arena->n_slots + arena->n_slots / 4);
	struct query q = {.arena = arena, .slot = slot, .va = slot_va(arena, slot)};

	q.off = random_u64(random) % arena->page_sz;
	/* Acquire, here and below: pair with pages_present(). */
	q.fast_replugs = rcu_load_acquire(&arena->slots[slot].fast_replugs);
	q.before = moment_take(arena, slot);
	q.iova =
		options.pa ? rcu_load_acquire(&arena->slots[slot].iova) : (uint64_t)(uintptr_t)q.va;
	return q;
}

static bool has_iova(const struct arena *arena)
{
	/* In mode PA pages of 4 KiB have none. */
	return !options.pa || arena->page_sz != RTE_PGSIZE_4K;
}

/* ---- Kinds of lookups ---- */

static void judge(const char *what, const struct query *q, const struct moment *after, bool found)
{
	uint64_t fast = rcu_load_acquire(
		&q->arena->slots[q->slot].fast_replugs); /* As in query_random(). */

	model_judge(what, q->arena, q->slot, &q->before, after, found);
	tally->straddled += fast != q->fast_replugs;
}

/* The slot, whatever it says; in use when its bit is set. */
static void by_address(const struct query *q, struct holds *holds)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(q->va + q->off, NULL);
	bool used = rte_fbarray_is_used(&q->arena->msl->memseg_arr, (unsigned int)q->slot) == 1;
	struct moment after = moment_take(q->arena, q->slot);

	judge("rte_mem_virt2memseg", q, &after, used);
	if (ms == NULL) {
		stress_fail("wrong", "%p has no slot", (void *)q->va);
		return;
	}
	if (!used || !holds)
		return;
	if (ms->addr != q->va || ms->len != q->arena->page_sz || ms->hugepage_sz != ms->len ||
		ms->socket_id != q->arena->msl->socket_id || ms->flags != 0)
		stress_fail("early", "the descriptor of %p in use says %p, length %zu, socket %d",
			(void *)q->va, ms->addr, ms->len, ms->socket_id);
	if (!options.pa && ms->iova != q->iova)
		stress_fail("early", "the descriptor of %p in use says IOVA %#llx", (void *)q->va,
			(unsigned long long)ms->iova);
	holds_add(holds, q->arena, q->slot, ms, &q->before);
}

/* Another page may have this physical address by now; then it must say so itself. */
static void found_elsewhere(const struct query *q, const char *va)
{
	const struct arena *arena = q->arena;
	uint64_t slot = (uint64_t)(va - arena->base) / arena->page_sz;
	struct page_head head;

	if (!options.pa || va < arena->base || slot >= SLOTS_MAX)
		stress_fail("wrong", "IOVA %#llx is at %p instead of %p",
			(unsigned long long)q->iova, (const void *)va, (void *)(q->va + q->off));
	else if (page_read(slot_va(arena, (uint32_t)slot), arena->page_sz, &head) &&
		 head.iova != q->iova)
		stress_fail("wrong", "IOVA %#llx is at %p, which has %#llx",
			(unsigned long long)q->iova, (const void *)va,
			(unsigned long long)head.iova);
}

static void by_iova(const struct query *q, struct holds *holds)
{
	char *va = rte_mem_iova2virt(q->iova + q->off);
	struct moment after = moment_take(q->arena, q->slot);

	judge("rte_mem_iova2virt", q, &after, va && (!options.pa || va == q->va + q->off));
	if (va && va != q->va + q->off && holds)
		found_elsewhere(q, va);
	else if (va && va != q->va + q->off && !options.pa)
		found_elsewhere(q, va);
	else if (va && holds)
		holds_add(holds, q->arena, q->slot, NULL, &q->before);
}

/* Several pages in a row: each of those in the answer is there until the section ends. */
static void by_iova_range(const struct query *q, struct holds *holds)
{
	uint64_t want = q->arena->page_sz * 3, len = want;
	char *va = rcumem_iova2virt(NULL, q->iova + q->off, &len);
	struct moment after = moment_take(q->arena, q->slot);

	judge("rcumem_iova2virt", q, &after, va && (!options.pa || va == q->va + q->off));
	if (len > want || (va == NULL) != (len == 0))
		stress_fail("wrong", "%llu bytes at %p", (unsigned long long)len, (void *)va);
	if (!va || va != q->va + q->off) {
		if (va && (holds || !options.pa))
			found_elsewhere(q, va);
		return;
	}
	if (len < want && (q->off + len) % q->arena->page_sz)
		stress_fail("wrong", "%llu bytes from %p on end within a page",
			(unsigned long long)len, (void *)va);
	if (!holds)
		return;
	for (uint64_t slot = q->slot;
		slot * q->arena->page_sz < q->slot * q->arena->page_sz + q->off + len &&
		slot < SLOTS_MAX;
		slot++) {
		struct moment none = {0};

		holds_add(holds, q->arena, (uint32_t)slot, NULL,
			slot == q->slot ? &q->before : &none);
	}
}

static void to_iova(const struct query *q, struct holds *holds)
{
	rte_iova_t iova = rcumem_virt2iova(NULL, q->va + q->off, NULL);
	struct moment after = moment_take(q->arena, q->slot);

	judge("rcumem_virt2iova", q, &after, iova != RTE_BAD_IOVA);
	if (iova == RTE_BAD_IOVA)
		return;
	if (q->before.state == after.state && moment_state(&after) == SLOT_PRESENT &&
		iova != q->iova + q->off)
		stress_fail("wrong", "%p has IOVA %#llx instead of %#llx", (void *)(q->va + q->off),
			(unsigned long long)iova, (unsigned long long)(q->iova + q->off));
	if (!options.pa && iova != q->iova + q->off)
		stress_fail("wrong", "%p has IOVA %#llx", (void *)(q->va + q->off),
			(unsigned long long)iova);
	if (holds)
		holds_add(holds, q->arena, q->slot, NULL, &q->before);
}

static void its_list(const struct query *q, struct holds *holds)
{
	(void)holds;
	tally->lookups++;
	tally->must++;
	if (rte_mem_virt2memseg_list(q->va + q->off) != q->arena->msl)
		stress_fail("wrong", "%p is in no list, or another", (void *)q->va);
}

static const struct {
	void (*ask)(const struct query *q, struct holds *holds);
	bool by_iova;
} kinds[] = {
	{by_address, false},
	{its_list, false},
	{by_iova, true},
	{by_iova_range, true},
	{to_iova, true},
};

#define LOOKUPS (sizeof(kinds) / sizeof(kinds[0]))

void lookup_random(uint64_t *random, struct holds *holds)
{
	struct query q = query_random(random);
	uint32_t kind = random_below(random, LOOKUPS);

	if (!kinds[kind].by_iova || (has_iova(q.arena) && q.iova))
		kinds[kind].ask(&q, holds);
}

/* ---- Lookups with a pause ---- */

/* Between which loads. */
static const struct {
	const char *point;
	void (*ask)(const struct query *q, struct holds *holds);
	bool last; /* Nothing that decides was loaded before the point. */
} straddles[] = {
	{"lookup.node", by_iova, true},
	{"lookup.leaf", by_iova, true},
	{"lookup.node", by_iova_range, true},
	{"lookup.leaf", by_iova_range, true},
	{"lookup.node", to_iova, true},
	{"lookup.descriptor", to_iova, true},
	{"lookup.iova", to_iova, false},
};

#define STRADDLES (sizeof(straddles) / sizeof(straddles[0]))

void lookup_straddle(unsigned int reader, uint64_t *random)
{
	struct query q = query_random(random);
	uint32_t kind = random_below(random, STRADDLES);
	uint64_t found = tally->found;
	struct moment resumed, after;

	if (!has_iova(q.arena) || q.iova == 0 || moment_state(&q.before) != SLOT_PRESENT)
		return;
	pause_arm(reader, q.arena, q.slot, straddles[kind].point);
	straddles[kind].ask(&q, NULL);
	if (!pause_disarm(&resumed))
		return;
	tally->paused++;
	after = moment_take(q.arena, q.slot);
	/* The page was there from the end of the pause on, and so it is found: in mode VA, where
	 * its address is still the one that was looked up. */
	if (!options.pa && straddles[kind].last && tally->found == found &&
		model_expect(&resumed, &after) == EXPECT_FOUND)
		stress_fail("late",
			"a lookup that went on at %s after page %p was plugged again does not find "
			"it",
			straddles[kind].point, (void *)q.va);
}
