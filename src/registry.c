/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "atomic.h"
#include "registry.h"

static int check_name(const char *name)
{
	if (name == NULL || name[0] == 0)
		return -EINVAL;
	return strnlen(name, REGISTRY_NAME_LEN) == REGISTRY_NAME_LEN ? -ENAMETOOLONG : 0;
}

static struct registry_entry *find_locked(
	struct registry *registry, const char *name, const void *arg, int socket)
{
	struct registry_entry *entry;

	cds_list_for_each_entry(entry, &registry->head,
		node) if (!entry->gone && strcmp(entry->name, name) == 0 && entry->arg == arg &&
			  entry->socket == socket) return entry;
	return NULL;
}

int registry_add(struct registry *registry, const char *name, const struct registry_entry *entry,
	struct registry_entry **held)
{
	int err = check_name(name);
	struct registry_entry *copy;

	if (err)
		return err;
	copy = malloc(sizeof(*copy));
	if (copy == NULL)
		return -ENOMEM;
	*copy = *entry;
	strcpy(copy->name, name);
	pthread_mutex_lock(&registry->lock);
	if (find_locked(registry, name, entry->arg, entry->socket)) {
		free(copy);
		err = -EEXIST;
	} else {
		if (held) {
			copy->running = 1;
			*held = copy;
		}
		cds_list_add_tail(&copy->node, &registry->head);
		rcu_store_relaxed(
			&registry->cnt, registry->cnt + 1); /* Relaxed: see registry_empty(). */
	}
	pthread_mutex_unlock(&registry->lock);
	return err;
}

int registry_remove(struct registry *registry, const char *name, const void *arg, int socket)
{
	struct registry_entry *entry;
	int err = check_name(name);

	if (err)
		return err;
	pthread_mutex_lock(&registry->lock);
	entry = find_locked(registry, name, arg, socket);
	if (entry) {
		entry->gone = true;
		while (entry->running)
			pthread_cond_wait(&registry->idle, &registry->lock);
		/* Not before: while it runs, its process must be waited for.  Relaxed: see
		 * registry_empty(). */
		rcu_store_relaxed(&registry->cnt, registry->cnt - 1);
		cds_list_del(&entry->node);
		free(entry);
	}
	pthread_mutex_unlock(&registry->lock);
	return entry ? 0 : -ENOENT;
}

void registry_clear(struct registry *registry)
{
	struct registry_entry *entry, *next;

	pthread_mutex_lock(&registry->lock);
	cds_list_for_each_entry_safe(entry, next, &registry->head, node)
	{
		cds_list_del(&entry->node);
		free(entry);
	}
	rcu_store_relaxed(&registry->cnt, 0); /* Relaxed: see registry_empty(). */
	pthread_mutex_unlock(&registry->lock);
}

void registry_forget(struct registry *registry)
{
	struct registry_entry *entry;

	/* Threads of the parent may have held the lock, or be waiting; the fork may have come from
	 * a callback, which returns to an entry: the entries are left where they are. */
	pthread_mutex_init(&registry->lock, NULL);
	pthread_cond_init(&registry->idle, NULL);
	cds_list_for_each_entry(entry, &registry->head, node) entry->gone = true;
	CDS_INIT_LIST_HEAD(&registry->head);
	rcu_store_relaxed(&registry->cnt, 0); /* Relaxed: see registry_empty(). */
}

bool registry_empty(struct registry *registry)
{
	/* Relaxed: who registers beside an operation cannot know whether it is told of it. */
	return rcu_load_relaxed(&registry->cnt) == 0;
}

static void release_locked(struct registry *registry, struct registry_entry *entry)
{
	if (--entry->running == 0 && entry->gone)
		pthread_cond_broadcast(&registry->idle);
}

void registry_release(struct registry *registry, struct registry_entry *entry)
{
	pthread_mutex_lock(&registry->lock);
	release_locked(registry, entry);
	pthread_mutex_unlock(&registry->lock);
}

/* Step to the entry behind `node`, hold it, under the lock; NULL at the end. */
static struct registry_entry *hold_next(struct registry *registry, struct cds_list_head *node)
{
	struct registry_entry *entry = NULL;

	do {
		node = node->next;
		entry = node == &registry->head ? NULL
						: cds_list_entry(node, struct registry_entry, node);
	} while (entry && entry->gone);
	if (entry)
		entry->running++;
	return entry;
}

void registry_each(struct registry *registry,
	void (*fn)(const struct registry_entry *entry, void *ctx), void *ctx)
{
	struct registry_entry *entry, *next;

	pthread_mutex_lock(&registry->lock);
	entry = hold_next(registry, &registry->head);
	while (entry) {
		pthread_mutex_unlock(&registry->lock);
		fn(entry, ctx);
		pthread_mutex_lock(&registry->lock);
		next = hold_next(
			registry, &entry->node); /* The entry is in the list while it is held. */
		release_locked(registry, entry);
		entry = next;
	}
	pthread_mutex_unlock(&registry->lock);
}
