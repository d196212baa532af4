/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the checker finds about pages: records, marks, descriptors, indexes,
 * snapshots, files and figures that do not agree; as in test_check_damage.c.
 */

#include "arena_table.h"
#include "fbarray.h"
#include "os.h"
#include "pagemask.h"
#include "support_check.h"

#define FREE_PAGE 9u

/* ---- Operation records ---- */

static void damaged_records_are_found(void **state)
{
	struct op_record *ops = scene.region->ops, *op = &ops[scene.record];

	assert_int_equal(scene.record, 0);
	EXPECT_N(op->state, 9, SEVERAL, "record 0: there is no state 9");
	EXPECT_N(op->n, 0, SEVERAL, "record 0: 0 pages from 3 on of list 0 do not exist");
	EXPECT_N(op->list, 50, SEVERAL, "record 0: 2 pages from 3 on of list 50 do not exist");
	EXPECT(op->ticket, scene.region->domain->sequence + 1, "record 0: it waits for a ticket");
	EXPECT_N(op->first, 2, SEVERAL, "record 0: its pages wait for readers, and are in use");
	EXPECT_N(op->state, OP_FREE_EVENTS, SEVERAL, "record 0: its pages are not all in use");
}

static void records_that_overlap_are_found(void **state)
{
	struct op_record *ops = scene.region->ops;

	ops[5] = (struct op_record){.n = 1, .owner = op_owner(runtime.process, 1)};
	ops[6] = (struct op_record){.n = 2, .owner = op_owner(63, 1)};
	EXPECT(ops[6].state, OP_ALLOC_EVENTS, "record 6: it belongs to a process");
	ops[6].owner = 0;
	ops[5].state = OP_FREE_EVENTS;
	EXPECT(ops[6].state, OP_ALLOC_EVENTS, "record 6 overlaps record 5");
	memset(&ops[5], 0, 2 * sizeof(*ops));
}

static void damaged_pins_are_found(void **state)
{
	struct region *region = scene.region;
	struct pin_record *pin = &region->pins[0];

	(void)state;
	assert_int_equal(rcumem_pages_pin(scene.pages, SCENE_USED * page_sz), 0);
	assert_sound();
	EXPECT(pin->holder, 64, "pin 0: it belongs to a process that does not exist");
	EXPECT(pin->holder, ~0u, "pin 0: it belongs to a process that does not exist");
	EXPECT(pin->list, 50, "pin 0: its pages do not exist");
	EXPECT(pin->n, ~0u, "pin 0: its pages do not exist");
	EXPECT(pin->n, SCENE_USED + 1, "pin 0: its pages are not all in use");
	EXPECT(pin->count, 0, "pin 0: it was never taken");
	EXPECT(region->pin_high, REGION_PINS + 1, "pins: 16385 records ever used");
	EXPECT(region->pin_high, 0, "pin 0: above the highest record");
	region->ops[5] = (struct op_record){.n = 1};
	EXPECT(region->ops[5].state, OP_FREE_EVENTS, "pin 0: its pages are being freed");
	memset(&region->ops[5], 0, sizeof(region->ops[5]));
	assert_int_equal(rcumem_pages_unpin(scene.pages, SCENE_USED * page_sz), 0);
}

static void external_memory_on_a_node_is_sound(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	for (int i = 0; i < 2; i++)
		assert_int_equal(
			rcumem_extmem_register(va + i * EXT_PAGE, EXT_PAGE, NULL, 0, EXT_PAGE, 0),
			0);
	assert_sound();
	for (int i = 0; i < 2; i++)
		assert_int_equal(ext_unregister(va + i * EXT_PAGE, 1), 0);
	ext_release(va, 2);
}

/* ---- Pages ---- */

