/* SPDX-License-Identifier: BSD-3-Clause */
#include "event_log.h"
#include "events.h"
#include "hotplug.h"
#include "listen.h"
#include "os.h"
#include "point.h"
#include "runtime.h"
#include "writer.h"

static struct {
	pthread_mutex_t lock;
	bool on;         /* Stored under the lock: the log has this process among its listeners. */
	bool has_thread; /* Under the lock. */
	bool stop;       /* The thread is to end; it looks when its bell rings. */
	pthread_t thread;
} listening = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* How long a range whose callbacks are being told is not looked after. */
#define WATCH_NS 100000000ull

/* Frees whose callers gave up waiting, or have died. */
static void settle(struct region *region)
{
	if (hotplug_unsettled(region) && writer_lock(region) == 0) {
		hotplug_reclaim_passed(region);
		writer_unlock(region);
	}
}

static bool behind(const struct region *region)
{
	/* Relaxed: of this process.  Acquire pairs with event_log_append().  Not where others took
	 * this process for dead: nobody waits for it, and it tells nothing. */
	return event_log_listeners(region) >> runtime.process & 1 &&
	       rcu_load_relaxed(&region->processes[runtime.process].told) <
		       rcu_load_acquire(&region->events.head);
}

static void *thread_main(void *arg)
{
	struct region *region = arg;
	struct region_process *self = &region->processes[runtime.process];

	for (;;) {
		/* Acquire pairs with event_log_ring(); a bell that rings from here on ends the
		 * sleep. */
		uint32_t bell = rcu_load_acquire(&self->bell);

		if (rcu_load_relaxed(&listening.stop)) /* Relaxed, both flags: the bell orders. */
			return NULL;
		if (rcu_load_relaxed(&listening.on) && behind(region)) {
			/* Where another thread's callback does not return, try again. */
			events_drain(region, UINT64_MAX);
			settle(region);
		} else if (!event_log_sleep(
				   region, bell, hotplug_telling(region) ? WATCH_NS : UINT64_MAX)) {
			settle(region);
		}
	}
}

static int thread_start(struct region *region)
{
	int err;

	if (listening.has_thread || region->prefix[0] == 0)
		return 0;
	listening.stop = false;
	err = os_thread_start(&listening.thread, thread_main, region);
	listening.has_thread = !err;
	return err;
}

static void start_locked(struct region *region)
{
	struct region_process *self = &region->processes[runtime.process];

	TEST_POINT("listen.start");
	/*
	 * Nothing before is told.  Relaxed head: of this process.  Release pairs with
	 * event_log_pending(); the maximum, for drain_locked() may be at an event of earlier days.
	 */
	rcu_fetch_max_release(&self->told, rcu_load_relaxed(&region->events.head));
	TEST_POINT("listen.level");
	rcu_store_relaxed(&listening.on, true); /* Relaxed: the bell orders. */
	/* Release pairs with event_log_listeners(): events are told from `told` on. */
	rcu_fetch_or_release(&region->events.listeners, 1ull << runtime.process);
}

static void end_locked(struct region *region)
{
	TEST_POINT("listen.stop");
	/* Release pairs with event_log_listeners(): no callback runs. */
	rcu_fetch_and_release(&region->events.listeners, ~(1ull << runtime.process));
	TEST_POINT("listen.stopped");
	rcu_store_relaxed(&listening.on, false); /* Relaxed: the bell orders. */
	event_log_answer(region);                /* Whoever waits for this process need not. */
}

int listen_update(struct region *region)
{
	int err = 0;
	bool on;

	pthread_mutex_lock(&listening.lock);
	on = events_wanted(); /* Under the lock: the last to ask knows best. */
	if (on && !listening.on) {
		err = thread_start(region);
		if (!err)
			start_locked(region);
	} else if (!on && listening.on) {
		end_locked(region);
	}
	pthread_mutex_unlock(&listening.lock);
	return err;
}

void listen_end(struct region *region)
{
	pthread_mutex_lock(&listening.lock);
	if (listening.has_thread) {
		rcu_store_relaxed(&listening.stop, true); /* Relaxed: the bell orders. */
		event_log_ring(region, runtime.process);
		pthread_join(listening.thread, NULL);
	}
	if (listening.on)
		end_locked(region); /* At once: nobody is left to tell the callbacks. */
	listening.has_thread = listening.on = false;
	pthread_mutex_unlock(&listening.lock);
}

void listen_fork_child(void)
{
	pthread_mutex_init(&listening.lock, NULL);
	listening.has_thread = listening.on = false;
}
