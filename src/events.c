/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory event callbacks: contract rows E1-E8 and sections 2.2, 2.5. */

#include <errno.h>
#include <stdlib.h>

#include <rcumem.h>

#include "api.h"
#include "event_log.h"
#include "events.h"
#include "hotplug.h"
#include "listen.h"
#include "log.h"
#include "os.h"
#include "point.h"
#include "registry.h"
#include "replay.h"
#include "runtime.h"
#include "section.h"
#include "segment.h"
#include "writer.h"

static struct registry callbacks = REGISTRY_INIT(callbacks);

/* The turn: keeps events apart, so that every callback sees them in one order. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* Threads that are about to register a callback and must not miss an event. */
static uint32_t subscribing;

/* This thread is telling them. */
static __thread bool delivering __attribute__((tls_model("initial-exec")));

struct event {
	enum rte_mem_event type;
	const void *addr;
	size_t len;
};

static void call(const struct registry_entry *entry, void *ctx)
{
	const struct event *event = ctx;

	((rte_mem_event_callback_t)entry->fn)(event->type, event->addr, event->len, entry->arg);
}

/* Take the turn, waiting no longer than for another writer: whoever has it may wait for this
 * thread. */
static int turn_take(const struct region *region)
{
	int err = os_mutex_lock(&turn, region->lock_timeout_ns);

	if (err)
		log_message(LOG_ERROR, "a memory event callback of another thread does not return");
	return -err;
}

/* Around callbacks: the raw readers are safe in a section, writers fail.  Callers of writers have a
 * reader slot (event_log_room()); a listening thread that finds none goes on without a section. */
static bool callbacks_enter(void)
{
	bool section = rcu_section_enter() == 0;

	writer_callback_enter();
	delivering = true;
	return section;
}

static void callbacks_exit(bool section)
{
	delivering = false;
	writer_callback_exit();
	if (section)
		rcu_section_exit();
}

static void tell(const struct region *region, const struct region_event *entry)
{
	const struct list_state *state = &region->states[entry->list];
	struct event event = {.type = entry->type};
	bool section;

	if (!hotplug_range_sound(region, entry->list, entry->first, entry->n)) {
		log_message(LOG_ERROR, "a memory event is damaged");
		return;
	}
	event.addr = (void *)(uintptr_t)segment_va(state, entry->first);
	event.len = (size_t)entry->n << state->page_shift;
	section = callbacks_enter();
	TEST_POINT("event.call");
	registry_each(&callbacks, call, &event);
	callbacks_exit(section);
}

/* With the turn: tell all there is.  False in a child that a callback forked. */
static bool drain_locked(struct region *region)
{
	struct region_process *self = &region->processes[runtime.process];
	uint64_t mine = 1ull << runtime.process;
	uint64_t number, head;

	/* Relaxed: stored with the turn, or raised beyond what is ours.  Acquire pairs with
	 * event_log_append(). */
	while ((number = rcu_load_relaxed(&self->told) + 1) <=
		(head = rcu_load_acquire(&region->events.head))) {
		struct region_event *entry = event_log_entry(region, number);
		bool to_us = entry->to & mine;

		/* Who does not listen is not waited for: the entry may be another event's by now.
		 */
		if (!(event_log_listeners(region) & mine))
			break;
		/* Relaxed: as above.  It was raised meanwhile; else event_log_room() keeps the
		 * others near, and number 0 is none. */
		if (rcu_load_relaxed(&self->told) + 1 != number)
			continue;
		if (number == 0 || head - number >= REGION_EVENTS) {
			log_message(LOG_ERROR, "the log of memory events is damaged");
			/* Release pairs with event_log_pending(), as below. */
			rcu_fetch_max_release(&self->told, head);
			break;
		}
		TEST_POINT("event.begin");
		if (to_us && event_log_decide(entry, runtime.process, EVENT_BEGUN))
			tell(region, entry);
		if (runtime_region() != region)
			return false;
		TEST_POINT("event.told");
		if (PLANTED(LOST_ACK))
			break;
		/* Release pairs with event_log_pending(): the callbacks are over.  The maximum, for
		 * start_locked() may have gone further. */
		rcu_fetch_max_release(&self->told, number);
		if (to_us)
			event_log_answer(region);
		TEST_POINT("event.answered");
	}
	return true;
}

int events_drain(struct region *region, uint64_t event)
{
	/* Acquire pairs with drain_locked() in another thread: its callbacks are over. */
	if (rcu_load_acquire(&region->processes[runtime.process].told) >= event)
		return 0;
	if (turn_take(region))
		return -ETIMEDOUT;
	if (drain_locked(region))
		pthread_mutex_unlock(&turn);
	return 0;
}

