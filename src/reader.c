/* SPDX-License-Identifier: BSD-3-Clause */
/* Sections and QSBR readers of rcumem.h; section.h does the work. */

#include <errno.h>

#include <rcumem.h>

#include "api.h"
#include "context.h"
#include "log.h"
#include "runtime.h"
#include "writer.h"

int rcumem_thread_init(void)
{
	return api_result(rcu_thread_register());
}

int rcumem_read_lock(void)
{
	return api_result(rcu_section_enter());
}

void rcumem_read_unlock(void)
{
	if (rcu_self.nesting > context_self.floor)
		rcu_section_exit();
}

int rcumem_reader_register(void)
{
	return api_result(context_self.callbacks ? -EDEADLK : rcu_qsbr_register());
}

int rcumem_reader_unregister(void)
{
	return api_result(context_self.callbacks ? -EDEADLK : rcu_qsbr_unregister());
}

/* In a callback of a raw walk the long section is the walk's: it goes on. */
void rcumem_reader_quiescent(void)
{
	if (context_self.callbacks == 0)
		rcu_qsbr_quiescent();
}

void rcumem_reader_offline(void)
{
	if (context_self.callbacks == 0)
		rcu_qsbr_offline();
}

void rcumem_reader_online(void)
{
	rcu_qsbr_online();
}

int rcumem_synchronize(unsigned int timeout_ms)
{
	struct rcu_culprit culprit = {0};
	int err = writer_allowed();

	if (err)
		return api_result(err);
	writer_offline();
	err = rcu_wait(
		runtime_domain(), rcu_ticket(runtime_domain()), timeout_ms * 1000000ull, &culprit);
	writer_online();
	if (err)
		log_message(LOG_WARN, "thread %d stays in its section", culprit.tid);
	return api_result(err);
}
