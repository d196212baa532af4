/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGISTRY_H
#define REGISTRY_H

/*
 * A list of named callbacks, private to the process, in registration order.
 *
 * Callbacks run without the lock, so that they may look up and register other
 * things, and fork; an entry that runs is held, and removing it waits for the
 * holders only.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <urcu/list.h>

#define REGISTRY_NAME_LEN 64

struct registry_entry {
	struct cds_list_head node;
	char name[REGISTRY_NAME_LEN];
	void (*fn)(void); /* Cast back to its type by the caller. */
	void *arg;        /* Part of the key, like `socket`. */
	int socket;
	size_t limit;
	unsigned int running; /* Calls going on; under the lock, like `gone`. */
	bool gone;            /* Being removed: called no more. */
};

struct registry {
	pthread_mutex_t lock; /* Writers of the list. */
	struct cds_list_head head;
	pthread_cond_t idle; /* An entry that is being removed runs no more. */
	unsigned int cnt;    /* Under the lock; relaxed elsewhere. */
};

#define REGISTRY_INIT(r)                                                                           \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .idle = PTHREAD_COND_INITIALIZER,               \
		.head = CDS_LIST_HEAD_INIT((r).head)                                               \
	}

/*
 * Add a copy of `entry`: 0, -EINVAL, -ENAMETOOLONG, -EEXIST or -ENOMEM.  With
 * `held` it is handed out, as one that runs until registry_release().
 */
int registry_add(struct registry *registry, const char *name, const struct registry_entry *entry,
	struct registry_entry **held);

void registry_release(struct registry *registry, struct registry_entry *entry);

/*
 * Remove (name, arg, socket) and wait until it is not running: 0, -EINVAL,
 * -ENAMETOOLONG or -ENOENT.  Not inside a callback of any registry.
 */
int registry_remove(struct registry *registry, const char *name, const void *arg, int socket);

/* Remove all, in a process that runs none of them. */
void registry_clear(struct registry *registry);

/* In the child of fork(): empty, whatever the parent's threads were doing. */
void registry_forget(struct registry *registry);

bool registry_empty(struct registry *registry);

/* Call `fn` for each entry, in order. */
void registry_each(struct registry *registry,
	void (*fn)(const struct registry_entry *entry, void *ctx), void *ctx);

#endif /* REGISTRY_H */
