/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>

#include "event_log.h"
#include "log.h"
#include "os.h"
#include "point.h"
#include "process.h"
#include "runtime.h"

/* Half of the log is for the second event of operations whose first is in it already. */
#define ROOM (REGION_EVENTS / 2)

#define LIVENESS_NS 10000000ull

_Static_assert(REGION_EVENTS / 2 >= REGION_OPS, "each operation under way may append one more");

struct region_event *event_log_entry(struct region *region, uint64_t event)
{
	return &region->events.ring[event % REGION_EVENTS];
}

uint64_t event_log_listeners(const struct region *region)
{
	/* Acquire pairs with start_locked() and end_locked() of listen.c. */
	return rcu_load_acquire(&region->events.listeners);
}

uint64_t event_log_next(const struct region *region)
{
	return rcu_load_relaxed(&region->events.head) + 1; /* Relaxed: under the mutex. */
}

int event_log_room(const struct region *region)
{
	uint64_t next = event_log_next(region);

	for (uint64_t slots = event_log_listeners(region); slots; slots &= slots - 1) {
		const struct region_process *process = &region->processes[__builtin_ctzll(slots)];

		/* Acquire pairs with drain_locked(): the entry is not needed any more. */
		if (next - rcu_load_acquire(&process->told) <= ROOM)
			continue;
		log_message(LOG_ERROR, "process %d has not told its callbacks of %d events",
			process->pid, ROOM);
		return -EAGAIN;
	}
	/* This thread will tell those of this process, inside a section. */
	return event_log_listeners(region) >> runtime.process & 1 ? rcu_thread_register() : 0;
}

void event_log_ring(struct region *region, uint32_t process)
{
	uint32_t *bell = &region->processes[process].bell;

	TEST_POINT("event.ring");
	/* Release pairs with thread_main(): what it is rung for. */
	rcu_add_fetch_seq_cst(bell, 1);
	TEST_POINT("event.wake");
	os_futex_wake(bell);
}

static void ring_all(struct region *region, uint64_t slots)
{
	for (; slots; slots &= slots - 1)
		event_log_ring(region, (uint32_t)__builtin_ctzll(slots));
}

void event_log_ring_listeners(struct region *region)
{
	ring_all(region, event_log_listeners(region));
}

uint64_t event_log_append(
	struct region *region, enum rte_mem_event type, const struct op_record *op, uint64_t to)
{
	uint64_t event = event_log_next(region);
	struct region_event *entry = event_log_entry(region, event);

	TEST_POINT("event.write");
	*entry = (struct region_event){
		.to = to, .type = type, .list = op->list, .first = op->first, .n = op->n};
	TEST_POINT("event.written");
	/* Release pairs with drain_locked() and behind() (INV-EVENT-1). */
	rcu_store_release(&region->events.head, event);
	TEST_POINT("event.appended");
	ring_all(region, to & ~(1ull << runtime.process)); /* The caller tells its own itself. */
	return event;
}

bool event_log_decide(struct region_event *entry, uint32_t slot, enum event_decision decision)
{
	uint64_t *word = &entry->decided[slot / 32];
	unsigned int shift = slot % 32 * 2;

	for (;;) {
		uint64_t old = rcu_load_relaxed(word); /* Relaxed: the exchange orders. */

		if (old >> shift & 3)
			return (old >> shift & 3) == decision;
		TEST_POINT("event.decide");
		/* Pairs with event_log_decide() in another process: one of the two decides
		 * (INV-EVENT-2). */
		if (rcu_cas_acq_rel(word, old, old | (uint64_t)decision << shift))
			return true;
	}
}

uint64_t event_log_cancel(struct region *region, uint64_t event)
{
	struct region_event *entry = event_log_entry(region, event);
	uint64_t begun = 0;

	for (uint64_t slots = entry->to; slots; slots &= slots - 1) {
		uint32_t slot = (uint32_t)__builtin_ctzll(slots);

		TEST_POINT("event.cancel");
		if (!event_log_decide(entry, slot, EVENT_BARRED))
			begun |= 1ull << slot;
	}
	TEST_POINT("event.cancelled");
	return begun;
}

uint64_t event_log_pending(const struct region *region, uint64_t event)
{
	uint64_t to = region->events.ring[event % REGION_EVENTS].to;
	uint64_t pending = 0;

	/* Who has stopped listening has no callback that runs. */
	for (uint64_t slots = to & event_log_listeners(region); slots; slots &= slots - 1) {
		uint32_t slot = (uint32_t)__builtin_ctzll(slots);

		/* Acquire pairs with drain_locked(): its callbacks are over. */
		if (rcu_load_acquire(&region->processes[slot].told) < event)
			pending |= 1ull << slot;
	}
	return pending;
}

int event_log_wait(struct region *region, uint64_t event)
{
	uint64_t until = os_now_ns() + region->event_timeout_ns;
	uint32_t *answered = &region->events.answered;
	uint64_t looked = os_now_ns(); /* Whether they live. */
	uint64_t pending;

	for (;;) {
		/* Acquire pairs with event_log_answer(): who answers later changes it. */
		uint32_t seen = rcu_load_acquire(answered);

		pending = event_log_pending(region, event);
		if (pending == 0)
			return 0;
		if (os_now_ns() >= until)
			break;
		os_futex_wait(answered, seen, LIVENESS_NS);
		/* Answers of others may end each sleep early. */
		if (os_now_ns() - looked < LIVENESS_NS)
			continue;
		process_reap_among(region, pending);
		looked = os_now_ns();
	}
	for (; pending; pending &= pending - 1)
		log_message(LOG_ERROR, "process %d does not tell its callbacks of a memory event",
			region->processes[__builtin_ctzll(pending)].pid);
	return -ETIMEDOUT;
}

void event_log_answer(struct region *region)
{
	TEST_POINT("event.answer");
	/* Release pairs with event_log_wait(). */
	rcu_add_fetch_seq_cst(&region->events.answered, 1);
	os_futex_wake(&region->events.answered);
}

bool event_log_sleep(struct region *region, uint32_t bell, uint64_t ns)
{
	return os_futex_wait(&region->processes[runtime.process].bell, bell, ns) != -ETIMEDOUT;
}
