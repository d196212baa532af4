/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RUNTIME_H
#define RUNTIME_H

/*
 * What this process knows of its runtime: private memory, set by rcumem_init()
 * and forgotten by rcumem_fini().  Readers reach the shared state from here.
 */

#include <stdbool.h>
#include <stdint.h>

#include "region.h"

/*
 * What lookups load first: one line holds both indexes of internal memory.
 * Without a runtime the trees are empty ones, so that a lookup needs no check.
 */
struct runtime_view {
	struct rcu_radix_view va_index;
	struct rcu_radix_view iova_index;
	uint64_t iova_nodes; /* For readers that are compiled into a program: the pool. */
	uint64_t iova_nodes_cnt;
	struct region *region; /* NULL without a runtime. */
	uint64_t descriptors;  /* Where those of internal memory stand, their masks between them. */
	uint64_t descriptors_len;
} __attribute__((aligned(RCU_CACHE_LINE)));

extern struct runtime_view runtime_view __attribute__((visibility("hidden")));

struct runtime {
	int region_fd;
	int guard_fd;     /* userfaultfd, or -1. */
	int lock_fd;      /* process.h. */
	uint32_t process; /* Slot in region->processes; REGION_PROCESSES: none yet. */
	int list_fds[REGION_LISTS_MAX];
};

extern struct runtime runtime __attribute__((visibility("hidden")));

static inline struct region *runtime_region(void)
{
	/* Relaxed: init and fini must not run beside other calls of the process. */
	return rcu_load_relaxed(&runtime_view.region);
}

/* True when [va, va + len) is memory of the control region, which this process has mapped. */
static inline bool runtime_holds(const void *va, uint64_t len)
{
	const struct region *region = runtime_region();

	return region && region_holds(region, va, len);
}

/* The readers' domain, or NULL without a runtime. */
static inline struct rcu_domain *runtime_domain(void)
{
	struct region *region = runtime_region();

	return region ? region->domain : NULL;
}

static inline uint64_t runtime_free_timeout_ns(void)
{
	struct region *region = runtime_region();

	return region ? region->free_timeout_ns : 0;
}

/* True when the segments of a list can be read in this process. */
static inline bool runtime_list_attached(const struct region *region, uint32_t list)
{
	if (list < region->n_internal)
		return true;
	/* Acquire pairs with attached_store() and publish_list(). */
	return (rcu_load_acquire(&region->states[list].attached) >> runtime.process) & 1;
}

#endif /* RUNTIME_H */
