/* SPDX-License-Identifier: BSD-3-Clause */
/* What a listener was told of is what there is. */

#include "shared.h"

static bool known[SIZES][PLACES];

static void on_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	const struct field *field = msl ? field_of(msl->page_sz) : NULL;

	(void)arg;
	for (uint64_t off = 0; field && off < len; off += field->page_sz) {
		uint64_t place = ((uint64_t)(uintptr_t)addr + off - field->base) / field->page_sz;
		bool *page = &known[field - shared->fields][place < PLACES ? place : 0];

		if (*page == (event == RTE_MEM_EVENT_ALLOC))
			stress_fail("wrong", "told twice that page %llu %s",
				(unsigned long long)place, *page ? "comes" : "goes");
		*page = event == RTE_MEM_EVENT_ALLOC;
	}
	rcu_add_fetch_seq_cst(&shared->events, 1); /* Pairs with view_end(). */
}

int view_begin(void)
{
	return rcumem_subscribe("stress", on_event, NULL);
}

void view_end(void)
{
	/* Acquire pairs with on_event(); the rest of the order went through other processes. */
	(void)rcu_load_acquire(&shared->events);
	for (uint32_t f = 0; f < shared->n_fields; f++)
		for (uint32_t p = 0; p < PLACES; p++)
			if (known[f][p])
				stress_fail("wrong", "not told that page %u goes", p);
}
