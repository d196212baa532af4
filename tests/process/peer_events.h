/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_EVENTS_H
#define PEER_EVENTS_H

/*
 * Event callbacks of peers: they write down what they are told, look whether it
 * is true, and wait where the case wants them to.
 */

#include <pthread.h>
#include <stdatomic.h>

#include "peer_case.h"

#define RECORDS_MAX 20000

/* One call of a callback. */
struct record {
	int64_t addr;
	int64_t len;
	int32_t event;
	int16_t id;   /* Of the callback. */
	int8_t whole; /* Every reader found every page, and its descriptor. */
	int8_t byte;  /* The first of the memory. */
};

/* Of a peer. */
static struct record records[RECORDS_MAX];
static atomic_uint n_records;
static atomic_uint waits_on; /* Bits of the events whose callbacks wait. */
static atomic_uint waiting;  /* Callbacks that wait now. */
static atomic_bool try_writers;
static _Atomic(const char *) not_refused; /* A writer that a callback could call. */

static inline bool whole(const char *addr, size_t len)
{
	for (size_t off = 0; off < len; off += page_sz) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(addr + off, NULL);

		if (!is_used(addr + off) || ms->addr != addr + off || ms->len != page_sz ||
			rte_mem_iova2virt((uintptr_t)addr + off + 1) != addr + off + 1 ||
			rte_memseg_get_fd(ms) < 0)
			return false;
	}
	return segs_now() >= len / page_sz && rte_eal_get_physmem_size() >= len;
}

static inline void take_down(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	unsigned int i = atomic_load(&n_records); /* One callback runs at a time. */
	unsigned int bit = 1u << event;

	if (i < RECORDS_MAX)
		records[i] = (struct record){
			.addr = (int64_t)(uintptr_t)addr,
			.len = (int64_t)len,
			.event = (int32_t)event,
			.id = (int16_t)(intptr_t)arg,
			.whole = whole(addr, len),
			.byte = *(const volatile int8_t *)addr,
		};
	atomic_store(&n_records, i + 1); /* Complete: op_records() may copy it. */
	if (atomic_load(&try_writers)) {
		const char *name;

		writer_page = (void *)(uintptr_t)addr;
		name = writer_not_refused(EDEADLK);
		if (!name && (rcumem_subscribe("inside", event_ignore, NULL) != -1 ||
				     rte_errno != EDEADLK))
			name = "rcumem_subscribe";
		if (name)
			atomic_store(&not_refused, name);
	}
	atomic_fetch_add(&waiting, 1);
	while (atomic_load(&waits_on) & bit)
		sleep_ms(1);
	atomic_fetch_sub(&waiting, 1);
}

/* ---- For peer_call() ---- */

/* (id) */
static inline int64_t op_listen(const int64_t *arg)
{
	return rte_mem_event_callback_register("take down", take_down, (void *)(intptr_t)arg[0]);
}

/* (id) */
static inline int64_t op_unlisten(const int64_t *arg)
{
	return rte_mem_event_callback_unregister("take down", (void *)(intptr_t)arg[0]);
}

/* (bits): callbacks of these events wait from now on, the others go on. */
static inline int64_t op_wait_in(const int64_t *arg)
{
	atomic_store(&waits_on, (unsigned int)arg[0]);
	return 0;
}

#define WAIT_IN_ALLOC (1 << RTE_MEM_EVENT_ALLOC)
#define WAIT_IN_FREE  (1 << RTE_MEM_EVENT_FREE)

/* Is a callback inside? */
static inline int64_t op_waiting(const int64_t *arg)
{
	(void)arg;
	return atomic_load(&waiting) != 0 && atomic_load(&waits_on) != 0;
}

/* (): callbacks try every writer from now on. */
static inline int64_t op_try_writers(const int64_t *arg)
{
	atomic_store(&try_writers, arg[0] != 0);
	return 0;
}

/* A writer was not refused: its name in the data. */
static inline int64_t op_not_refused(const int64_t *arg)
{
	const char *name = atomic_load(&not_refused);

	(void)arg;
	if (name)
		peer_give(name, strlen(name) + 1);
	return name != NULL;
}

static inline int64_t op_told(const int64_t *arg)
{
	(void)arg;
	return atomic_load(&n_records);
}

/* (first): from there on, in the data. */
static inline int64_t op_records(const int64_t *arg)
{
	int64_t n = atomic_load(&n_records) - arg[0];

	peer_give(&records[arg[0]], (size_t)n * sizeof(records[0]));
	return n;
}

static inline int64_t op_forget(const int64_t *arg)
{
	(void)arg;
	atomic_store(&n_records, 0);
	return 0;
}

/* ---- In the case ---- */

/* Everything that a peer was told of. */
static inline unsigned int peer_records(struct peer *peer, struct record *all)
{
	unsigned int n = 0;

	for (;;) {
		unsigned int got;

		peer_must(peer, op_records, n);
		got = peer->reply.len / (unsigned int)sizeof(*all);
		memcpy(all + n, peer->reply.data, peer->reply.len);
		n += got;
		if (got == 0)
			return n;
	}
}

/* Ask until the answer is `value`, for 10 s at most: true when it came. */
static inline bool peer_comes_to(
	struct peer *peer, int64_t value, int64_t (*fn)(const int64_t *), int64_t a, int64_t b)
{
	for (int64_t until = now_ns() + 10000000000ll; now_ns() < until; sleep_ms(2))
		if (peer_call(peer, fn, a, b) == value)
			return true;
	return false;
}

/* The next record of a peer. */
static inline struct record expect(struct peer *peer, const struct record *records_of,
	unsigned int i, enum rte_mem_event event, int id, int64_t addr, int64_t n)
{
	const struct record *is = &records_of[i];

	if (is->event != (int32_t)event || is->id != id || is->addr != addr ||
		is->len != n * (int64_t)page_sz)
		fail_msg("%s, record %u: event %d for %d at 0x%llx, not %d for %d at 0x%llx",
			peer->name, i, is->event, is->id, (unsigned long long)is->addr, event, id,
			(unsigned long long)addr);
	assert_true(is->whole);
	return *is;
}

static inline void told(struct peer *peer, unsigned int n)
{
	assert_int_equal(peer_call(peer, op_told, 0), n);
}

/* A free that was left for later: by itself. */
static inline void range_goes_by_itself(struct peer *peer, int64_t va)
{
	assert_true(peer_comes_to(peer, 0, op_find, va, 2));
	assert_true(peer_comes_to(peer, 0, op_backed, 0, 0));
	assert_int_equal(peer_stat(peer, frees), 1);
	assert_int_equal(peer_stat(peer, bytes), 0);
}

#endif /* PEER_EVENTS_H */
