/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <urcu/urcu-bp.h>
#include <urcu/rculist.h>

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
		node) if (strcmp(entry->name, name) == 0 && entry->arg == arg &&
			  entry->socket == socket) return entry;
	return NULL;
}

int registry_add(struct registry *registry, const char *name, const struct registry_entry *entry)
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
		cds_list_add_tail_rcu(&copy->node, &registry->head);
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
		cds_list_del_rcu(&entry->node);
		rcu_store_relaxed(
			&registry->cnt, registry->cnt - 1); /* Relaxed: see registry_empty(). */
	}
	pthread_mutex_unlock(&registry->lock);
	if (entry == NULL)
		return -ENOENT;
	urcu_bp_synchronize_rcu();
	free(entry);
	return 0;
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

bool registry_empty(struct registry *registry)
{
	/* Relaxed: who registers beside an operation cannot know whether it is told of it. */
	return rcu_load_relaxed(&registry->cnt) == 0;
}

void registry_each(struct registry *registry,
	void (*fn)(const struct registry_entry *entry, void *ctx), void *ctx)
{
	struct registry_entry *entry;

	urcu_bp_read_lock();
	cds_list_for_each_entry_rcu(entry, &registry->head, node) fn(entry, ctx);
	urcu_bp_read_unlock();
}
