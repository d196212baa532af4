/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "context.h"
#include "intent.h"
#include "log.h"
#include "os.h"
#include "point.h"
#include "runtime.h"
#include "writer.h"

#ifdef RCU_PAUSE_POINTS
void (*volatile test_point_hook)(const char *name);
#endif

__thread struct context context_self;

/* This thread as a writer. */
static __thread struct {
	bool owner;      /* Owns the mutex. */
	bool was_online; /* QSBR reader to be put back online. */
} writer_self __attribute__((tls_model("initial-exec")));

bool writer_refused(void)
{
	return context_self.callbacks || writer_self.owner || rcu_in_section();
}

int writer_allowed(void)
{
	if (runtime_region() == NULL)
		return -ENODEV;
	return writer_refused() ? -EDEADLK : 0;
}

void writer_offline(void)
{
	writer_self.was_online = rcu_is_qsbr() && rcu_self.online;
	rcu_qsbr_offline();
}

void writer_online(void)
{
	if (writer_self.was_online)
		rcu_qsbr_online();
}

bool writer_is_owner(void)
{
	return writer_self.owner;
}

void writer_callback_enter(void)
{
	context_self.callbacks++;
	context_self.registry++;
	context_self.floor = rcu_self.nesting; /* A writer's thread has no other section. */
}

void writer_callback_exit(void)
{
	/* A child that was forked by a callback has left it already. */
	if (context_self.registry) {
		context_self.registry--;
		context_self.callbacks--;
		context_self.floor = 0;
	}
}

bool writer_in_callback(void)
{
	return context_self.registry != 0;
}

void writer_forget(void)
{
	context_self = (struct context){0};
	writer_self.owner = false;
}

int writer_init(struct region *region)
{
	pthread_mutexattr_t attr;
	int err = pthread_mutexattr_init(&attr);

	if (err)
		return -err;
	err = pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED);
	if (!err)
		err = pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST);
	if (!err)
		err = pthread_mutex_init(&region->mutex, &attr);
	pthread_mutexattr_destroy(&attr);
	return -err;
}

int writer_lock(struct region *region)
{
	int err = os_mutex_lock(&region->mutex, region->lock_timeout_ns);

	if (err == EOWNERDEAD) {
		log_message(LOG_WARN, "thread %d of process %d died as the writer: recovering",
			region->owner_tid, region->owner_pid);
		TEST_POINT("recover.begin");
		if (intent_sound(region))
			intent_recover(region);
		else
			intent_give_up(region);
		TEST_POINT("recover.consistent");
		/* The last act: dying before it leaves the mutex to the next that recovers. */
		pthread_mutex_consistent(&region->mutex);
		err = 0;
	}
	if (!err && intent_given_up(region)) {
		pthread_mutex_unlock(&region->mutex);
		err = ENOTRECOVERABLE;
	}
	if (err == ETIMEDOUT)
		/* Relaxed, both: for a message. */
		log_message(LOG_ERROR, "thread %d of process %d has been the writer for too long",
			rcu_load_relaxed(&region->owner_tid), rcu_load_relaxed(&region->owner_pid));
	if (err)
		return -err;
	TEST_POINT("writer.locked");
	if (region->owner_process != runtime.process)
		rcu_told_by_other(region->domain);
	/* Relaxed, these and that of writer_unlock(): who waits in vain reads them for a message.
	 */
	rcu_store_relaxed(&region->owner_pid, getpid());
	rcu_store_relaxed(&region->owner_process, runtime.process);
	TEST_POINT("writer.process");
	rcu_store_relaxed(
		&region->owner_tid, (int32_t)syscall(__NR_gettid)); /* Relaxed: as above. */
	writer_self.owner = true;
	return 0;
}

void writer_unlock(struct region *region)
{
	writer_self.owner = false;
	rcu_tell_other(region->domain, &region->root);
	rcu_tell_other(region->domain, &region->events.head);
	TEST_POINT("writer.unlock");
	/* Whoever dies before it is named must not be taken for this one.  Relaxed: writer_lock().
	 */
	rcu_store_relaxed(&region->owner_tid, 0);
	TEST_POINT("writer.unnamed");
	pthread_mutex_unlock(&region->mutex);
}

int writer_begin(void)
{
	int err = writer_allowed();

	if (err)
		return err;
	writer_offline();
	err = writer_lock(runtime_region());
	if (err)
		writer_online();
	return err;
}

int writer_end(int result)
{
	writer_unlock(runtime_region());
	writer_online();
	return result;
}
