/* SPDX-License-Identifier: BSD-3-Clause */
/* One of several processes that plug and unplug. */

#include <errno.h>
#include <time.h>

#include "shared.h"

struct holding {
	struct field *field;
	char *va;
	uint32_t first;
	uint32_t n;
};

static struct holding held[HELD];

static uint64_t place_set(struct field *field, uint32_t place, enum place_state state, bool next)
{
	uint64_t old = rcu_load_relaxed(&field->places[place]); /* Relaxed: the page is ours. */
	uint64_t new = ((old >> 2) + next) << 2 | (uint64_t)state;

	rcu_store_release(&field->places[place], new); /* Pairs with instant_before(). */
	return new;
}

/* New pages: filled in, then PRESENT. */
static void place_fill(const struct holding *h)
{
	uint64_t id = rcu_fetch_add_relaxed(&shared->ids, 1); /* Relaxed: a number. */

	for (uint32_t i = 0; i < h->n; i++) {
		char *va = h->va + i * h->field->page_sz;
		uint64_t old =
			rcu_load_relaxed(&h->field->places[h->first + i]); /* Relaxed: ours. */
		struct page_head head = {
			.generation = (old >> 2) + 1,
			.addr = (uint64_t)(uintptr_t)va,
			.iova = (uint64_t)(uintptr_t)va,
			.id = id,
			.n = h->n,
			.index = i,
		};

		/* LEAVING: its free has not come back yet in another process. */
		if ((old & 3) == PLACE_PRESENT)
			stress_fail("recycled", "page %p is given out while another has it", va);
		page_fill(va, h->field->page_sz, &head);
	}
	for (uint32_t i = 0; i < h->n; i++)
		place_set(h->field, h->first + i, PLACE_PRESENT, true);
}

static void take(struct holding *h, uint64_t *random)
{
	struct field *field = &shared->fields[random_below(random, shared->n_fields)];
	uint32_t n = 1 + random_below(random, field->page_sz == RTE_PGSIZE_4K ? 8 : 2);
	void *va;

	rcu_add_fetch_seq_cst(&field->begun, 1); /* Pairs with instant_after(). */
	va = rcumem_pages_alloc(n * field->page_sz, field->page_sz, SOCKET_ID_ANY, 0);
	if (va) {
		*h = (struct holding){.field = field, .va = va, .n = n};
		h->first = (uint32_t)(((uint64_t)(uintptr_t)va - field->base) / field->page_sz);
		if (h->first + n > PLACES)
			stress_fail("wrong", "pages %u of a list are in use", h->first + n);
		else
			place_fill(h);
		rcu_fetch_max_seq_cst(&field->high, h->first + n);
		deeds->plugs++;
	} else {
		deeds->refused++;
		if (rte_errno != ENOMEM && rte_errno != EAGAIN && rte_errno != ETIMEDOUT)
			stress_fail("wrong", "alloc: errno %d", rte_errno);
	}
	rcu_add_fetch_seq_cst(&field->ended, 1); /* Pairs with instant_before(). */
}

static void give(struct holding *h)
{
	uint64_t was[8];
	int err;

	for (uint32_t i = 0; i < h->n; i++)
		was[i] = place_set(h->field, h->first + i, PLACE_LEAVING, false);
	do {
		err = rcumem_pages_free(h->va, h->n * h->field->page_sz);
	} while (err && (rte_errno == EAGAIN || rte_errno == ETIMEDOUT) && !stress_failed());
	if (err)
		stress_fail("wrong", "free of %p: errno %d", (void *)h->va, rte_errno);
	/* Unless another has been given the page already.  Pairs with instant_before(). */
	for (uint32_t i = 0; i < h->n; i++) {
		uint64_t *place = &h->field->places[h->first + i];

		(void)rcu_cas_acq_rel(place, was[i], was[i] - PLACE_LEAVING);
	}
	deeds->frees++;
	h->n = 0;
}

void writer_half(uint64_t seed)
{
	uint64_t random = seed;

	while (!stress_over()) {
		struct holding *h = &held[random_below(&random, HELD)];
		struct timespec nap = {.tv_nsec = random_below(&random, 1000000)};

		if (h->n)
			give(h);
		else
			take(h, &random);
		nanosleep(&nap, NULL);
	}
	for (unsigned int i = 0; i < HELD; i++)
		if (held[i].n)
			give(&held[i]);
}