int events_hold(const struct region *region)
{
	return turn_take(region);
}

void events_release(void)
{
	pthread_mutex_unlock(&turn);
}

/* ---- Registering ---- */

bool events_wanted(void)
{
	/* Relaxed: who registers or subscribes updates afterwards, under the same lock. */
	return rcu_load_relaxed(&subscribing) || !registry_empty(&callbacks);
}

/* With the runtime: listen exactly while there are callbacks. */
static int listen(struct region *region)
{
	return region ? listen_update(region) : 0;
}

int events_attach(struct region *region)
{
	return listen(region);
}

int rte_mem_event_callback_register(const char *name, rte_mem_event_callback_t clb, void *arg)
{
	struct registry_entry entry = {.fn = (void (*)(void))clb, .arg = arg};
	int err;

	if (clb == NULL)
		return api_result(-EINVAL);
	err = delivering ? -EDEADLK : registry_add(&callbacks, name, &entry, NULL);
	if (!err) {
		/* Asked now: a runtime that began before sees the callback (events_attach()). */
		err = listen(runtime_region());
		if (err)
			registry_remove(&callbacks, name, arg, 0);
	}
	return api_result(err);
}

int rte_mem_event_callback_unregister(const char *name, void *arg)
{
	struct region *region = runtime_region();
	int err;

	/* Removing waits until no callback runs, this one included. */
	if (writer_in_callback())
		return api_result(-EDEADLK);
	err = registry_remove(&callbacks, name, arg, 0);
	if (!err)
		listen(region);
	return api_result(err);
}

/* ---- Subscribing: a picture of what there is, then every event after it ---- */

/*
 * With the turn: take the writer mutex at a moment when this process has told
 * every event there is.  What comes later is told after the turn ends.
 */
static int lock_level(struct region *region)
{
	const struct region_process *self = &region->processes[runtime.process];
	uint64_t begin = os_now_ns();
	int err;

	for (;;) {
		if (!drain_locked(region))
			return -ENODEV;
		err = writer_lock(region);
		/* Relaxed, both: under the turn and the mutex. */
		if (err || rcu_load_relaxed(&self->told) >= rcu_load_relaxed(&region->events.head))
			return err;
		writer_unlock(region);
		if (!(event_log_listeners(region) >> runtime.process & 1)) {
			log_message(LOG_ERROR, "the listeners to memory events are damaged");
			return -ENOTRECOVERABLE;
		}
		if (os_now_ns() - begin >= region->lock_timeout_ns)
			return -ETIMEDOUT; /* Others change memory all the time. */
	}
}

/* With the turn, and listening. */
static int subscribe_locked(
	struct replay *replay, const char *name, const struct registry_entry *entry)
{
	struct region *region = replay->region;
	struct registry_entry *held = NULL;
	bool section;
	int err = lock_level(region);

	if (err)
		return err;
	TEST_POINT("subscribe.level");
	section = callbacks_enter();
	/* Without a section the picture cannot be kept. */
	err = section ? registry_add(&callbacks, name, entry, &held) : -ENOSPC;
	replay_take(replay);
	TEST_POINT("subscribe.pictured");
	writer_unlock(region);
	if (!err) {
		replay_tell(replay);
		registry_release(&callbacks, held);
	}
	TEST_POINT("subscribe.replayed");
	callbacks_exit(section);
	return err;
}

int rcumem_subscribe(const char *name, rte_mem_event_callback_t clb, void *arg)
{
	struct registry_entry entry = {.fn = (void (*)(void))clb, .arg = arg};
	struct region *region = runtime_region();
	struct replay *replay;
	int err = clb == NULL ? -EINVAL : writer_allowed();

	if (err)
		return api_result(err);
	replay = malloc(sizeof(*replay));
	if (replay == NULL)
		return api_result(-ENOMEM);
	*replay = (struct replay){.region = region, .clb = clb, .arg = arg};
	writer_offline();
	/* Relaxed: see events_wanted(). */
	rcu_fetch_add_relaxed(&subscribing, 1);
	err = listen(region);
	if (!err)
		err = turn_take(region);
	if (!err) {
		err = subscribe_locked(replay, name, &entry);
		pthread_mutex_unlock(&turn);
	}
	/* Relaxed, as above. */
	rcu_fetch_add_relaxed(&subscribing, -1);
	listen(region);
	writer_online();
	free(replay);
	return api_result(err);
}

void events_fini(void)
{
	registry_clear(&callbacks);
}

void events_fork_child(void)
{
	/* Another thread of the parent may have been delivering. */
	pthread_mutex_init(&turn, NULL);
	listen_fork_child();
	subscribing = 0;
	delivering = false;
	registry_forget(&callbacks);
}
