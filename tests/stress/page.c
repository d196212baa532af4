/* SPDX-License-Identifier: BSD-3-Clause */
#include "page.h"

/* Address and generation once more. */
struct page_mark {
	uint64_t addr;
	uint64_t generation;
};

#define MARKS 4

static struct page_mark *mark_of(const void *va, uint64_t page_sz, unsigned int i)
{
	static const unsigned int eighths[MARKS] = {1, 4, 6, 8};

	return (struct page_mark *)((char *)(uintptr_t)va + page_sz / 8 * eighths[i] -
				    (eighths[i] == 8 ? sizeof(struct page_mark) : 0));
}

void page_fill(void *va, uint64_t page_sz, const struct page_head *head)
{
	struct page_head *page = va;

	if (page->addr || rcu_load_relaxed(&page->generation)) /* Relaxed: the writer's own. */
		stress_fail("recycled", "page %p is not clear: it says %#llx, generation %llu", va,
			(unsigned long long)page->addr, (unsigned long long)page->generation);
	for (unsigned int i = 0; i < MARKS; i++) {
		struct page_mark *mark = mark_of(va, page_sz, i);

		if (mark->addr || mark->generation)
			stress_fail("recycled", "page %p is not clear at %p", va, (void *)mark);
		mark->addr = (uint64_t)(uintptr_t)mark;
		mark->generation = head->generation;
	}
	page->addr = head->addr;
	page->iova = head->iova;
	page->id = head->id;
	page->n = head->n;
	page->index = head->index;
	page->parts = head->parts;
	/* Pairs with page_read(): the rest is complete. */
	rcu_store_release(&page->generation, head->generation);
}

uint64_t page_read(const void *va, uint64_t page_sz, struct page_head *head)
{
	const struct page_head *page = va;
	uint64_t generation = rcu_load_acquire(&page->generation); /* Pairs with page_fill(). */

	if (generation == 0)
		return 0;
	*head = (struct page_head){
		generation, page->addr, page->iova, page->id, page->n, page->index, page->parts};
	if (head->addr != (uint64_t)(uintptr_t)va)
		stress_fail("torn", "page %p of generation %llu says it is %#llx", va,
			(unsigned long long)generation, (unsigned long long)head->addr);
	for (unsigned int i = 0; i < MARKS; i++) {
		const struct page_mark *mark = mark_of(va, page_sz, i);

		if (mark->addr != (uint64_t)(uintptr_t)mark || mark->generation != generation)
			stress_fail("torn",
				"page %p of generation %llu says at %p: %#llx, generation %llu", va,
				(unsigned long long)generation, (const void *)mark,
				(unsigned long long)mark->addr,
				(unsigned long long)mark->generation);
	}
	return generation;
}
