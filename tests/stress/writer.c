/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The writer: allocates and frees at random, mostly so that a page is plugged
 * again right after its free, and re-plugs the pages that readers wait for.
 */

#include <errno.h>

#include "model.h"

#define ALLOCATIONS_MAX 128
#define FAST_NS         1000000u
#define WAITING_MAX     64

/* A range of pages that were allocated together, or what is left of it. */
struct allocation {
	struct arena *arena;
	uint32_t first;
	uint32_t n;
	bool parts; /* May be freed in parts: walks cannot tell whether it is whole. */
};

static struct {
	struct allocation live[ALLOCATIONS_MAX];
	unsigned int n;
	uint64_t random;
	uint64_t next_id;
	uint32_t waiting; /* Pages that became WAITING. */
} writer;

struct writer_counts writer_counts;

/* ---- One operation ---- */

static void slot_set(struct slot *slot, uint64_t generation, enum slot_state state)
{
	rcu_store_release(&slot->state, generation << 2 | state); /* Pairs with moment_take(). */
}

static uint64_t slot_generation(const struct slot *slot)
{
	return rcu_load_relaxed(&slot->state) >> 2; /* Relaxed: the writer's own. */
}

/* Pages of an alloc that has returned: fill them in, then tell. */
static void pages_present(const struct allocation *a, char *va)
{
	uint64_t id = ++writer.next_id, now = now_ns();

	for (uint32_t i = 0; i < a->n; i++) {
		struct slot *slot = &a->arena->slots[a->first + i];
		char *page = va + i * a->arena->page_sz;
		struct page_head head = {slot_generation(slot) + 1, (uint64_t)(uintptr_t)page,
			rte_mem_virt2memseg(page, NULL)->iova, id, a->n, i, a->parts};
		bool fast = slot->free_ns && now - slot->free_ns < FAST_NS;

		page_fill(page, a->arena->page_sz, &head);
		/* Pairs with query_random(): after the state in between. */
		rcu_store_release(&slot->iova, head.iova);
		slot_set(slot, head.generation, SLOT_PRESENT);
		writer_counts.plugs++;
		if (slot->free_ns == 0)
			continue;
		writer_counts.fast_replugs += fast;
		/* Pair with pause_for_replug() and lookups that compare before and after. */
		rcu_store_release(&slot->fast_replugs, slot->fast_replugs + fast);
		rcu_store_release(&slot->replugs, slot->replugs + 1);
	}
}

static bool pages_alloc(struct arena *arena, uint32_t n, bool parts)
{
	struct allocation *a = &writer.live[writer.n];
	char *va;

	if (writer.n == ALLOCATIONS_MAX)
		return false;
	/* So many places that wait for readers would drive allocations beyond all slots. */
	if (writer.waiting > WAITING_MAX)
		rcumem_synchronize(1000);
	/* Before the pages can be found: pairs with moment_take(). */
	rcu_store_release(&arena->allocs, arena->allocs + 1);
	va = rcumem_pages_alloc(n * arena->page_sz, arena->page_sz, SOCKET_ID_ANY, 0);
	if (va) {
		*a = (struct allocation){
			arena, (uint32_t)((uint64_t)(va - arena->base) / arena->page_sz), n, parts};
		if (a->first + n > SLOTS_MAX) {
			stress_fail(
				"wrong", "alloc gives %p, beyond all that were freed", (void *)va);
			return false;
		}
		pages_present(a, va);
		writer.n++;
	} else if (rte_errno != ENOMEM || arena->page_sz == RTE_PGSIZE_4K) {
		stress_fail("wrong", "alloc of %u pages: errno %d", n, rte_errno);
	} else {
		writer_counts.refused++; /* Others take hugepages too. */
	}
	rcu_store_release(&arena->allocs, arena->allocs + 1);
	return va != NULL;
}

/* Readers may hold freed pages until nothing waits any more. */
static void settle_waiting(void)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	if (!writer.waiting || rcumem_stats_get(&stats) || stats.quarantined_bytes)
		return;
	writer.waiting = 0;
	for (unsigned int i = 0; i < n_arenas; i++)
		for (uint32_t s = 0; s < SLOTS_MAX; s++)
			if ((arenas[i].slots[s].state & 3) == SLOT_WAITING)
				slot_set(&arenas[i].slots[s], slot_generation(&arenas[i].slots[s]),
					SLOT_ABSENT);
}

