/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_ACTOR_H
#define SUPPORT_ACTOR_H

/*
 * A thread that does what the case tells it, one call after the other: it
 * enters a section, stays inside while the case looks on, and leaves it.
 */

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

struct actor {
	pthread_t thread;
	sem_t call;
	sem_t done;
	int (*fn)(void *arg);
	void *arg;
	int result;
	int32_t tid;
};

static inline void *actor_main(void *arg)
{
	struct actor *actor = arg;

	actor->tid = (int32_t)syscall(__NR_gettid);
	sem_post(&actor->done);
	for (;;) {
		while (sem_wait(&actor->call))
			;
		if (actor->fn == NULL)
			return NULL;
		actor->result = actor->fn(actor->arg);
		sem_post(&actor->done);
	}
}

/* Let it call fn(arg), and go on at once. */
static inline void actor_begin(struct actor *actor, int (*fn)(void *arg), void *arg)
{
	actor->fn = fn;
	actor->arg = arg;
	sem_post(&actor->call);
}

/* Wait until that call has returned; what it returned. */
static inline int actor_end(struct actor *actor)
{
	while (sem_wait(&actor->done))
		;
	return actor->result;
}

static inline int actor_do(struct actor *actor, int (*fn)(void *arg), void *arg)
{
	actor_begin(actor, fn, arg);
	return actor_end(actor);
}

static inline void actor_start(struct actor *actor)
{
	*actor = (struct actor){0};
	sem_init(&actor->call, 0, 0);
	sem_init(&actor->done, 0, 0);
	if (pthread_create(&actor->thread, NULL, actor_main, actor))
		abort();
	actor_end(actor);
}

/* Let the thread end, in whatever section it is. */
static inline void actor_stop(struct actor *actor)
{
	actor_begin(actor, NULL, NULL);
	pthread_join(actor->thread, NULL);
	sem_destroy(&actor->call);
	sem_destroy(&actor->done);
}

#endif /* SUPPORT_ACTOR_H */
