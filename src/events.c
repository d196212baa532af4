/* SPDX-License-Identifier: BSD-3-Clause */
/* Memory event callbacks: contract rows E1-E8. */

#include <errno.h>
#include <time.h>

#include "api.h"
#include "events.h"
#include "log.h"
#include "registry.h"
#include "runtime.h"
#include "section.h"
#include "writer.h"

static struct registry callbacks = REGISTRY_INIT(callbacks);

/* Keeps events apart: every callback sees them in one order. */
static pthread_mutex_t delivery = PTHREAD_MUTEX_INITIALIZER;

/* This thread is telling them. */
static __thread bool delivering __attribute__((tls_model("initial-exec")));

bool events_wanted(void)
{
	return !registry_empty(&callbacks);
}

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

/* Wait for another thread's event, no longer than for another writer: its callback may wait for
 * this thread. */
static int turn(void)
{
	struct timespec until;
	uint64_t ns = runtime_region()->lock_timeout_ns;

	clock_gettime(CLOCK_MONOTONIC, &until);
	ns += (uint64_t)until.tv_nsec;
	until.tv_sec += (time_t)(ns / 1000000000u);
	until.tv_nsec = (long)(ns % 1000000000u);
	return -pthread_mutex_clocklock(&delivery, CLOCK_MONOTONIC, &until);
}

int events_deliver(enum rte_mem_event type, const void *addr, size_t len)
{
	struct event event = {type, addr, len};
	bool section;
	int err = turn();

	if (err) {
		log_message(LOG_ERROR, "a memory event callback of another thread does not return");
		return err;
	}
	/* The raw readers are safe inside a section; a thread without a reader slot goes on without
	 * one. */
	section = rcu_section_enter() == 0;
	writer_callback_enter();
	delivering = true;
	registry_each(&callbacks, call, &event);
	delivering = false;
	writer_callback_exit();
	pthread_mutex_unlock(&delivery);
	if (section)
		rcu_section_exit();
	return 0;
}

int rte_mem_event_callback_register(const char *name, rte_mem_event_callback_t clb, void *arg)
{
	struct registry_entry entry = {.fn = (void (*)(void))clb, .arg = arg};

	if (clb == NULL)
		return api_result(-EINVAL);
	return api_result(delivering ? -EDEADLK : registry_add(&callbacks, name, &entry));
}

int rte_mem_event_callback_unregister(const char *name, void *arg)
{
	/* Removing waits until no callback runs, this one included. */
	return api_result(
		writer_in_callback() ? -EDEADLK : registry_remove(&callbacks, name, arg, 0));
}

void events_fini(void)
{
	registry_clear(&callbacks);
}

void events_fork_child(void)
{
	/* Another thread of the parent may have been delivering. */
	pthread_mutex_init(&delivery, NULL);
	registry_forget(&callbacks);
}
