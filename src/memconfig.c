/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory part of rte_eal_memconfig.h: contract section 1.10. */

#include <errno.h>

#include <rcumem.h>
#include <rte_eal_memconfig.h>

#include "api.h"
#include "runtime.h"
#include "writer.h"

void rte_mcfg_mem_read_lock(void)
{
	api_result(rcu_section_enter());
}

void rte_mcfg_mem_read_unlock(void)
{
	rcumem_read_unlock();
}

void rte_mcfg_mem_write_lock(void)
{
	api_result(writer_begin());
}

void rte_mcfg_mem_write_unlock(void)
{
	if (runtime_region() && writer_is_owner())
		writer_end(0);
}

bool rte_mcfg_get_single_file_segments(void)
{
	return true;
}
