/* SPDX-License-Identifier: BSD-3-Clause */
#include "callback.h"

#include <errno.h>

#include "walk.h"

static bool registered; /* The external writer's own. */

/* One event at a time: the library's turn keeps them apart. */
static struct tally event_tally;
static uint64_t event_random = 1;

/* ---- Writers in callbacks ---- */

static void writer_refused(uint64_t *random)
{
	char *va = slot_va(&arenas[0], 0);
	rte_iova_t iova = 1ull << 43;
	int ret;

	rte_errno = 0;
	switch (random_below(random, 4)) {
	case 0:
		ret = rcumem_pages_alloc(arenas[0].page_sz, arenas[0].page_sz, SOCKET_ID_ANY, 0)
			      ? 0
			      : -1;
		break;
	case 1:
		ret = rcumem_pages_free(va, arenas[0].page_sz);
		break;
	case 2:
		ret = rte_extmem_register((void *)(1ull << 45), 4096, &iova, 1, 4096);
		break;
	default:
		ret = rcumem_synchronize(1);
		break;
	}
	if (ret != -1 || rte_errno != EDEADLK)
		stress_fail("allowed", "a writer in a callback: %d, errno %d", ret, rte_errno);
	tally->refused++;
}

void callback_read(uint64_t *random, struct holds *holds)
{
	look_around(random, holds);
	walk_raw(random);
	if (random_below(random, 4) == 0)
		writer_refused(random);
	tally->callbacks++;
}

/* ---- Events ---- */

/* A page that an event tells of is there: not filled in yet, or not cleared yet. */
static void told_of(const struct arena *arena, uint32_t slot, enum rte_mem_event event)
{
	char *va = slot_va(arena, slot);
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);
	struct moment now = moment_take(arena, slot);
	struct page_head head;
	uint64_t generation;

	if (!ms || ms->addr != va || rte_fbarray_is_used(&arena->msl->memseg_arr, (int)slot) != 1 ||
		(!options.pa && rte_mem_iova2virt((uint64_t)(uintptr_t)va) != va)) {
		stress_fail("late", "an event tells of page %p, which is not found", (void *)va);
		return;
	}
	generation = page_read(va, arena->page_sz, &head);
	if (generation != (event == RTE_MEM_EVENT_ALLOC ? 0 : moment_generation(&now)))
		stress_fail("recycled", "an event tells that page %p %s, it shows generation %llu",
			(void *)va, event == RTE_MEM_EVENT_ALLOC ? "comes" : "goes",
			(unsigned long long)generation);
}

static void on_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const char *name_before = thread_name;
	struct tally *before = tally;
	struct arena *arena = arena_of(rte_mem_virt2memseg_list(addr));
	uint64_t slot = arena ? (uint64_t)((const char *)addr - arena->base) / arena->page_sz : 0;
	struct holds holds = {.n = 0};

	(void)arg;
	if (!arena || slot + len / arena->page_sz > SLOTS_MAX)
		return;
	thread_name = "event callback";
	tally = &event_tally;
	for (uint64_t i = 0; i < len / arena->page_sz; i++)
		told_of(arena, (uint32_t)(slot + i), event);
	callback_read(&event_random, &holds);
	holds_end(&holds);
	tally->events++;
	tally = before;
	thread_name = name_before;
}

void events_toggle(void)
{
	int err = registered ? rte_mem_event_callback_unregister("torture", NULL)
			     : rte_mem_event_callback_register("torture", on_event, NULL);

	if (err)
		stress_fail("wrong", "the event callback: errno %d", rte_errno);
	registered = !registered;
}

void events_end(struct tally *sum)
{
	const uint64_t *from = (const uint64_t *)&event_tally;

	if (registered)
		events_toggle();
	for (size_t i = 0; i < sizeof(*sum) / sizeof(*from); i++)
		((uint64_t *)sum)[i] += from[i];
	event_tally = (struct tally){0};
}
