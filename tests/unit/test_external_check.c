/* SPDX-License-Identifier: BSD-3-Clause */
/* Guarantee G7 for external memory: damaged records are told, and not followed. */

#include "support_walk.h"

#include "arena_table.h"
#include "runtime.h"

#define N    4ull
#define IOVA (1ull << 40)

static char *ext, *other;
static uint32_t list;

static int setup(void **state)
{
	const struct rcumem_options opts = test_options();

	(void)state;
	runtime_start(&opts);
	ext = ext_reserve(N);
	other = ext_reserve(N);
	assert_int_equal(ext_register(ext, N, IOVA), 0);
	list = (uint32_t)(rte_mem_virt2memseg_list(ext) - runtime_region()->lists);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	assert_int_equal(ext_unregister(ext, N), 0);
	ext_release(ext, N);
	ext_release(other, N);
	runtime_stop();
	return 0;
}

static void assert_refused(int ret)
{
	assert_int_equal(ret, -1);
	assert_int_equal(rte_errno, ENOTRECOVERABLE);
	rte_errno = 0;
}

/* Every writer of external memory is refused. */
static void assert_writers_refused(void)
{
	rte_errno = 0;
	assert_refused(ext_register(other, N, 2 * IOVA));
	assert_refused(ext_unregister(ext, N));
	assert_refused(rte_extmem_attach(ext, N * EXT_PAGE));
	assert_refused(rte_extmem_detach(ext, N * EXT_PAGE));
}

/* Readers find nothing where it would lead out of the region. */
static void assert_all_refused(void)
{
	struct visits visits = {0};
	uint64_t len = 1;

	assert_writers_refused();
	assert_refused(rte_memseg_walk(record_seg, &visits));
	assert_refused(rte_memseg_contig_walk(record_run, &visits));
	assert_refused(rte_memseg_list_walk(record_list, &visits));
	assert_int_equal(rte_mem_check_dma_mask(40), 1);
	assert_null(rte_mem_virt2memseg(ext, NULL));
	assert_null(rte_mem_virt2memseg(ext, &runtime_region()->lists[list]));
	assert_null(rte_mem_iova2virt(IOVA));
	assert_int_equal(rcumem_virt2iova(NULL, ext, &len), RTE_BAD_IOVA);
}

#define DAMAGED(member, value, check)                                                              \
	do {                                                                                       \
		__typeof__(member) damaged_old = (member);                                         \
                                                                                                   \
		(member) = (__typeof__(member))(value);                                            \
		check();                                                                           \
		(member) = damaged_old;                                                            \
		assert_ptr_equal(rte_mem_iova2virt(IOVA), ext);                                    \
		assert_int_equal(segs_now(), N);                                                   \
	} while (0)

static void damaged_records_are_not_followed(void **state)
{
	struct list_state *record = &runtime_region()->states[list];
	struct rte_memseg_list *msl = &runtime_region()->lists[list];
	const struct region *region = runtime_region();
	char *end = (char *)(uintptr_t)(region->base + region->len);

	(void)state;
	DAMAGED(record->n_pages, UINT32_MAX, assert_all_refused);
	DAMAGED(record->page_shift, 255, assert_all_refused);
	DAMAGED(record->pieces, NULL, assert_all_refused);
	DAMAGED(record->pieces, (char *)record->pieces + 4, assert_all_refused);
	DAMAGED(record->pieces, end - sizeof(uint64_t), assert_all_refused);
	DAMAGED(record->n_pieces, UINT32_MAX, assert_all_refused);
	DAMAGED(msl->memseg_arr.data, NULL, assert_all_refused);
	DAMAGED(msl->memseg_arr.data, end, assert_all_refused);
	DAMAGED(msl->memseg_arr.data, (char *)msl->memseg_arr.data + 4, assert_all_refused);
	DAMAGED(record->n_pages, N + 1, assert_writers_refused);
	DAMAGED(record->page_shift, 13, assert_writers_refused);
	DAMAGED(record->base, UINT64_MAX - EXT_PAGE + 1, assert_writers_refused);
	DAMAGED(msl->page_sz, 0, assert_writers_refused);
	DAMAGED(msl->memseg_arr.len, N + 1, assert_writers_refused);
	DAMAGED(msl->memseg_arr.elt_sz, 1, assert_writers_refused);
}

static void a_list_of_no_kind_refuses_writers(void **state)
{
	uint32_t *kind = &runtime_region()->states[list + 1].kind;

	(void)state;
	rte_errno = 0;
	*kind = LIST_INTERNAL;
	assert_refused(ext_register(other, N, 2 * IOVA));
	*kind = UINT32_MAX;
	assert_refused(ext_register(other, N, 2 * IOVA));
	*kind = LIST_NONE;
	assert_int_equal(ext_register(other, N, 2 * IOVA), 0);
	assert_int_equal(ext_unregister(other, N), 0);
}

/* A piece that leads out of the arena stays, and is told. */
static void damaged_pieces_of_the_arena_are_not_given_back(void **state)
{
	struct arena *arena = runtime_region()->arena;
	struct rte_fbarray arr = {0}, copy;
	struct arena_piece *piece;
	uint64_t len;

	(void)state;
	rte_errno = 0;
	assert_int_equal(rte_fbarray_init(&arr, "damaged", 8, 8), 0);
	assert_int_equal(rte_fbarray_set_used(&arr, 3), 0);
	copy = arr;
	piece = arena_find_name(arena, "damaged");
	assert_non_null(piece);
	len = piece->len;
	piece->len = arena->len;
	assert_refused(rte_fbarray_destroy(&copy));
	assert_int_equal(rte_fbarray_is_used(&arr, 3), 1);
	piece->len = len;
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
}

static void a_damaged_number_of_pieces_is_not_believed(void **state)
{
	struct arena *arena = runtime_region()->arena;
	struct rte_fbarray arr = {0};
	uint32_t cnt = arena->cnt;

	(void)state;
	arena->cnt = UINT32_MAX;
	assert_int_equal(rte_fbarray_init(&arr, "damaged", 8, 8), 0);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	arena->cnt = cnt;
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test_setup_teardown(damaged_records_are_not_followed, setup, teardown),
		cmocka_unit_test_setup_teardown(a_list_of_no_kind_refuses_writers, setup, teardown),
		cmocka_unit_test_setup_teardown(
			damaged_pieces_of_the_arena_are_not_given_back, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_damaged_number_of_pieces_is_not_believed, setup, teardown),
	};

	return RUN_CASES("damaged external memory", cases);
}
