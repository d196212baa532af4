// SPDX-License-Identifier: BSD-3-Clause
/*
 * The cost of one translation, measured by the control thread over the table
 * now published, with addresses in the pieces of memory that packets used.
 * Batches are timed one by one and the median is taken, so that losing the CPU
 * in the middle of one costs nothing but that batch.
 */

#include <stdlib.h>

#include "report.h"

#define ADDRESSES 256u
#define BATCHES   31u

/* Addresses inside pieces that were used, in no order: the count. */
static unsigned int collect(const struct port *port, uint64_t *addresses)
{
	unsigned int seen[USE_SLOTS], seen_cnt = 0;
	uint64_t random = 88172645463325252ULL;

	for (unsigned int i = 0; i < USE_SLOTS; i++)
		/* Relaxed: the word stands for itself. */
		if (shared_load_relaxed(&port->use[i]))
			seen[seen_cnt++] = i;
	if (!seen_cnt)
		return 0;
	for (unsigned int i = 0; i < ADDRESSES; i++) {
		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		addresses[i] = (shared_load_relaxed(&port->use[seen[random % seen_cnt]]) >>
				       32 << USE_SLOT_SHIFT) +
			       (random >> 32) % (1u << USE_SLOT_SHIFT);
	}
	return ADDRESSES;
}

static int compare_cycles(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static uint64_t time_batches(const struct view *view, const uint64_t *addresses, unsigned int cnt)
{
	uint64_t cycles[BATCHES], begin;
	volatile uintptr_t sink = 0;

	for (unsigned int batch = 0; batch < BATCHES; batch++) {
		uintptr_t sum = 0;

		begin = tsc_now();
		for (unsigned int i = 0; i < cnt; i++) {
			uint64_t len = 64;

			sum += (uintptr_t)view_translate(view, addresses[i], &len) + len;
		}
		cycles[batch] = tsc_now() - begin;
		sink = sink + sum;
	}
	qsort(cycles, BATCHES, sizeof(cycles[0]), compare_cycles);
	return cycles[BATCHES / 2];
}

double measure_translation(const struct port *port, double cycles_per_ns)
{
	uint64_t addresses[ADDRESSES], cycles;
	unsigned int cnt = collect(port, addresses);
	struct view view;

	if (!cnt || rcumem_read_lock())
		return 0;
	view_open_unlocked(&port->lookup, &view);
	cycles = time_batches(&view, addresses, cnt);
	rcumem_read_unlock();
	return (double)cycles / cnt / cycles_per_ns;
}
