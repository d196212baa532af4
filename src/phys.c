/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical addresses and locking of pages: contract section 4. */

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include "api.h"
#include "os.h"
#include "phys.h"
#include "runtime.h"

enum rte_iova_mode rte_eal_iova_mode(void)
{
	const struct region *region = runtime_region();

	return region ? (enum rte_iova_mode)region->iova_mode : RTE_IOVA_DC;
}

phys_addr_t rte_mem_virt2phy(const void *virt)
{
	return os_virt2phys(virt);
}

rte_iova_t rte_mem_virt2iova(const void *virt)
{
	if (rte_eal_iova_mode() == RTE_IOVA_VA)
		return (uint64_t)(uintptr_t)virt;
	return os_virt2phys(virt);
}

/* Decided once for the process; any thread finds the same. */
static int answer = -1;

void phys_forget(void)
{
	answer = -1;
}

int rte_eal_using_phys_addrs(void)
{
	int known = rcu_load_relaxed(&answer); /* Relaxed, here and below: see above. */
	int here = 1;

	if (known < 0) {
		known = os_virt2phys(&here) != OS_BAD_PHYS;
		rcu_store_relaxed(&answer, known);
	}
	return known;
}

int rte_mem_lock_page(const void *virt)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t va = (uint64_t)(uintptr_t)virt & ~(page - 1);

	return mlock((void *)(uintptr_t)va, page) ? api_result(-errno) : 0;
}
