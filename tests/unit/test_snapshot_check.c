/* SPDX-License-Identifier: BSD-3-Clause */
/* Guarantee G7 for snapshots: what is damaged is told before anything is followed or changed. */

#include "support_walk.h"

#include "runtime.h"
#include "snapshot_edit.h"

static struct snapshot_pool *pool(void)
{
	return runtime_region()->snapshots;
}

/* Three that are in use, of a size whose list has so many that its picture has directories. */
#define PAGE_SZ 4096ull
static char *pages;

static int alloc_and_free(void)
{
	char *more = rcumem_pages_alloc(PAGE_SZ, PAGE_SZ, SOCKET_ID_ANY, 0);

	return more ? rcumem_pages_free(more, PAGE_SZ) : -1;
}

static void assert_alloc_refused(void)
{
	rte_errno = 0;
	assert_null(rcumem_pages_alloc(PAGE_SZ, PAGE_SZ, SOCKET_ID_ANY, 0));
	assert_int_equal(rte_errno, ENOTRECOVERABLE);
}

static void assert_writers_refused(void)
{
	uint64_t root = runtime_region()->root;

	for (int i = 0; i < 2; i++) {
		assert_alloc_refused();
		rte_errno = 0;
		assert_int_equal(rcumem_pages_free(pages, PAGE_SZ), -1);
		assert_int_equal(rte_errno, ENOTRECOVERABLE);
	}
	assert_int_equal(runtime_region()->root, root);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)pages), pages);
}

/* With this value there, `check` holds; with the old one, all is as it was. */
#define DAMAGED(member, value, check)                                                              \
	do {                                                                                       \
		__typeof__(member) *damaged_at = &(member), damaged_old = *damaged_at;             \
                                                                                                   \
		*damaged_at = (__typeof__(member))(value);                                         \
		check;                                                                             \
		*damaged_at = damaged_old;                                                         \
		assert_int_equal(segs_now(), 3);                                                   \
		assert_int_equal(alloc_and_free(), 0);                                             \
	} while (0)

/* With some blocks on the stack. */
static int setup(void **state)
{
	const struct rcumem_options opts = test_options();

	(void)state;
	runtime_start(&opts);
	pages = rcumem_pages_alloc(3 * PAGE_SZ, PAGE_SZ, SOCKET_ID_ANY, 0);
	assert_non_null(pages);
	for (int i = 0; i < 5; i++)
		assert_int_equal(alloc_and_free(), 0);
	assert_true(pool()->free_cnt > 8);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(rcumem_pages_free(pages, 3 * PAGE_SZ), 0);
	runtime_stop();
	return 0;
}

static void damaged_figures_of_the_pool_refuse_writers(void **state)
{
	(void)state;
	DAMAGED(pool()->next, 0, assert_writers_refused());
	DAMAGED(pool()->next, 3, assert_writers_refused());
	DAMAGED(pool()->next, pool()->max + 1, assert_writers_refused());
	DAMAGED(pool()->free_cnt, UINT32_MAX, assert_writers_refused());
	DAMAGED(pool()->free_cnt, pool()->free_cnt + 1, assert_writers_refused());
	DAMAGED(pool()->ring_head, pool()->ring_tail + 1, assert_writers_refused());
	DAMAGED(pool()->ring_tail, pool()->ring_tail + 1, assert_writers_refused());
}

/* INV-SNAPSHOT-4: a block that is in use, or on the stack already, is not taken. */
static void blocks_that_are_not_free_are_not_taken(void **state)
{
	uint32_t *top = &pool()->free[pool()->free_cnt - 1];
	uint32_t used = snapshot_root_block(runtime_region()->root);

	(void)state;
	DAMAGED(*top, used, assert_writers_refused());
	DAMAGED(*top, top[-1], assert_writers_refused());
	DAMAGED(*top, 0, assert_writers_refused());
	DAMAGED(*top, UINT32_MAX, assert_writers_refused());
	DAMAGED(pool()->born[*top], 1, assert_writers_refused());
	DAMAGED(pool()->born[used], SNAPSHOT_FREE, assert_writers_refused());
}

/* The oldest of those that wait is in use: it is not given back, and writers are told. */
static void blocks_that_do_not_wait_are_not_given_back(void **state)
{
	struct region *region = runtime_region();
	uint32_t free_cnt;

	(void)state;
	snapshot_reclaim(region, UINT64_MAX);
	assert_int_equal(pool()->ring_head, pool()->ring_tail);
	free_cnt = pool()->free_cnt;
	pool()->ring[pool()->ring_tail++ % pool()->max] =
		(struct snapshot_retired){.ticket = 1, .block = snapshot_root_block(region->root)};
	assert_writers_refused();
	snapshot_reclaim(region, UINT64_MAX);
	assert_int_equal(pool()->free_cnt, free_cnt);
	pool()->ring_tail--;
	assert_int_equal(alloc_and_free(), 0);
}

/* ---- The picture of now, of which each change makes another ---- */

