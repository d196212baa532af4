/* SPDX-License-Identifier: BSD-3-Clause */
/* A fragmented list: every second page is a hole. */
#include "fragment.h"

#include <stdbool.h>
#include <unistd.h>

#include <rcumem.h>

#include "world.h"

#define PAGE_LEN 4096u
/* Pages allocated in one go before every second one is freed: what is taken too much for a while.
 */
#define CHUNK_PAGES 16384u
#define RESERVE_LEN (1ull << 30) /* Left for everybody else. */

static int count_run(
	const struct rte_memseg_list *list, const struct rte_memseg *ms, size_t len, void *arg)
{
	(void)list;
	(void)ms;
	(*(unsigned int *)arg)++;
	return len == PAGE_LEN ? 0 : -1;
}

static bool is_fragmented(unsigned int segments)
{
	unsigned int runs = 0;

	return !rte_memseg_contig_walk(count_run, &runs) && runs == segments;
}

static const char *build(unsigned int segments)
{
	uint64_t spare = (uint64_t)sysconf(_SC_AVPHYS_PAGES) * (uint64_t)sysconf(_SC_PAGESIZE);

	if (spare < (uint64_t)segments * PAGE_LEN + RESERVE_LEN)
		return "not enough free memory";
	for (unsigned int left = 2 * segments, n; left; left -= n) {
		char *va;

		n = left < CHUNK_PAGES ? left : CHUNK_PAGES;
		/* The holes are too small for it: it goes behind all there is. */
		va = rcumem_pages_alloc((size_t)n * PAGE_LEN, PAGE_LEN, SOCKET_ID_ANY, 0);
		if (!va)
			return "not enough free memory";
		/* Its last page stays in use, or the next would begin with the hole. */
		for (unsigned int i = 0; i < n; i += 2)
			if (rcumem_pages_free(va + (size_t)i * PAGE_LEN, PAGE_LEN))
				return "a free failed";
	}
	return is_fragmented(segments) ? NULL : "the list is not as fragmented as it should be";
}

/* Building takes seconds: what is there already is kept. */
const char *fragment_set(unsigned int segments)
{
	const char *why = world_start();

	world.segments = 0; /* None of these is looked up. */
	if (why || is_fragmented(segments))
		return why;
	world_end();
	why = world_start();
	if (!why)
		why = build(segments);
	if (why)
		world_end();
	return why;
}
