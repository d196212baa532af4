/* SPDX-License-Identifier: BSD-3-Clause */
/* Batch translation: space 0 by a kernel, other spaces one by one, and what kernels leave. */

#include "batch.h"

#include <string.h>

#include <rcumem.h>

#include "index.h"
#include "space.h"
#include "translate.h"

const struct batch_kernel *batch_chosen[BATCH_KINDS] = {&batch_plain, &batch_plain, &batch_plain};

/* Words of arrays whose types differ, and which may be the same array. */
static uint64_t word_read(const void *from, unsigned int i)
{
	uint64_t word;

	memcpy(&word, (const char *)from + i * sizeof(word), sizeof(word));
	return word;
}

static void word_write(void *to, unsigned int i, uint64_t word)
{
	memcpy((char *)to + i * sizeof(word), &word, sizeof(word));
}

/*
 * True when a kernel's miss is all there is to know: it has looked for internal
 * memory, and there is no other.
 */
static bool nothing_else(enum batch_kind kind, uint64_t key)
{
	const struct region *region = runtime_region();

	if (kind == BATCH_VIRT2IOVA || !rcu_radix_is_low(key))
		return false;
	/* Acquire pairs with publish_list(): a registration that is complete is counted. */
	if (region && rcu_load_acquire(&region->external_cnt) != 0)
		return false;
	/* Still not: internal memory may have come before external memory went. */
	return index_tag(rcu_radix_view_lookup(&runtime_view.iova_index, key)) != INDEX_DIRECT;
}

unsigned int batch_one(enum batch_kind kind, uint64_t key, void *to)
{
	uint64_t one = 1, answer;

	if (nothing_else(kind, key)) {
		word_write(to, 0, kind == BATCH_IOVA2VIRT ? 0 : RTE_BAD_IOVA);
		return 0;
	}
	if (kind == BATCH_IOVA2VIRT) {
		answer = (uintptr_t)translate_iova(key, &one);
		word_write(to, 0, answer);
		return answer != 0;
	}
	answer = translate_virt(key, &one);
	word_write(to, 0, answer);
	return answer != RTE_BAD_IOVA;
}

static unsigned int run(enum batch_kind kind, const void *from, void *to, unsigned int n)
{
	return batch_chosen[kind]->run[kind](&runtime_view, from, to, n);
}

unsigned int rcumem_iova2virt_batch(
	const struct rcumem_space *space, const rte_iova_t *iova, void **virt, unsigned int n)
{
	const struct rcumem_map *map;
	unsigned int found = 0;

	if (space == NULL)
		return run(BATCH_IOVA2VIRT, iova, virt, n);
	map = space_map(space);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t va = (uintptr_t)space_map_iova2virt(map, word_read(iova, i), NULL);

		found += va != 0;
		word_write(virt, i, va);
	}
	return found;
}

unsigned int rcumem_virt2iova_batch(
	const struct rcumem_space *space, void *const *virt, rte_iova_t *iova, unsigned int n)
{
	const struct region *region = runtime_region();
	const struct rcumem_map *map;
	unsigned int found = 0;

	if (space == NULL && region && region->iova_mode == RTE_IOVA_VA)
		return run(BATCH_SAME, virt, iova, n);
	if (space == NULL)
		return run(BATCH_VIRT2IOVA, virt, iova, n);
	map = space_map(space);
	for (unsigned int i = 0; i < n; i++) {
		uint64_t answer = space_map_virt2iova(map, word_read(virt, i), NULL);

		found += answer != RTE_BAD_IOVA;
		word_write(iova, i, answer);
	}
	return found;
}
