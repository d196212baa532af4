/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The tree of a map, seen from inside: it is the one that rcu_radix_update()
 * would make, memory is used again, and a change of 509 regions is quick.
 * RCUMEM_SEED repeats a run.
 */

#include "space.h"
#include "space_tree.h"
#include "support_space.h"
#include "support_radix.h"
#include "support_random.h"

#define REGIONS_MAX 509

/* A set of disjoint regions in ascending order: any gaps, ends that share words. */
static uint32_t random_regions(struct space_region *regions, unsigned int bits)
{
	uint64_t next = random_below(2) ? 0 : random_size(bits);
	uint32_t cnt = 0;

	while (cnt < REGIONS_MAX) {
		uint64_t span = random_size(bits) - 1;

		if (random_below(4) == 0) /* Begin on a large word, or end on one. */
			next = (next + 0x3fffffff) & ~0x3fffffffull;
		if (random_below(4) == 0)
			span |= 0x1fffff;
		if (next + span < next || next > UINT64_MAX - (1ull << bits))
			break;
		regions[cnt++] = (struct space_region){.iova = next, .span = span, .va = next};
		next += span + 1;
		if (next == 0)
			break;
		if (random_below(2))
			next += random_size(bits > 8 ? bits - 6 : 2);
	}
	return cnt;
}

/* What map_build() would do with the tree's own functions. */
static uint64_t word_of_region(void *ctx, uint64_t base, unsigned int shift, uint64_t old)
{
	(void)base;
	(void)shift;
	return old ? SPACE_WORD_MIXED : (uint64_t)(uintptr_t)ctx | SPACE_WORD_REGION;
}

static void check_key(const struct rcumem_map *map, const struct rcu_radix *tree, uint64_t key)
{
	assert_true(rcu_radix_lookup(&map->tree, key) == rcu_radix_lookup(tree, key));
}

static void check_tree(struct rcumem_map *map)
{
	struct rcu_radix *tree = tree_new(map->tree.node_cnt);

	for (uint32_t i = 0; i < map->cnt; i++) {
		struct space_region *region = &map->regions[i];
		uint64_t last = region->iova + region->span;

		assert_int_equal(rcu_radix_reserve(tree, region->iova, last), 0);
		rcu_radix_update(tree, region->iova, last, word_of_region, region);
	}
	assert_int_equal(tree->node_cnt, map->tree.node_cnt); /* Not one more. */
	for (uint32_t i = 0; i < map->cnt; i++) {
		const struct space_region *region = &map->regions[i];

		check_key(map, tree, region->iova);
		check_key(map, tree, region->iova - 1);
		check_key(map, tree, region->iova + region->span);
		check_key(map, tree, region->iova + region->span + 1);
		check_key(map, tree, region->iova + (random_u64() & region->span));
	}
	for (unsigned int i = 0; i < 1000; i++)
		check_key(map, tree, random_u64() >> random_below(64));
	tree_free(tree);
}

static void a_new_map_has_the_tree_that_updates_would_make(void **state)
{
	const unsigned int bits[] = {4, 12, 13, 21, 24, 31, 40, 47, 50, 58, 63};
	static struct space_region regions[REGIONS_MAX];

	(void)state;
	for (unsigned int i = 0; i < 4 * ARRAY_LEN(bits); i++) {
		uint32_t cnt = random_regions(regions, bits[i % ARRAY_LEN(bits)]);
		struct rcumem_map *map = space_map_build(regions, cnt, NULL, NULL);

		assert_non_null(map);
		check_tree(map);
		space_map_free(map);
	}
}

static void memory_used_again_shows_nothing_of_the_earlier_map(void **state)
{
	static struct space_region regions[REGIONS_MAX];
	struct rcumem_map *map = NULL;
	unsigned int again = 0;

	(void)state;
	for (unsigned int i = 0; i < 60; i++) {
		uint32_t cnt = random_regions(regions, 20 + i % 40);
		struct rcumem_map *spare = map, *before = map;

		map = space_map_build(regions, random_below(cnt + 1), &page_sz, &spare);
		assert_non_null(map);
		assert_true(spare == NULL || spare == before);
		again += map == before;
		space_map_free(spare);
		check_tree(map);
	}
	assert_int_not_equal(again, 0);
	space_map_free(map);
}

/* ---- How long a change takes ---- */

#define CHANGES 101

static int ns_compare(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static uint64_t median_us(uint64_t *ns)
{
	qsort(ns, CHANGES, sizeof(*ns), ns_compare);
	return ns[CHANGES / 2] / 1000;
}

/* Sanitizers make everything slower; they are told nothing about time. */
#if defined(__SANITIZE_ADDRESS__) || defined(RCU_TSAN)
#define LIMIT_US UINT64_MAX
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define LIMIT_US UINT64_MAX
#endif
#endif
#ifndef LIMIT_US
#define LIMIT_US 1000
#endif

static void a_change_of_509_regions_takes_less_than_a_millisecond(void **state)
{
	static struct rcumem_region set[REGIONS_MAX];
	struct rcumem_space *space = space_new();
	uint64_t align = page_sz, next = 0, add[CHANGES], del[CHANGES];

	(void)state;
	for (unsigned int i = 0; i < REGIONS_MAX; i++) { /* 2 MiB to 1 GiB, as guests have them. */
		uint64_t len = (2 * MIB + random_below(GIB - 2 * MIB)) & -align;

		set[i] = region_va(next, len, nowhere + next);
		next += len + random_below(3) * align;
	}
	assert_works(rcumem_space_replace(space, set, REGIONS_MAX - 1, NULL));
	for (unsigned int i = 0; i < CHANGES; i++) {
		const struct rcumem_region *last = &set[REGIONS_MAX - 1];
		uint64_t begin = cpu_ns(), middle;

		assert_works(rcumem_space_register(space, last));
		middle = cpu_ns();
		assert_works(rcumem_space_unregister(space, last->iova, last->len));
		add[i] = middle - begin;
		del[i] = cpu_ns() - middle;
	}
	print_message("509 regions on %llu KiB boundaries: register %llu us, unregister %llu us\n",
		(unsigned long long)align / 1024, (unsigned long long)median_us(add),
		(unsigned long long)median_us(del));
	assert_true(median_us(add) < LIMIT_US && median_us(del) < LIMIT_US);
	assert_works(rcumem_space_destroy(space));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_new_map_has_the_tree_that_updates_would_make),
		CASE(memory_used_again_shows_nothing_of_the_earlier_map),
		CASE(a_change_of_509_regions_takes_less_than_a_millisecond),
	};

	random_begin();
	return RUN_CASES("space_tree", cases);
}
