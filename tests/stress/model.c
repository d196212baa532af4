/* SPDX-License-Identifier: BSD-3-Clause */
#include "model.h"

struct arena arenas[2];
unsigned int n_arenas;

/* The list of a page size, found by a page of it. */
static int arena_init(struct arena *arena, uint64_t page_sz, uint32_t n_slots)
{
	void *page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);

	if (!page)
		return -1;
	arena->page_sz = page_sz;
	arena->n_slots = n_slots;
	arena->msl = rte_mem_virt2memseg_list(page);
	arena->base = arena->msl->base_va;
	return rcumem_pages_free(page, page_sz);
}

int model_init(void)
{
	if (options.small && arena_init(&arenas[n_arenas++], RTE_PGSIZE_4K, 96))
		return -1;
	if (options.large && arena_init(&arenas[n_arenas++], RTE_PGSIZE_2M, 12))
		return -1;
	return 0;
}

struct arena *arena_of(const struct rte_memseg_list *msl)
{
	for (unsigned int i = 0; i < n_arenas; i++)
		if (arenas[i].msl == msl)
			return &arenas[i];
	return NULL;
}

struct moment moment_take(const struct arena *arena, uint32_t slot)
{
	/* Both pair with the stores of the writer, which come before the calls that change the
	 * pages, and after: a lookup that sees a change sees what was stored before it. */
	uint64_t state = rcu_load_acquire(&arena->slots[slot].state);

	return (struct moment){state, rcu_load_acquire(&arena->allocs)};
}

uint64_t model_operations(void)
{
	uint64_t n = 0;

	for (unsigned int i = 0; i < n_arenas; i++)
		n += rcu_load_relaxed(&arenas[i].allocs); /* Relaxed: some are enough. */
	return n;
}

enum expect model_expect(const struct moment *before, const struct moment *after)
{
	if (before->state != after->state)
		return EXPECT_ANY;
	if (moment_state(before) == SLOT_PRESENT)
		return EXPECT_FOUND;
	if (moment_state(before) == SLOT_LEAVING || before->allocs % 2 ||
		before->allocs != after->allocs)
		return EXPECT_ANY;
	return EXPECT_NONE;
}

void model_judge(const char *what, const struct arena *arena, uint32_t slot,
	const struct moment *before, const struct moment *after, bool found)
{
	enum expect expect = model_expect(before, after);

	tally->lookups++;
	tally->found += found;
	tally->must += expect != EXPECT_ANY;
	if (expect == EXPECT_FOUND && !found)
		stress_fail("late",
			"%s does not find page %p, generation %llu, though its alloc has returned",
			what, (void *)slot_va(arena, slot),
			(unsigned long long)moment_generation(before));
	if (expect == EXPECT_NONE && found)
		stress_fail("late",
			"%s finds page %p, generation %llu, though its free has returned (state "
			"%d)",
			what, (void *)slot_va(arena, slot),
			(unsigned long long)moment_generation(before), (int)moment_state(before));
}

bool model_possible(const struct moment *before, const struct moment *after, uint64_t generation)
{
	/* A page is filled in before it is PRESENT, so that one more than known may be seen. */
	return generation >= moment_generation(before) &&
	       generation <= moment_generation(after) + 1;
}
