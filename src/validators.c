/* SPDX-License-Identifier: BSD-3-Clause */
/* Allocation validators: contract rows A1-A7. */

#include <errno.h>

#include "api.h"
#include "events.h"
#include "registry.h"
#include "section.h"
#include "writer.h"

static struct registry validators = REGISTRY_INIT(validators);

/* This thread is asking them. */
static __thread bool asking __attribute__((tls_model("initial-exec")));

struct question {
	int socket_id;
	size_t new_len;
	int verdict;
};

static void ask(const struct registry_entry *entry, void *ctx)
{
	struct question *q = ctx;

	if (entry->socket == q->socket_id && q->new_len >= entry->limit &&
		((rte_mem_alloc_validator_t)entry->fn)(q->socket_id, entry->limit, q->new_len) < 0)
		q->verdict = -EPERM;
}

int validators_ask(int socket_id, size_t new_len)
{
	struct question q = {socket_id, new_len, 0};
	int err;

	if (registry_empty(&validators))
		return 0;
	err = rcu_section_enter(); /* The raw readers are safe in a section. */
	if (err)
		return err;
	writer_callback_enter();
	asking = true;
	registry_each(&validators, ask, &q);
	asking = false;
	writer_callback_exit();
	rcu_section_exit();
	return q.verdict;
}

int rte_mem_alloc_validator_register(
	const char *name, rte_mem_alloc_validator_t clb, int socket_id, size_t limit)
{
	struct registry_entry entry = {
		.fn = (void (*)(void))clb, .socket = socket_id, .limit = limit};

	if (clb == NULL || socket_id < 0)
		return api_result(-EINVAL);
	return api_result(asking ? -EDEADLK : registry_add(&validators, name, &entry, NULL));
}

int rte_mem_alloc_validator_unregister(const char *name, int socket_id)
{
	if (socket_id < 0)
		return api_result(-EINVAL);
	/* Removing waits until no callback runs, this one included. */
	return api_result(writer_in_callback()
				  ? -EDEADLK
				  : registry_remove(&validators, name, NULL, socket_id));
}

void validators_fini(void)
{
	registry_clear(&validators);
}

void validators_fork_child(void)
{
	registry_forget(&validators);
}
