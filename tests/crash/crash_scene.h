/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_SCENE_H
#define CRASH_SCENE_H

/*
 * What stands in the runtime all the while, and the sides of those who
 * survive: functions for peer_call().
 *
 * 1. What stays is found, whole and with its contents, at every moment.
 * 2. Everything else comes and goes three pages at a time, so that a walk in
 *    which their number is no multiple of that has seen a part of an operation.
 * 3. Whoever listens knows exactly the pages that there are.
 */

#include <pthread.h>

#include "event_log.h"
#include "peer_ops.h"
#include "process.h"
#include "rte_fbarray.h"
#include "support_invariants.h"
#include "writer.h"

#define SUBJECT   3u /* Pages of an operation. */
#define STAY      3u
#define STAY_EXT  4u
#define STAY_VA   ((char *)0x600000000000)
#define STAY_IOVA 0x7000000000ull
#define OP_VA     ((char *)0x600100000000)
#define OP_IOVA   0x7200000000ull

#define ARRAY_LENGTH 130u
#define ARRAY_USED   10u

/* What this process knows of it. */
static struct {
	char *stay;
	struct rte_fbarray array;
	const char *wrong; /* What was seen first that must not be. */
} here;

/* ---- What stays ---- */

static inline uint64_t array_value(unsigned int i)
{
	return i * 0x9e3779b97f4a7c15ull;
}

/* By one of them, first: the address of the pages, and as data the array. */
static inline int64_t s_make(const int64_t *arg)
{
	(void)arg;
	here.stay = rcumem_pages_alloc(STAY * page_sz, page_sz, SOCKET_ID_ANY, 0);
	if (!here.stay || ext_register(STAY_VA, STAY_EXT, STAY_IOVA) ||
		rte_fbarray_init(&here.array, "stay", ARRAY_LENGTH, sizeof(uint64_t)))
		return -1;
	for (unsigned int i = 0; i < STAY; i++)
		here.stay[i * page_sz + 9] = (char)('a' + i);
	for (unsigned int i = 0; i < ARRAY_USED; i++) {
		*(uint64_t *)rte_fbarray_get(&here.array, i) = array_value(i);
		rte_fbarray_set_used(&here.array, i);
	}
	peer_give(&here.array, sizeof(here.array));
	return (int64_t)(uintptr_t)here.stay;
}

/* (address of the pages, address of the array) */
static inline int64_t s_know(const int64_t *arg)
{
	here.stay = (char *)(uintptr_t)arg[0];
	here.array = (struct rte_fbarray){.name = "stay",
		.len = ARRAY_LENGTH,
		.elt_sz = 8,
		.data = (void *)(uintptr_t)arg[1]};
	return 0;
}

static inline int64_t s_attach(const int64_t *arg)
{
	(void)arg;
	return rte_extmem_attach(STAY_VA, STAY_EXT * EXT_PAGE) || rte_fbarray_attach(&here.array)
		       ? -1
		       : 0;
}

static inline bool stay_found(void)
{
	for (unsigned int i = 0; i < STAY; i++) {
		char *va = here.stay + i * page_sz;

		if (rte_mem_virt2memseg(va, NULL)->addr != va || va[9] != (char)('a' + i) ||
			rte_mem_iova2virt((uint64_t)(uintptr_t)va) != va)
			return false;
	}
	for (unsigned int i = 0; i < STAY_EXT; i++)
		if (rte_mem_iova2virt(STAY_IOVA + i * EXT_PAGE + 5) != STAY_VA + i * EXT_PAGE + 5)
			return false;
	for (unsigned int i = 0; i < ARRAY_USED; i++)
		if (rte_fbarray_is_used(&here.array, i) != 1 ||
			*(uint64_t *)rte_fbarray_get(&here.array, i) != array_value(i))
			return false;
	return true;
}

/* ---- Who looks all the while ---- */

static struct {
	pthread_t thread;
	bool stop;
	int64_t looks;
} watch;

struct look {
	unsigned int stay, ext, rest, bare;
};

static inline int look_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct look *look = arg;
	char *va = ms->addr;

	if (msl->external)
		look->ext += va >= STAY_VA && va < STAY_VA + STAY_EXT * EXT_PAGE;
	else if (va >= here.stay && va < here.stay + STAY * page_sz)
		look->stay++;
	else
		look->rest++;
	look->bare += va == NULL || ms->len != msl->page_sz;
	return 0;
}

static inline const char *look_once(void)
{
	struct look look = {0};
	const char *wrong = NULL;

	if (rcumem_read_lock())
		return "no section";
	if (rte_memseg_walk(look_seg, &look))
		wrong = "a walk fails";
	else if (look.stay != STAY || look.ext != STAY_EXT || look.bare)
		wrong = "a walk misses what stays";
	else if (look.rest % SUBJECT)
		wrong = "a walk sees a part of an operation";
	else if (!stay_found())
		wrong = "what stays is not found";
	rcumem_read_unlock();
	return wrong;
}

