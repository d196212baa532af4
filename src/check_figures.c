/* SPDX-License-Identifier: BSD-3-Clause */
/* What is counted is what is there. */

#include <inttypes.h>

#include "check_state.h"

static void figure(struct check *check, const char *name, uint64_t counted, uint64_t there)
{
	if (counted != there)
		check_finding(check, "statistics: %s: %" PRIu64 " counted, %" PRIu64 " there", name,
			counted, there);
}

static void check_sockets(struct check *check)
{
	uint64_t bytes[REGION_SOCKETS] = {0};

	for (uint32_t i = 0; i < check->layout->n_internal; i++) {
		const struct check_list *list = &check->internal[i];

		bytes[list->at.socket] += list->used * list->at.page_sz;
	}
	for (unsigned int s = 0; s < REGION_SOCKETS; s++)
		if (check->region->socket_bytes[s] != bytes[s])
			check_finding(check,
				"statistics: socket %u: %" PRIu64 " bytes counted, %" PRIu64
				" there",
				s, check->region->socket_bytes[s], bytes[s]);
}

void check_figures(struct check *check)
{
	const struct region_stats *stats = &check->region->stats;
	uint64_t segments = 0, bytes = 0, lists = check->layout->n_internal, waiting = 0;

	if (!check->still)
		return;
	for (uint32_t i = 0; i < check->layout->n_internal; i++) {
		const struct check_list *list = &check->internal[i];

		segments += list->used;
		bytes += list->used * list->at.page_sz;
		waiting += list->waits * list->at.page_sz;
	}
	for (uint32_t i = check->layout->n_internal; i < check->region->max_lists; i++) {
		if (check->states[i].kind != LIST_EXTERNAL)
			continue;
		lists++;
		segments += check->states[i].n_pages;
	}
	figure(check, "segments", stats->segments, segments);
	figure(check, "bytes", stats->bytes, bytes);
	figure(check, "lists", stats->lists, lists);
	figure(check, "bytes in quarantine", stats->quarantined_bytes, waiting);
	check_sockets(check);
}
