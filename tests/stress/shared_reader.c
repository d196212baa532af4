/* SPDX-License-Identifier: BSD-3-Clause */
/* One of several processes that look pages up and walk. */

#include <string.h>
#include <time.h>

#include "shared.h"

#define KEPT 8 /* Pages that are looked at again before the section ends. */

/* What a lookup between two instants found, against what it must have. */
static void judge(const char *what, const struct field *field, uint32_t place,
	const struct instant *before, const struct instant *after, bool found)
{
	deeds->lookups++;
	if (before->place != after->place)
		return;
	if ((before->place & 3) == PLACE_PRESENT) {
		deeds->must_find++;
		if (!found)
			stress_fail("late", "%s does not find page %p, generation %llu", what,
				place_va(field, place), (unsigned long long)before->place >> 2);
	} else if ((before->place & 3) == PLACE_ABSENT && before->allocs == after->allocs) {
		deeds->must_miss++;
		if (found)
			stress_fail("late", "%s finds page %p, which is free", what,
				place_va(field, place));
	}
}

/* The contents of a page that was found, inside the section: its generation, or 0. */
static uint64_t contents(const struct field *field, uint32_t place, const struct instant *before,
	struct page_head *head)
{
	void *va = place_va(field, place);
	uint64_t generation = page_read(va, field->page_sz, head);
	uint64_t now = instant_after(field, place).place >> 2;

	if (generation && (generation < before->place >> 2 || generation > now + 1))
		stress_fail("recycled", "page %p shows generation %llu, not %llu to %llu", va,
			(unsigned long long)generation, (unsigned long long)before->place >> 2,
			(unsigned long long)now + 1);
	return generation;
}

/* ---- Lookups ---- */

/* The descriptor of a page that may be free says nothing, and of one in use until the section ends.
 */
static bool described(const struct field *field, uint32_t place, bool inside)
{
	char *va = place_va(field, place);
	const struct rte_memseg *ms = rte_mem_virt2memseg(va + 77, NULL);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va);

	return rte_fbarray_is_used(&msl->memseg_arr, place) == 1 && (!inside || ms->addr == va);
}

static bool find(
	const struct field *field, uint32_t place, bool inside, uint32_t how, const char **what)
{
	char *va = place_va(field, place);
	uint64_t iova = (uint64_t)(uintptr_t)va, len = 64;

	switch (how) {
	case 0:
		*what = "rte_mem_virt2memseg";
		return described(field, place, inside);
	case 1:
		*what = "rte_mem_iova2virt";
		return rte_mem_iova2virt(iova + 77) == va + 77;
	case 2:
		*what = "rcumem_iova2virt";
		return rcumem_iova2virt(NULL, iova, &len) == va && len == 64;
	default:
		*what = "rcumem_virt2iova";
		return rcumem_virt2iova(NULL, va, NULL) == iova;
	}
}

static void lookup_one(uint64_t *random, bool inside, struct page_head *kept, unsigned int *n)
{
	struct field *field = &shared->fields[random_below(random, shared->n_fields)];
	uint32_t high = rcu_load_relaxed(&field->high) + 8; /* Relaxed: any will do. */
	uint32_t place = random_below(random, high < PLACES ? high : PLACES);
	struct instant before = instant_before(field, place);
	const char *what;
	bool found = find(field, place, inside, random_below(random, 4), &what);
	struct instant after = instant_after(field, place);
	struct page_head head;

	judge(what, field, place, &before, &after, found);
	if (inside && found && *n < KEPT && contents(field, place, &before, &head))
		kept[(*n)++] = head;
}

/* At the section's end: in use, or its free has begun; never over. */
static void see_age(const struct page_head *kept)
{
	void *va = (void *)(uintptr_t)kept->addr;
	const struct field *field = field_of(rte_mem_virt2memseg_list(va)->page_sz);
	uint32_t place = (uint32_t)((kept->addr - field->base) / field->page_sz);
	uint64_t now = instant_after(field, place).place;

	if (now >> 2 == kept->generation && (now & 3) == PLACE_PRESENT)
		deeds->ages[0]++;
	else if (now >> 2 == kept->generation)
		deeds->ages[1]++; /* Whether it is over is seen in its contents. */
}

/* What was found in a section is the same until its end. */
static void recheck(const struct page_head *kept, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		void *va = (void *)(uintptr_t)kept[i].addr;
		const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);
		const struct field *field = field_of(rte_mem_virt2memseg_list(va)->page_sz);
		struct page_head head;

		/* The mask first, as in described(): for ThreadSanitizer, when the page is another
		 * process's. */
		described(field, (uint32_t)((kept[i].addr - field->base) / field->page_sz), false);
		if (ms && ms->addr == va && ms->hugepage_sz == field->page_sz &&
			page_read(va, field->page_sz, &head) == kept[i].generation &&
			head.id == kept[i].id) {
			deeds->holds++;
			continue;
		}
		deeds->ages[2]++;
		stress_fail("recycled", "page %p of generation %llu has changed", va,
			(unsigned long long)kept[i].generation);
	}
}

