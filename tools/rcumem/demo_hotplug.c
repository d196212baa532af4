/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A reader looks for a page again and again and reads it, while the main
 * thread plugs one, shows it, and frees it as soon as the reader has found it.
 *
 * Every round writes its number into its page.  A page that the reader finds
 * inside a section stays that page until the section ends (guarantee G3): its
 * word is 0 (plugged, not yet written) or the number of a round that was on
 * while the reader looked.  Anything else would be memory that is not its own.
 */

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <rcumem.h>

#include "demo.h"
#include "tool.h"

/* How long the reader may take to find a page. */
#define PATIENCE_NS 5000000000ull

struct race {
	uint64_t *page;   /* Main thread stores: where the page of the round is, or was. */
	uint64_t round;   /* Main thread stores, before it plugs. */
	uint64_t seen;    /* Reader stores: the last round whose number it read. */
	bool stop;        /* Main thread stores. */
	bool failed;      /* Reader stores: it could not enter a section. */
	uint64_t lookups; /* Reader only until it is joined, and all below. */
	uint64_t found;
	uint64_t wrong;
};

/* The word is right when it belongs to a round between the two that were on around its reading. */
static bool word_is_right(uint64_t word, uint64_t before, uint64_t after)
{
	return word == 0 || (word >= before && word <= after);
}

/* One look, inside a section. */
static void look(struct race *race)
{
	/* The page of an older round is gone: what is found now belongs to this one or a later. */
	uint64_t before = __atomic_load_n(&race->round, __ATOMIC_ACQUIRE);
	uint64_t *page = __atomic_load_n(&race->page, __ATOMIC_ACQUIRE);
	uint64_t word;
	uint64_t after;

	race->lookups++;
	if (!page || rcumem_virt2iova(NULL, page, NULL) == RTE_BAD_IOVA)
		return;
	race->found++;
	word = __atomic_load_n(page, __ATOMIC_ACQUIRE);
	after = __atomic_load_n(&race->round, __ATOMIC_ACQUIRE);
	if (!word_is_right(word, before, after))
		race->wrong++;
	else if (word)
		__atomic_store_n(&race->seen, word, __ATOMIC_RELEASE);
}

static void *reader(void *arg)
{
	struct race *race = arg;

	while (!__atomic_load_n(&race->stop, __ATOMIC_ACQUIRE)) {
		if (rcumem_read_lock()) {
			__atomic_store_n(&race->failed, true, __ATOMIC_RELEASE);
			break;
		}
		look(race);
		rcumem_read_unlock();
	}
	return NULL;
}

uint64_t demo_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Until the reader has read this round's number. */
static int wait_for_reader(const struct race *race, uint64_t round)
{
	uint64_t begin = demo_now_ns();

	while (__atomic_load_n(&race->seen, __ATOMIC_ACQUIRE) != round) {
		if (__atomic_load_n(&race->failed, __ATOMIC_ACQUIRE)) {
			tool_error("the reader could not enter a section");
			return TOOL_FAILED;
		}
		if (demo_now_ns() - begin > PATIENCE_NS) {
			tool_error("the reader does not find a page that is there");
			return TOOL_FAILED;
		}
		sched_yield();
	}
	return TOOL_OK;
}

/* Plug a page, mark it with the round, let the reader find it, free it under its eyes. */
static int one_round(
	struct race *race, uint64_t round, uint64_t page_sz, struct demo_hotplug *result)
{
	uint64_t begin = demo_now_ns();
	uint64_t *page;
	int status;

	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	if (!page)
		return tool_api_error("cannot plug the page");
	result->alloc_ns += demo_now_ns() - begin;
	__atomic_store_n(page, round, __ATOMIC_RELEASE);
	__atomic_store_n(&race->page, page, __ATOMIC_RELEASE);
	status = wait_for_reader(race, round);
	begin = demo_now_ns();
	if (rcumem_pages_free(page, page_sz))
		return tool_api_error("cannot free the page");
	result->free_ns += demo_now_ns() - begin;
	return status;
}

static int rounds(struct race *race, uint64_t page_sz, struct demo_hotplug *result)
{
	int status = TOOL_OK;

	for (uint64_t i = 1; i <= DEMO_ROUNDS && status == TOOL_OK; i++) {
		__atomic_store_n(&race->round, i, __ATOMIC_RELEASE);
		status = one_round(race, i, page_sz, result);
	}
	return status;
}

int demo_hotplug(const struct session *session, struct demo_hotplug *result)
{
	uint64_t page_sz = rte_mem_virt2memseg_list(session->mem)->page_sz;
	struct race race = {0};
	pthread_t thread;
	int status;
	int err;

	err = pthread_create(&thread, NULL, reader, &race);
	if (err) {
		tool_error("cannot start a thread: %s", strerror(err));
		return TOOL_FAILED;
	}
	status = rounds(&race, page_sz, result);
	__atomic_store_n(&race.stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	result->lookups = race.lookups;
	result->found = race.found;
	result->wrong = race.wrong;
	return status;
}
