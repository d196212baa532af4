/* SPDX-License-Identifier: BSD-3-Clause */
/* What the checker finds about snapshots; as in test_check_damage.c. */

#include "support_check.h"
#include "support_snapshot.h"

static struct snapshot_block *block_of(uint32_t block)
{
	return &scene.region->snapshots->blocks[block];
}

static uint32_t root_of(void)
{
	return snapshot_root_block(scene.region->root);
}

static struct snapshot_entry *entry_of(uint32_t list)
{
	return (struct snapshot_entry *)(uintptr_t)snapshot_entry(
		scene.region, scene.region->root, list);
}

static void damaged_entries_are_found(void **state)
{
	uint32_t ext = scene.list_ext, dying = scene.list_dying;
	struct snapshot_entry shown = *entry_of(ext), nothing = {0};
	uint64_t used = entry_of(0)->used;

	EXPECT_N(entry_of(0)->pad, 1, SEVERAL, "snapshot: list 0: its entry is damaged");
	EXPECT_N(entry_of(0)->height, 3, SEVERAL, "snapshot: list 0: its entry has another size");
	EXPECT_N(*entry_of(0), nothing, SEVERAL, "snapshot: list 0 is not shown");
	EXPECT(entry_of(0)->used, used + 1, "snapshot: list 0 counts 4 pages, and shows 3");
	EXPECT(entry_of(20)->used, 1, "snapshot: list 20: it is not shown, but has pages");
	EXPECT(*entry_of(20), shown, "snapshot: list 20: it is shown, and above the highest");
	EXPECT(*entry_of(dying), shown, words("snapshot: list %u: it is shown, and not", dying));
	EXPECT_N(entry_of(ext)->used, 9, SEVERAL, words("snapshot: list %u: its entry has", ext));
	EXPECT(*entry_of(ext), nothing, words("snapshot: list %u is not shown", ext));
}

static void damaged_blocks_are_found(void **state)
{
	struct region *r = scene.region;
	uint32_t *child = block_of(root_of())->child;
	uint32_t leaf = entry_of(0)->child;

	EXPECT_N(r->root, snapshot_seq(r->root) << SNAPSHOT_BLOCK_BITS, SEVERAL,
		"snapshot: there is no block 0");
	EXPECT(child[3], 9999999, "snapshot: there is no block 9999999");
	EXPECT(child[3], child[0], words("snapshot: block %u is reachable twice", child[0]));
	EXPECT(r->snapshots->born[leaf], snapshot_seq(r->root) + 1,
		words("snapshot: block %u is reachable, and of a picture to come", leaf));
}

/* More pages than the list has: 512 of 2 MiB in a leaf for 4096. */
static void a_page_beyond_the_list_is_found(void **state)
{
	if (scene.region->states[0].n_pages % SNAPSHOT_LEAF_PAGES == 0)
		skip(); /* The leaf is full. */
	EXPECT_N(block_of(entry_of(0)->child)->mask[9], 2, SEVERAL,
		"snapshot: list 0 has no page 577");
}

/* INV-SNAPSHOT-3 */
static void blocks_in_two_places_or_none_are_found(void **state)
{
	struct snapshot_pool *pool = scene.region->snapshots;
	struct snapshot_retired *last = &pool->ring[(pool->ring_tail - 1) % pool->max];
	uint32_t root = root_of(), block = last->block;

	assert_true(pool->ring_tail - pool->ring_head > 2);
	EXPECT(pool->ring_tail, pool->ring_tail - 1, words("snapshot: block %u is lost", block));
	EXPECT_N(last->block, root, SEVERAL,
		words("snapshot: block %u is reachable and retired", root));
	EXPECT_N(last->block, 9999999, SEVERAL,
		"snapshot: block 9999999 is retired, and does not exist");
	EXPECT(last->ticket, scene.region->domain->sequence + 1,
		words("snapshot: block %u waits for a ticket", block));
	pool->free[pool->free_cnt] = root;
	EXPECT_N(pool->free_cnt, pool->free_cnt + 1, SEVERAL,
		words("snapshot: block %u is reachable and free", root));
	pool->free[pool->free_cnt] = block;
	pool->ring_tail--;
	EXPECT(pool->free_cnt, pool->free_cnt + 1,
		words("snapshot: block %u does not say where it stands", block));
	pool->ring_tail++;
	/* INV-SNAPSHOT-4 */
	EXPECT(pool->born[block], SNAPSHOT_FREE,
		words("snapshot: block %u does not say where it stands", block));
}

static void numbers_of_blocks_out_of_range_are_found(void **state)
{
	struct snapshot_pool *pool = scene.region->snapshots;
	const char *wanted = "snapshot: the numbers of blocks are out of range";

	EXPECT(pool->next, pool->max + 1, wanted);
	EXPECT(pool->free_cnt, pool->next + 1, wanted);
	EXPECT(pool->ring_tail, pool->ring_head + pool->max + 1, wanted);
	EXPECT(pool->ring_head, pool->ring_tail + 1, wanted);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		SCENE_CASE(damaged_entries_are_found),
		SCENE_CASE(damaged_blocks_are_found),
		SCENE_CASE(a_page_beyond_the_list_is_found),
		SCENE_CASE(blocks_in_two_places_or_none_are_found),
		SCENE_CASE(numbers_of_blocks_out_of_range_are_found),
	};

	return RUN_CASES("check_snapshot", cases);
}
