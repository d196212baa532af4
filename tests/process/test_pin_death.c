/* SPDX-License-Identifier: BSD-3-Clause */
/* Pins of other processes: they count for all, and go with who had them. */

#include "peer_case.h"
#include "peer_events.h"

#define N 3

/* (address, n) */
static int64_t op_pin(const int64_t *arg)
{
	return rcumem_pages_pin((void *)(uintptr_t)arg[0], (size_t)arg[1] * page_sz);
}

static int64_t op_unpin(const int64_t *arg)
{
	return rcumem_pages_unpin((void *)(uintptr_t)arg[0], (size_t)arg[1] * page_sz);
}

static int64_t op_pins(const int64_t *arg)
{
	return rcumem_pages_pins((void *)(uintptr_t)arg[0], (size_t)arg[1] * page_sz);
}

/* Two processes: the first has N pages, which the other has pinned. */
static int64_t begin_pinned(struct peer *peer)
{
	int64_t pages;

	peers_init(peer, 2);
	pages = peer_alloc(peer, N);
	peer_must(&peer[1], op_pin, pages, N);
	return pages;
}

static void pins_of_another_process_keep_pages(void **state)
{
	static struct peer peer[2];
	int64_t pages = begin_pinned(peer);

	(void)state;
	peer_must(peer, op_pin, pages, N);
	assert_int_equal(peer_call(peer, op_pins, pages, N), 2);
	peer_fails(peer, EBUSY, op_free, pages, 1);
	peer_must(peer, op_unpin, pages, N);
	peer_fails(peer, ENOENT, op_unpin, pages, N);
	peer_fails(peer, EBUSY, op_free, pages, 1);
	peer_must(&peer[1], op_unpin, pages, N);
	peer_must(peer, op_free, pages, N);
	peers_fini(peer, 2);
}

static void pins_of_a_process_that_is_killed_go_with_it(void **state)
{
	static struct peer peer[2];
	int64_t pages = begin_pinned(peer);

	(void)state;
	peer_must(&peer[1], op_pin, pages, N);
	peer_must(&peer[1], op_pin, pages, 1);
	peer_fails(peer, EBUSY, op_free, pages, N);
	peer_kill(&peer[1]);
	peer_must(peer, op_free, pages, N);
	assert_int_equal(peer_stat(peer, pins), 0);
	assert_int_equal(peer_stat(peer, processes), 1);
	peers_fini(peer, 1);
}

static void pins_of_a_process_that_leaves_go_with_it(void **state)
{
	static struct peer peer[2];
	int64_t pages = begin_pinned(peer);

	(void)state;
	peers_fini(&peer[1], 1);
	assert_int_equal(peer_stat(peer, pins), 0);
	peer_must(peer, op_free, pages, N);
	peers_fini(peer, 1);
}

/* A process that is stopped is not dead: its device may be at work. */
static void pins_of_a_process_that_is_stopped_stay(void **state)
{
	static struct peer peer[2];
	int64_t pages = begin_pinned(peer);

	(void)state;
	peer_stop(&peer[1]);
	peer_fails(peer, EBUSY, op_free, pages, N);
	peer_continue(&peer[1]);
	peer_must(&peer[1], op_unpin, pages, N);
	peer_must(peer, op_free, pages, N);
	peers_fini(peer, 2);
}

static void pin_new(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)arg;
	if (event == RTE_MEM_EVENT_ALLOC)
		rcumem_pages_pin(addr, len);
}

static int64_t op_pin_new(const int64_t *arg)
{
	(void)arg;
	return rte_mem_event_callback_register("pin new", pin_new, NULL);
}

/* New pages that somebody is not told of in time are taken back, but not from a device. */
static void pinned_new_pages_stay_though_another_does_not_answer(void **state)
{
	static struct peer peer[3];
	static struct record got[8];
	int64_t pages;

	(void)state;
	peers_init(peer, 3);
	peer_must(&peer[1], op_pin_new, 0);
	peer_must(&peer[2], op_listen, 2);
	peer_stop(&peer[2]);
	pages = peer_alloc(&peer[0], N);
	peer_fails(&peer[0], EBUSY, op_free, pages, N);
	assert_int_equal(peer_call(&peer[0], op_find, pages, N), N);
	peer_continue(&peer[2]);
	assert_true(peer_comes_to(&peer[2], 1, op_told, 0, 0));
	assert_int_equal(peer_records(&peer[2], got), 1);
	expect(&peer[2], got, 0, RTE_MEM_EVENT_ALLOC, 2, pages, N);
	peer_must(&peer[1], op_unpin, pages, N);
	peer_must(&peer[0], op_free, pages, N);
	peers_fini(peer, 3);
}

static const struct CMUnitTest cases[] = {
	PEER_CASE(pins_of_another_process_keep_pages),
	PEER_CASE(pins_of_a_process_that_is_killed_go_with_it),
	PEER_CASE(pins_of_a_process_that_leaves_go_with_it),
	PEER_CASE(pins_of_a_process_that_is_stopped_stay),
	PEER_CASE(pinned_new_pages_stay_though_another_does_not_answer),
};

PEER_MAIN("pins of processes", cases)