static struct snapshot_block *block_of(uint32_t block)
{
	return &pool()->blocks[block];
}

static uint32_t list_of_pages(void)
{
	return (uint32_t)(rte_mem_virt2memseg_list(pages) - runtime_region()->lists);
}

static uint32_t *table(void)
{
	uint32_t root = snapshot_root_block(runtime_region()->root);

	return &block_of(root)->child[list_of_pages() / SNAPSHOT_ENTRIES];
}

static struct snapshot_entry *entry(void)
{
	return &block_of(*table())->entry[list_of_pages() % SNAPSHOT_ENTRIES];
}

static int seen(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	const char *last = (const char *)msl->base_va + msl->len;

	(void)arg;
	return (const char *)ms->addr < (const char *)msl->base_va ||
	       (const char *)ms->addr >= last;
}

static void assert_walks_refused(void)
{
	rte_errno = 0;
	assert_int_equal(rte_memseg_walk(count_seg, &(unsigned int){0}), -1);
	assert_int_equal(rte_errno, ENOTRECOVERABLE);
	rte_errno = 0;
	assert_int_equal(rte_memseg_walk_thread_unsafe(count_seg, &(unsigned int){0}), -1);
	assert_int_equal(rte_errno, ENOTRECOVERABLE);
	assert_int_equal(rte_mem_check_dma_mask(40), 1);
}

static void assert_all_refused(void)
{
	assert_walks_refused();
	assert_writers_refused();
}

static void damaged_pictures_refuse_walks_and_writers(void **state)
{
	struct region *region = runtime_region();

	(void)state;
	DAMAGED(region->root, region->root | (SNAPSHOT_ALL - 1), assert_all_refused());
	DAMAGED(*table(), pool()->max, assert_all_refused());
	DAMAGED(*table(), SNAPSHOT_ALL, assert_all_refused());
	DAMAGED(*table(), 0, assert_writers_refused());
	DAMAGED(entry()->child, pool()->max, assert_all_refused());
	assert_int_equal(entry()->height, 1);
	DAMAGED(block_of(entry()->child)->child[0], pool()->max, assert_all_refused());
	DAMAGED(block_of(entry()->child)->child[0], pool()->free[0], assert_writers_refused());
	DAMAGED(entry()->height, 4, assert_all_refused());
	DAMAGED(entry()->height, 255, assert_all_refused());
	DAMAGED(entry()->used, 4, assert_walks_refused());
	DAMAGED(entry()->used, UINT64_MAX, assert_walks_refused());
}

static void assert_none_beyond(uint64_t used)
{
	uint64_t was = entry()->used;

	entry()->used = used;
	assert_walks_refused();
	assert_int_equal(rte_memseg_walk(seen, NULL), -1);
	entry()->used = was;
}

/* All of a directory's children, or of the list's pages, where it does not have as many. */
static void pages_beyond_the_list_are_not_shown(void **state)
{
	const struct list_state *list = &runtime_region()->states[list_of_pages()];
	uint32_t n = list->n_pages, children = n / SNAPSHOT_LEAF_PAGES;

	(void)state;
	assert_true(children < SNAPSHOT_CHILDREN);
	DAMAGED(block_of(entry()->child)->child[children], SNAPSHOT_ALL,
		assert_none_beyond(3 + SNAPSHOT_LEAF_PAGES));
	DAMAGED(entry()->child, SNAPSHOT_ALL, assert_none_beyond(n + 1));
	DAMAGED(entry()->child, SNAPSHOT_ALL, assert_none_beyond(UINT32_MAX));
}

/* A word of the root that leads to no node: what would have to be changed below it is not. */
static void damaged_indexes_refuse_writers(void **state)
{
	struct region *region = runtime_region();
	uint64_t gib = (uintptr_t)pages >> RCU_RADIX_TOP;

	(void)state;
	DAMAGED(region->va_index->root[gib], ~0ull, assert_alloc_refused());
	DAMAGED(region->iova_index->root[gib], ~0ull, assert_writers_refused());
}

/* A number of lists that is too high shows nothing that is not there. */
static void damaged_number_of_lists_shows_no_list(void **state)
{
	struct visits *visits = malloc(sizeof(*visits));
	unsigned int n;

	(void)state;
	visit_lists(visits);
	n = visits->n;
	DAMAGED(runtime_region()->list_high, UINT32_MAX, visit_lists(visits));
	assert_int_equal(visits->n, n);
	free(visits);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup_teardown(
			damaged_figures_of_the_pool_refuse_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_that_are_not_free_are_not_taken, setup, teardown),
		cmocka_unit_test_setup_teardown(
			blocks_that_do_not_wait_are_not_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			damaged_pictures_refuse_walks_and_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(damaged_indexes_refuse_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			pages_beyond_the_list_are_not_shown, setup, teardown),
		cmocka_unit_test_setup_teardown(
			damaged_number_of_lists_shows_no_list, setup, teardown),
	};

	return RUN_CASES("damaged snapshots", cases);
}