static void damaged_descriptors_are_found(void **state)
{
	struct region *r = scene.region;
	struct segment_mirror *used = segment_mirror(r, 0, 1);
	struct segment_mirror *waits = segment_mirror(r, 0, SCENE_USED);
	struct segment_mirror *empty = segment_mirror(r, 0, FREE_PAGE);

	EXPECT(used->addr, 0, "list 0 page 1: in use, and its descriptor is not complete");
	EXPECT(used->nrank, 7, "list 0 page 1: in use, and its descriptor is not complete");
	EXPECT_N(used->iova, used->iova + page_sz, SEVERAL, "list 0 page 1: in use, and its IO");
	EXPECT_N(used->iova, RTE_BAD_IOVA, SEVERAL, "list 0 page 1: in use, and has no IO");
	EXPECT(waits->addr, 1, "list 0 page 3: waits for readers, and its descriptor is not");
	EXPECT(waits->len, 1, "list 0 page 3: waits for readers, and its descriptor is not");
	EXPECT(empty->flags, 1, "list 0 page 9: free, and its descriptor is not clear");
}

static void damaged_marks_are_found(void **state)
{
	struct region *r = scene.region;
	uint64_t *marks = fbarray_mask_words(&r->lists[0].memseg_arr);
	uint64_t *taken = r->states[0].taken;
	uint64_t n_words = (r->states[0].n_pages + 63) / 64;

	EXPECT(marks[0], marks[0] | 1 << FREE_PAGE, "list 0 page 9: its mark is not");
	EXPECT(marks[0], marks[0] & ~1ull, "list 0 page 0: its mark is not");
	EXPECT(taken[0], taken[0] | 1 << FREE_PAGE, "list 0 page 9: taken, and neither");
	EXPECT(taken[0], taken[0] & ~1ull, "list 0 page 0: free for the next, and in use");
	EXPECT(taken[0], taken[0] & ~8ull, "list 0 page 3: free for the next, and in use");
	EXPECT(taken[n_words], taken[n_words] | 1, "list 0: level 1 of the taken mask, word 0");
	EXPECT(taken[n_words + (n_words + 63) / 64], 1, "list 0: level 2 of the taken mask");
	EXPECT(r->lists[0].memseg_arr.count, 4, "list 0: 4 pages are counted, 3 are in use");
}

static void pages_that_belong_to_nobody_are_found(void **state)
{
	int fd = runtime.list_fds[0];
	struct findings findings;

	assert_int_equal(os_pages_plug(fd, FREE_PAGE * page_sz, page_sz, page_sz), 0);
	findings = findings_of(words("list 0: its file holds %llu bytes that belong to nobody",
		(unsigned long long)page_sz));
	os_pages_unplug(fd, FREE_PAGE * page_sz, page_sz);
	assert_int_equal(findings.cnt, 1);
	assert_true(findings.matched);
}

static void pages_that_were_lost_are_found(void **state)
{
	int fd = runtime.list_fds[0];
	uint64_t len = (SCENE_USED + SCENE_WAITS) * page_sz;
	struct findings findings;

	os_pages_unplug(fd, 0, len);
	findings = findings_of("list 0: its file holds 0 bytes, and");
	assert_int_equal(os_pages_plug(fd, 0, len, page_sz), 0);
	assert_int_equal(findings.cnt, 1);
	assert_true(findings.matched);
}

static void wrong_figures_are_found(void **state)
{
	struct region_stats *stats = &scene.region->stats;
	int socket = scene.region->states[0].socket;

	EXPECT(stats->segments, 0, "statistics: segments: 0 counted, 5 there");
	EXPECT(stats->bytes, 0, "statistics: bytes: 0 counted");
	EXPECT(stats->lists, 0, "statistics: lists: 0 counted");
	EXPECT(stats->quarantined_bytes, 0, "statistics: bytes in quarantine: 0 counted");
	EXPECT(scene.region->socket_bytes[socket], 1,
		words("statistics: socket %d: 1 bytes counted", socket));
}

/* ---- Indexes ---- */