static inline void *watch_main(void *arg)
{
	const struct timespec nap = {.tv_nsec = 50000};

	(void)arg;
	while (!rcu_load_relaxed(&watch.stop)) { /* Relaxed, both: some time. */
		const char *wrong = look_once();

		if (wrong && !here.wrong)
			here.wrong = wrong;
		rcu_store_relaxed(&watch.looks, watch.looks + 1);
		nanosleep(&nap, NULL);
	}
	return NULL;
}

static inline int64_t s_watch(const int64_t *arg)
{
	(void)arg;
	return pthread_create(&watch.thread, NULL, watch_main, NULL) ? -1 : 0;
}

/* How often it has looked; -1 and what it saw. */
static inline int64_t s_seen(const int64_t *arg)
{
	(void)arg;
	if (here.wrong)
		peer_give(here.wrong, strlen(here.wrong) + 1);
	return here.wrong ? -1 : rcu_load_relaxed(&watch.looks); /* Relaxed: a figure. */
}

static inline int64_t s_unwatch(const int64_t *arg)
{
	rcu_store_relaxed(&watch.stop, true); /* Relaxed: it is waited for. */
	pthread_join(watch.thread, NULL);
	return s_seen(arg);
}

/* ---- Who listens ---- */

/* More than the dead can leave in use between two checks, however long they live on a busy machine.
 */
#define VIEW_PAGES (1u << 20)

static struct {
	bool known[VIEW_PAGES];
	unsigned int cnt;
	bool slow; /* It does not return from what it is told of new pages. */
} view;

static inline bool page_found(const char *va)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);

	return ms && ms->addr == va && ms->len == page_sz &&
	       rte_mem_iova2virt((uint64_t)(uintptr_t)va) == va;
}

/* What the lookups say of a page that must be there, and what they say when asked again. */
static inline const char *page_described(enum rte_mem_event event, const char *va, size_t page)
{
	static char text[240];
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);
	const void *iova = rte_mem_iova2virt((uint64_t)(uintptr_t)va);

	snprintf(text, sizeof(text),
		"an event (%s) tells of page %zu at %p that is not there: now segment %p of %zu "
		"bytes, by IOVA %p; again: %s; by fbarray: %d",
		event == RTE_MEM_EVENT_ALLOC ? "alloc" : "free", page, (const void *)va,
		ms ? ms->addr : NULL, ms ? ms->len : 0, iova,
		page_found(va) ? "found" : "not found",
		rte_fbarray_is_used(&rte_mem_virt2memseg_list(va)->memseg_arr, (unsigned int)page));
	return text;
}

static inline void view_change(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);

	(void)arg;
	for (const char *va = addr; va < (const char *)addr + len; va += page_sz) {
		size_t page = (size_t)(va - (char *)msl->base_va) / page_sz;
		bool alloc = event == RTE_MEM_EVENT_ALLOC;

		if (page >= VIEW_PAGES)
			here.wrong = "an event tells of a page beyond the view";
		else if (!page_found(va))
			here.wrong = page_described(event, va, page);
		else if (view.known[page] == alloc)
			here.wrong = alloc ? "told twice of a page"
					   : "told of the end of a page it never heard of";
		else
			view.known[page] = alloc;
	}
	/* Relaxed: it looks until it sees the change. */
	while (event == RTE_MEM_EVENT_ALLOC && rcu_load_relaxed(&view.slow))
		sleep_ms(1);
}

static inline int64_t s_listen(const int64_t *arg)
{
	(void)arg;
	return rcumem_subscribe("view", view_change, &view);
}

/* (slowly) */
static inline int64_t s_slow(const int64_t *arg)
{
	rcu_store_relaxed(&view.slow, arg[0] != 0); /* Relaxed: as above. */
	return 0;
}

static inline int view_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	unsigned int *known = arg;

	if (!msl->external && msl->page_sz == page_sz) {
		size_t page = (size_t)((char *)ms->addr - (char *)msl->base_va) / page_sz;

		*known += page < VIEW_PAGES && view.known[page] ? 1 : 1u << 20;
	}
	return 0;
}

/* It has been told of everything there is, soon. */
static inline int64_t s_told(const int64_t *arg)
{
	struct region *region = runtime_region();
	int64_t until = now_ns() + 1500000000;

	/* Acquire, both: pair with drain_locked() and event_log_append(). */
	while (rcu_load_acquire(&region->processes[runtime.process].told) <
		rcu_load_acquire(&region->events.head)) {
		if (now_ns() > until)
			here.wrong = "it is not told of an event";
		if (here.wrong)
			break;
		sleep_ms(1);
	}
	return s_seen(arg);
}

/* When it has been told, it knows the pages that a walk sees, and no others. */
static inline int64_t s_level(const int64_t *arg)
{
	unsigned int seen = 0, known = 0;

	s_told(arg);
	rte_memseg_walk(view_seg, &seen);
	for (unsigned int i = 0; i < VIEW_PAGES; i++)
		known += view.known[i];
	if (!here.wrong && seen >= 1u << 20)
		here.wrong = "it was not told of a page";
	if (!here.wrong && seen != known)
		here.wrong = "it was not told of the end of a page";
	return s_seen(arg);
}

#endif /* CRASH_SCENE_H */
