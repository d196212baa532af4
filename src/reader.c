/* SPDX-License-Identifier: BSD-3-Clause */
/* Sections and QSBR readers of rcumem.h; section.h does the work. */

#include <errno.h>

#include <rcumem.h>

#include "api.h"
#include "context.h"
#include "point.h"
#include "process.h"
#include "runtime.h"
#include "writer.h"

int rcumem_thread_init(void)
{
	return api_result(rcu_thread_register());
}

int rcumem_read_lock(void)
{
	int err;

	TEST_POINT("section.enter");
	err = rcu_section_enter();
	TEST_POINT("section.entered");
	return api_result(err);
}

void rcumem_read_unlock(void)
{
	TEST_POINT("section.exit");
	if (rcu_self.nesting > context_self.floor)
		rcu_section_exit();
	TEST_POINT("section.exited");
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
	TEST_POINT("section.quiescent");
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
	int err = writer_allowed();

	if (err)
		return api_result(err);
	writer_offline();
	err = process_wait_readers(runtime_region(), rcu_ticket(runtime_domain()),
		timeout_ms * 1000000ull, "rcumem_synchronize()");
	writer_online();
	return api_result(err);
}