static bool pages_free(struct arena *arena, uint32_t first, uint32_t n)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	uint64_t began = now_ns(), ended, took;

	for (uint32_t s = first; s < first + n; s++) {
		rcu_store_relaxed(&arena->slots[s].left_ns, began); /* Relaxed: the state tells. */
		slot_set(&arena->slots[s], slot_generation(&arena->slots[s]), SLOT_LEAVING);
	}
	if (rcumem_pages_free(slot_va(arena, first), n * arena->page_sz)) {
		/* Nothing was freed; too much waits for readers, and it can be tried again. */
		if (rte_errno != EAGAIN)
			stress_fail("wrong", "free of %u pages: errno %d", n, rte_errno);
		writer_counts.refused++;
		for (uint32_t s = first; s < first + n; s++)
			slot_set(&arena->slots[s], slot_generation(&arena->slots[s]), SLOT_PRESENT);
		return false;
	}
	ended = now_ns();
	rcumem_stats_get(&stats);
	writer.waiting += stats.quarantined_bytes ? n : 0;
	for (uint32_t s = first; s < first + n; s++) {
		arena->slots[s].free_ns = ended;
		slot_set(&arena->slots[s], slot_generation(&arena->slots[s]),
			stats.quarantined_bytes ? SLOT_WAITING : SLOT_ABSENT);
	}
	writer_counts.frees++;
	writer_counts.late_frees += stats.quarantined_bytes != 0;
	took = (ended - began) / 1000;
	writer_counts.took[log2_bucket(took)]++;
	return true;
}

/* ---- What to do next ---- */

static uint32_t pages_in_use(const struct arena *arena)
{
	uint32_t n = 0;

	for (unsigned int i = 0; i < writer.n; i++)
		n += writer.live[i].arena == arena ? writer.live[i].n : 0;
	return n;
}

/* Free an allocation, or a part of it that leaves the rest in one piece. */
static bool allocation_free(unsigned int i, bool whole)
{
	struct allocation *a = &writer.live[i];
	uint32_t n = whole || !a->parts ? a->n : 1 + random_below(&writer.random, a->n);
	bool front = random_below(&writer.random, 2);

	if (!pages_free(a->arena, front ? a->first : a->first + a->n - n, n))
		return false;
	a->first += front ? n : 0;
	a->n -= n;
	if (a->n == 0)
		*a = writer.live[--writer.n];
	return true;
}

/* Free the allocation that a page is in, and allocate until the page is there again. */
static void replug(struct arena *arena, uint32_t slot)
{
	uint64_t wanted = arena->slots[slot].replugs + 1;
	unsigned int i = 0;
	uint32_t n;
	bool parts;

	while (i < writer.n && !(writer.live[i].arena == arena && slot >= writer.live[i].first &&
				       slot < writer.live[i].first + writer.live[i].n))
		i++;
	if (i == writer.n)
		return;
	n = writer.live[i].n;
	parts = writer.live[i].parts;
	if (!allocation_free(i, true))
		return;
	/* Lower holes are filled first; a page that readers hold does not come back now. */
	do {
		if (!pages_alloc(arena, n, parts))
			break;
	} while (arena->slots[slot].replugs < wanted && !writer.waiting &&
		 pages_in_use(arena) < arena->n_slots);
}

static void serve_requests(void)
{
	for (int i = 0; i < READERS; i++) {
		uint64_t wanted =
			rcu_load_acquire(&requests[i].wanted); /* Pairs with pause_for_replug(). */

		if (wanted == 0)
			continue;
		replug(&arenas[wanted >> 32], (uint32_t)wanted - 1);
		rcu_store_release(&requests[i].wanted, 0); /* Pairs with pause_for_replug(). */
	}
}

static void step(struct arena *arena)
{
	uint32_t most = arena->page_sz == RTE_PGSIZE_4K ? 8 : 3;
	unsigned int i = writer.n ? random_below(&writer.random, writer.n) : 0;

	if (pages_in_use(arena) + most > arena->n_slots) {
		/* Too many: free anything of this arena, in parts too. */
		while (writer.live[i].arena != arena)
			i = (i + 1) % writer.n;
		allocation_free(i, false);
	} else if (writer.n && random_below(&writer.random, 4)) {
		uint32_t slot =
			writer.live[i].first + random_below(&writer.random, writer.live[i].n);

		replug(writer.live[i].arena, slot);
	} else {
		pages_alloc(arena, 1 + random_below(&writer.random, most),
			random_below(&writer.random, 8) == 0);
	}
}

void *writer_main(void *arg)
{
	thread_name = "writer";
	writer.random = *(uint64_t *)arg;
	while (!stress_over()) {
		serve_requests();
		settle_waiting();
		step(&arenas[random_below(&writer.random, n_arenas)]);
	}
	while (writer.n && !stress_failed())
		allocation_free(0, true);
	return NULL;
}
