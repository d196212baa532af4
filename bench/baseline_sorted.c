/* SPDX-License-Identifier: BSD-3-Clause */
/* Segments in the order of their addresses; see baseline_table.h. */
#include "baseline_table.h"

#include <stdlib.h>

struct sorted_entry {
	uint64_t first; /* Address of the first byte. */
	uint64_t len;
	const struct rte_memseg *segment;
};

struct sorted_array {
	struct sorted_entry *entries;
	unsigned int cnt;
};

static struct sorted_array by_virt, by_iova;

static int entry_compare(const void *left, const void *right)
{
	uint64_t a = ((const struct sorted_entry *)left)->first;
	uint64_t b = ((const struct sorted_entry *)right)->first;

	return (a > b) - (a < b);
}

static int array_fill(struct sorted_array *array, const struct rte_memseg *const *segments,
	unsigned int cnt, int is_iova)
{
	free(array->entries);
	array->cnt = 0;
	array->entries = calloc(cnt, sizeof(*array->entries));
	if (!array->entries)
		return -1;
	for (unsigned int i = 0; i < cnt; i++)
		array->entries[i] = (struct sorted_entry){
			.first = is_iova ? segments[i]->iova : segments[i]->addr_64,
			.len = segments[i]->len,
			.segment = segments[i]};
	array->cnt = cnt;
	qsort(array->entries, cnt, sizeof(*array->entries), entry_compare);
	return 0;
}

int sorted_fill(const struct rte_memseg *const *segments, unsigned int cnt)
{
	return array_fill(&by_virt, segments, cnt, 0) || array_fill(&by_iova, segments, cnt, 1) ? -1
												: 0;
}

/* The last entry that begins at or below an address, if it contains it.  The step is a conditional
 * move and not a branch: no order of access is easier than another. */
static inline const struct sorted_entry *array_find(const struct sorted_array *array, uint64_t addr)
{
	const struct sorted_entry *base = array->entries;
	unsigned int cnt = array->cnt;

	while (cnt > 1) {
		unsigned int half = cnt / 2;

		base = base[half].first <= addr ? base + half : base;
		cnt -= half;
	}
	return cnt && addr - base->first < base->len ? base : NULL;
}

const struct rte_memseg *sorted_virt2memseg(const void *virt)
{
	const struct sorted_entry *entry = array_find(&by_virt, (uintptr_t)virt);

	return entry ? entry->segment : NULL;
}

void *sorted_iova2virt(rte_iova_t iova)
{
	const struct sorted_entry *entry = array_find(&by_iova, iova);

	return entry ? (char *)entry->segment->addr + (iova - entry->first) : NULL;
}
