/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGISTRY_H
#define REGISTRY_H

/*
 * A list of named callbacks, private to the process, in registration order.
 *
 * It is an RCU list of liburcu's "bulletproof" flavour: calling the entries
 * takes no lock, so that a callback may register and look up other things, and
 * removing one waits until no call of it is running.
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
};

struct registry {
	pthread_mutex_t lock; /* Writers of the list. */
	struct cds_list_head head;
	unsigned int cnt; /* Under the lock; relaxed elsewhere. */
};

#define REGISTRY_INIT(r)                                                                           \
	{                                                                                          \
		.lock = PTHREAD_MUTEX_INITIALIZER, .head = CDS_LIST_HEAD_INIT((r).head)            \
	}

/* Add a copy of `entry`: 0, -EINVAL, -ENAMETOOLONG, -EEXIST or -ENOMEM. */
int registry_add(struct registry *registry, const char *name, const struct registry_entry *entry);

/*
 * Remove (name, arg, socket) and wait until it is not running: 0, -EINVAL,
 * -ENAMETOOLONG or -ENOENT.  Not inside a callback of any registry.
 */
int registry_remove(struct registry *registry, const char *name, const void *arg, int socket);

/* Remove all, in a process that runs none of them. */
void registry_clear(struct registry *registry);

bool registry_empty(struct registry *registry);

/* Call `fn` for each entry, in order. */
void registry_each(struct registry *registry,
	void (*fn)(const struct registry_entry *entry, void *ctx), void *ctx);

#endif /* REGISTRY_H */