/* ---- Walks ---- */

struct view_of_walk {
	struct instant before[SIZES][PLACES];
	bool seen[SIZES][PLACES];
	struct page_head head[SIZES][PLACES];
	uint32_t high[SIZES];
};

static int see(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct view_of_walk *view = arg;
	const struct field *field = field_of(msl->page_sz);
	uint32_t f, place;

	if (!field)
		return 0;
	f = (uint32_t)(field - shared->fields);
	place = (uint32_t)(((uint64_t)(uintptr_t)ms->addr - field->base) / field->page_sz);
	if (place >= PLACES || ms->len != field->page_sz ||
		ms->iova != (uint64_t)(uintptr_t)ms->addr) {
		stress_fail("torn", "a walk shows page %u at %p", place, ms->addr);
		return 1;
	}
	view->seen[f][place] = true;
	if (contents(field, place, &view->before[f][place], &view->head[f][place]) == 0)
		view->head[f][place].generation = 0;
	return 0;
}

/* Of an allocation whose page is seen, all are. */
static void see_whole(const struct view_of_walk *view, uint32_t f, uint32_t place)
{
	const struct page_head *head = &view->head[f][place];

	for (uint32_t i = 0; head->generation && i < head->n; i++) {
		uint32_t other = place - head->index + i;

		if (other >= PLACES || !view->seen[f][other] ||
			(view->head[f][other].generation && view->head[f][other].id != head->id))
			stress_fail("partly", "a walk shows page %u of %u of an allocation, not %u",
				head->index, head->n, i);
	}
	deeds->whole += head->generation && head->n > 1 && head->index == 0;
}

static void walk_one(void)
{
	static __thread struct view_of_walk view;

	memset(view.seen, 0, sizeof(view.seen));
	for (uint32_t f = 0; f < shared->n_fields; f++) {
		/* Relaxed: pages above it are not judged. */
		view.high[f] = rcu_load_relaxed(&shared->fields[f].high);
		for (uint32_t p = 0; p < PLACES; p++)
			view.before[f][p] = instant_before(&shared->fields[f], p);
	}
	if (rte_memseg_walk_thread_unsafe(see, &view) && !stress_failed())
		stress_fail("wrong", "a walk ends with errno %d", rte_errno);
	deeds->walks++;
	for (uint32_t f = 0; f < shared->n_fields; f++)
		for (uint32_t p = 0; p < PLACES && !stress_failed(); p++) {
			struct instant after = instant_after(&shared->fields[f], p);

			if (p < view.high[f] || view.seen[f][p])
				judge("a walk", &shared->fields[f], p, &view.before[f][p], &after,
					view.seen[f][p]);
			if (view.seen[f][p])
				see_whole(&view, f, p);
		}
}

/* ---- The kinds: what is inside of each is the same ---- */

/* Inside a section of any kind: the raw readers. */
static void look_inside(uint64_t *random)
{
	struct page_head kept[KEPT];
	unsigned int n = 0;

	for (uint32_t i = 8 + random_below(random, 24); i; i--)
		lookup_one(random, true, kept, &n);
	if (random_below(random, 16) == 0)
		walk_one();
	for (uint32_t i = random_below(random, 4); i; i--)
		recheck(kept, n);
	for (unsigned int i = 0; i < n; i++)
		see_age(&kept[i]);
}

static void section(uint64_t *random)
{
	unsigned int none = 0;

	if (rcumem_read_lock())
		stress_fail("wrong", "no section: errno %d", rte_errno);
	look_inside(random);
	rcumem_read_unlock();
	for (uint32_t i = random_below(random, 16); i; i--)
		lookup_one(random, false, NULL, &none);
}

static void quiescent(uint64_t *random)
{
	look_inside(random);
	rcumem_reader_quiescent();
}

static int in_callback(const struct rte_memseg_list *msl, void *arg)
{
	(void)msl;
	look_inside(arg);
	return 1;
}

static void callback(uint64_t *random)
{
	rte_memseg_list_walk(in_callback, random);
}

const char *const reader_kinds[READER_KINDS] = {"sections", "quiescent states", "callbacks"};

void *reader_half(void *arg)
{
	static void (*const rounds[READER_KINDS])(uint64_t *) = {section, quiescent, callback};
	struct shared_reader *self = arg;
	struct timespec nap = {0};

	deeds = self->deeds;
	if (self->kind == 1 && rcumem_reader_register())
		stress_fail("wrong", "no QSBR reader: errno %d", rte_errno);
	while (!stress_over()) {
		rounds[self->kind](&self->seed);
		deeds->sections[self->kind]++;
		nap.tv_nsec = random_below(&self->seed, 200000 * options.readers);
		if (self->kind == 1)
			rcumem_reader_offline();
		nanosleep(&nap, NULL); /* The writers are to get on. */
		if (self->kind == 1)
			rcumem_reader_online();
	}
	if (self->kind == 1)
		rcumem_reader_unregister();
	return NULL;
}
