/* SPDX-License-Identifier: BSD-3-Clause */
#include "external.h"

#include <errno.h>
#include <sched.h>
#include <sys/mman.h>

#include "callback.h"
#include "lookup.h"

#define PAGE    4096ull
#define REGIONS 5
#define PAGES   4

enum region_state {
	REGION_ABSENT,
	REGION_PRESENT,
	REGION_CHANGING,
};

static struct region {
	char *va;
	uint64_t page_sz;
	uint64_t iova;
	uint32_t n;
	uint64_t state; /* Changes << 2 | enum region_state.  Writer stores, readers load. */
} regions[REGIONS] = {
	{.page_sz = PAGE, .n = PAGES, .iova = 1ull << 41},
	{.page_sz = PAGE, .n = PAGES, .iova = (1ull << 41) + PAGES * PAGE},
	{.page_sz = PAGE, .n = PAGES, .iova = 1ull << 41}, /* As the first. */
	{.page_sz = PAGE / 4, .n = 2, .iova = 1ull << 42},
	{.page_sz = PAGE / 4, .n = 2, .iova = (1ull << 42) + PAGE / 2},
};

int external_init(void)
{
	char *va = mmap(
		NULL, 64 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		return -1;
	for (int i = 0; i < 3; i++)
		regions[i].va = va + i * 8 * PAGE;
	regions[3].va = va + 32 * PAGE;
	regions[4].va = regions[3].va + PAGE / 2;
	return 0;
}

/* ---- The writer ---- */

static void region_set(struct region *region, enum region_state state)
{
	/* Relaxed load: the writer's own.  Release pairs with region_get(). */
	rcu_store_release(
		&region->state, ((rcu_load_relaxed(&region->state) >> 2) + 1) << 2 | state);
}

static void region_register(struct region *region)
{
	rte_iova_t iovas[PAGES];

	for (uint32_t i = 0; i < region->n; i++)
		iovas[i] = region->iova + i * region->page_sz;
	region_set(region, REGION_CHANGING);
	/* A paused reader may hold every list that is free but for it: then it is "try again". */
	while (rte_extmem_register(
		region->va, region->n * region->page_sz, iovas, region->n, region->page_sz)) {
		if (rte_errno == EAGAIN)
			continue;
		stress_fail("wrong", "register of %p: errno %d", (void *)region->va, rte_errno);
		return;
	}
	region_set(region, REGION_PRESENT);
}

static void region_unregister(struct region *region)
{
	region_set(region, REGION_CHANGING);
	while (rte_extmem_unregister(region->va, region->n * region->page_sz)) {
		if (rte_errno == EAGAIN)
			continue;
		stress_fail("wrong", "unregister of %p: errno %d", (void *)region->va, rte_errno);
		return;
	}
	region_set(region, REGION_ABSENT);
}

void *external_main(void *arg)
{
	uint64_t random = *(uint64_t *)arg;

	thread_name = "external writer";
	events_toggle();
	while (!stress_over()) {
		struct region *region = &regions[random_below(&random, REGIONS)];

		if ((region->state & 3) == REGION_PRESENT)
			region_unregister(region);
		else
			region_register(region);
		if (random_below(&random, 32) == 0)
			events_toggle();
		sched_yield();
	}
	for (int i = 0; i < REGIONS && !stress_failed(); i++)
		if ((regions[i].state & 3) == REGION_PRESENT)
			region_unregister(&regions[i]);
	return NULL;
}

uint64_t external_changes(void)
{
	uint64_t changes = 0;

	for (int i = 0; i < REGIONS; i++)
		changes += regions[i].state >> 3;
	return changes;
}

/* ---- Readers ---- */

static uint64_t region_get(const struct region *region)
{
	return rcu_load_acquire(&region->state); /* Pairs with region_set(). */
}

static bool contains(const struct region *region, uint64_t iova)
{
	return iova >= region->iova && iova - region->iova < region->n * region->page_sz;
}

static bool stays(uint64_t before, uint64_t after, enum region_state state)
{
	return before == after && (before & 3) == state;
}

/* By IO address: one of those that have it, if one has it all the while. */
static void by_iova(uint64_t iova)
{
	uint64_t before[REGIONS];
	bool must = false, may = false;
	char *va;

	for (int i = 0; i < REGIONS; i++)
		before[i] = region_get(&regions[i]);
	va = rte_mem_iova2virt(iova);
	for (int i = 0; i < REGIONS; i++) {
		uint64_t after = region_get(&regions[i]);

		if (!contains(&regions[i], iova))
			continue;
		must |= stays(before[i], after, REGION_PRESENT);
		may |= va == regions[i].va + (iova - regions[i].iova) &&
		       !stays(before[i], after, REGION_ABSENT);
	}
	tally->external++;
	if (must && !va)
		stress_fail("late", "external IOVA %#llx is not found", (unsigned long long)iova);
	if (va && !may)
		stress_fail("wrong", "external IOVA %#llx is at %p", (unsigned long long)iova,
			(void *)va);
}

/* Descriptors found in the present section. */
static __thread struct {
	const struct rte_memseg *ms;
	const struct region *region;
	uint64_t off;
} holds[8];
static __thread unsigned int n_holds;

static void hold(const struct region *region, const struct rte_memseg *ms, uint64_t off)
{
	if (n_holds == sizeof(holds) / sizeof(holds[0]))
		return;
	holds[n_holds].ms = ms;
	holds[n_holds].region = region;
	holds[n_holds++].off = off;
}

void external_recheck(bool end)
{
	for (unsigned int i = 0; i < n_holds; i++) {
		const struct rte_memseg *ms = holds[i].ms;
		const struct region *region = holds[i].region;

		if (ms->addr != region->va + holds[i].off ||
			ms->iova != region->iova + holds[i].off || ms->len != region->page_sz ||
			ms->socket_id < 256)
			stress_fail("recycled",
				"the descriptor of external %p says %p, IOVA %#llx, length %zu",
				(void *)(region->va + holds[i].off), ms->addr,
				(unsigned long long)ms->iova, ms->len);
	}
	if (end)
		n_holds = 0;
}

static void by_address(const struct region *region, uint64_t off, bool section)
{
	uint64_t before = region_get(region);
	const struct rte_memseg *ms = rte_mem_virt2memseg(region->va + off, NULL);
	uint64_t after = region_get(region);

	tally->external++;
	if (!ms && stays(before, after, REGION_PRESENT))
		stress_fail("late", "external %p is not found", (void *)(region->va + off));
	if (ms && stays(before, after, REGION_ABSENT))
		stress_fail("late", "external %p is found though it has been unregistered",
			(void *)(region->va + off));
	if (ms && section)
		hold(region, ms, off / region->page_sz * region->page_sz);
}

static void to_iova(const struct region *region, uint64_t off)
{
	uint64_t before = region_get(region);
	rte_iova_t iova = rcumem_virt2iova(NULL, region->va + off, NULL);
	uint64_t after = region_get(region);

	tally->external++;
	if (iova == RTE_BAD_IOVA ? stays(before, after, REGION_PRESENT)
				 : stays(before, after, REGION_ABSENT))
		stress_fail("late", "external %p has IOVA %#llx", (void *)(region->va + off),
			(unsigned long long)iova);
	if (iova != RTE_BAD_IOVA && iova != region->iova + off)
		stress_fail("wrong", "external %p has IOVA %#llx", (void *)(region->va + off),
			(unsigned long long)iova);
}

void external_lookup(uint64_t *random, bool section)
{
	const struct region *region = &regions[random_below(random, REGIONS)];
	uint64_t off = random_u64(random) % (region->n * region->page_sz);

	switch (random_below(random, 3)) {
	case 0:
		by_iova(region->iova + off);
		break;
	case 1:
		by_address(region, off, section);
		break;
	default:
		to_iova(region, off);
		break;
	}
}

void external_straddle(uint64_t *random)
{
	const struct region *region = &regions[random_below(random, REGIONS)];
	struct moment resumed;

	if (random_below(random, 256))
		return;
	pause_arm_external(&region->state, "lookup.piece");
	by_iova(region->iova + random_u64(random) % (region->n * region->page_sz));
	if (pause_disarm(&resumed))
		tally->external_straddled++;
}