static void words_that_lead_elsewhere_are_found(void **state)
{
	struct region *r = scene.region;
	uint64_t va = segment_va(&r->states[0], 0), end = va + (1ull << 40);
	uint64_t *used = index_word(r->va_index, va), *mixed;

	EXPECT_N(*used, 0, SEVERAL, "list 0 page 0: in use, and the index by virtual address");
	EXPECT_N(*used, *used + 64, SEVERAL, "index by virtual address: word");
	EXPECT(*index_word(r->va_index, end), 1ull << 16 | INDEX_RANGE, "index by virtual address");
	EXPECT(*index_word(r->va_index, end), 16, "index by virtual address: word 0x10");
	EXPECT(*index_word(r->va_index, end), 14, "index by virtual address: word 0xe");
	EXPECT(*index_word(r->va_index, end), INDEX_EXTERNAL, "index by virtual address: word");
	EXPECT(*index_word(r->va_index, va + r->lists[0].len - 1), 0,
		"index by virtual address: it does not cover the internal lists");
	EXPECT(*index_word(r->iova_index, va), 0, "list 0 page 0: in use, and the index by IO");
	EXPECT(*index_word(r->iova_index, va + FREE_PAGE * page_sz), INDEX_DIRECT,
		words("index by IO address: word 0x2 at %#llx leads to list 0 page 9, which",
			(unsigned long long)(va + FREE_PAGE * page_sz)));
	EXPECT(*index_word(r->iova_index, end), INDEX_DIRECT, "index by IO address: word 0x2");
	mixed = index_word(r->ext_index, end);
	EXPECT(*mixed, INDEX_MIXED, "index of external memory: word 0xa");
	EXPECT(*mixed, INDEX_EXTERNAL, "index of external memory: word 0x6");
	EXPECT(*mixed, (uint64_t)scene.list_ext << INDEX_LIST_SHIFT | 99 << 4 | INDEX_EXTERNAL,
		"index of external memory: word");
}

static void damaged_trees_are_found(void **state)
{
	struct rcu_radix *tree = scene.region->iova_index;
	uint64_t va = segment_va(&scene.region->states[0], 0);
	uint64_t *root = &tree->root[va >> RCU_RADIX_TOP], *other = root + 100;

	assert_true(rcu_radix_is_node(*root));
	EXPECT_N(*root, *root + 8, SEVERAL, "index by IO address: word");
	EXPECT(*other, RCU_RADIX_NODE, "index by IO address: word 0x1");
	EXPECT(*other, *root, "index by IO address: word");
	EXPECT(*other, (uint64_t)(uintptr_t)&tree->pool[tree->node_cnt] | RCU_RADIX_NODE,
		"index by IO address: word");
	EXPECT(tree->pool, NULL, "index by IO address: its nodes are not where");
	EXPECT(tree->window, NULL, "index by IO address: its nodes are not where");
	EXPECT_N(*root, 0, SEVERAL, "index by IO address: node 0 of the window is not");
	EXPECT(tree->node_cnt, tree->node_max + 1, "index by IO address: 65537 nodes in use");
	EXPECT(tree->pool[tree->node_cnt].words[7], 1, "index by IO address: node");
}

/* A page that has several words, of which one is missing. */
static void a_hole_in_the_words_of_a_page_is_found(void **state)
{
	struct rcu_radix *tree = scene.region->iova_index;
	uint64_t *word = index_word(tree, segment_va(&scene.region->states[0], 1));
	struct rcu_radix_node *node = &tree->pool[tree->node_cnt];

	if (page_sz != RTE_PGSIZE_2M)
		skip(); /* A page has one word. */
	for (unsigned int i = 0; i < RCU_RADIX_FANOUT; i++)
		node->words[i] = i == 100 ? 0 : *word;
	tree->node_cnt++;
	EXPECT(*word, (uint64_t)(uintptr_t)node | RCU_RADIX_NODE,
		"index by IO address: it leads to 6287360 bytes, and 6291456 are in use");
	tree->node_cnt--;
	memset(node, 0, sizeof(*node));
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		SCENE_CASE(damaged_records_are_found),
		SCENE_CASE(records_that_overlap_are_found),
		SCENE_CASE(damaged_pins_are_found),
		SCENE_CASE(external_memory_on_a_node_is_sound),
		SCENE_CASE(damaged_descriptors_are_found),
		SCENE_CASE(damaged_marks_are_found),
		SCENE_CASE(pages_that_belong_to_nobody_are_found),
		SCENE_CASE(pages_that_were_lost_are_found),
		SCENE_CASE(wrong_figures_are_found),
		SCENE_CASE(words_that_lead_elsewhere_are_found),
		SCENE_CASE(damaged_trees_are_found),
		SCENE_CASE(a_hole_in_the_words_of_a_page_is_found),
	};

	return RUN_CASES("check_pages", cases);
}
