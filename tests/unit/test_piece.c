/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Pieces against the definition, byte by byte: of the pages that have an IO
 * address, the lowest one answers.  RCUMEM_SEED repeats a run.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include <rte_memory.h>

#include "piece.h"
#include "support_random.h"

#define VA        0x40000000ull
#define PAGES_MAX 24

struct table {
	uint64_t page_sz;
	uint64_t iovas[PAGES_MAX];
	uint32_t n;
	struct piece *pieces;
	uint32_t cnt;
};

static void table_make(struct table *table)
{
	assert_int_equal(
		piece_make(VA, table->page_sz, table->iovas, table->n, &table->pieces, &table->cnt),
		0);
}

static uint64_t model(const struct table *table, uint64_t iova)
{
	for (uint32_t i = 0; i < table->n; i++)
		if (table->iovas[i] != RTE_BAD_IOVA && iova - table->iovas[i] < table->page_sz)
			return VA + i * table->page_sz + (iova - table->iovas[i]);
	return 0;
}

static void assert_byte(const struct table *table, uint64_t iova)
{
	const struct piece *piece = piece_find(table->pieces, table->cnt, iova);
	uint64_t found = piece ? piece->va + (iova - piece->first) : 0;

	if (found != model(table, iova))
		fail_msg("IOVA %#llx: %#llx instead of %#llx", (unsigned long long)iova,
			(unsigned long long)found, (unsigned long long)model(table, iova));
	assert_int_equal(piece_touches(table->pieces, table->cnt, iova, iova), found != 0);
}

/* Sorted, disjoint, and not cut without need. */
static void assert_shape(const struct table *table)
{
	for (uint32_t i = 0; i < table->cnt; i++) {
		const struct piece *p = &table->pieces[i];

		assert_true(p->first <= p->last);
		if (i == 0)
			continue;
		assert_true(p[-1].last < p->first);
		assert_false(
			p[-1].last + 1 == p->first && p[-1].va + (p->first - p[-1].first) == p->va);
	}
}

static void check_window(const struct table *table, uint64_t from, uint64_t bytes)
{
	for (uint64_t i = 0; i < bytes; i++)
		assert_byte(table, from + i);
}

static void random_tables_answer_byte_by_byte(void **state)
{
	(void)state;
	for (int round = 0; round < 400; round++) {
		struct table table = {.page_sz = 1ull << random_below(5),
			.n = 1 + (uint32_t)random_below(PAGES_MAX)};
		/* Sometimes so dense that nearly all pages overlap. */
		uint64_t window = 1 + random_below(2 * table.n * table.page_sz);
		uint64_t base = round % 3 == 0   ? 0
				: round % 3 == 1 ? 1000
						 : UINT64_MAX - window - 32;

		for (uint32_t i = 0; i < table.n; i++) {
			table.iovas[i] = base + random_below(window);
			if (i && random_below(2))
				table.iovas[i] = table.iovas[i - 1] + table.page_sz;
			if (random_below(8) == 0 ||
				table.iovas[i] + (table.page_sz - 1) < table.iovas[i])
				table.iovas[i] = RTE_BAD_IOVA;
		}
		table_make(&table);
		assert_shape(&table);
		check_window(&table, base - 8, window + PAGES_MAX * table.page_sz + 16);
		free(table.pieces);
	}
}

static void touching_is_that_of_a_byte_in_the_range(void **state)
{
	(void)state;
	for (int round = 0; round < 300; round++) {
		struct table table = {.page_sz = 4, .n = 1 + (uint32_t)random_below(6)};
		uint64_t first = random_below(60), last = first + random_below(20);
		bool touched = false;

		for (uint32_t i = 0; i < table.n; i++)
			table.iovas[i] = random_below(60);
		table_make(&table);
		for (uint64_t iova = first; iova <= last; iova++)
			touched |= model(&table, iova) != 0;
		assert_int_equal(piece_touches(table.pieces, table.cnt, first, last), touched);
		free(table.pieces);
	}
}

static void neighbours_become_one_piece(void **state)
{
	struct table table = {
		.page_sz = 4096, .n = 4, .iovas = {0x10000, 0x11000, 0x12000, 0x13000}};

	(void)state;
	table_make(&table);
	assert_int_equal(table.cnt, 1);
	assert_int_equal(table.pieces[0].first, 0x10000);
	assert_int_equal(table.pieces[0].last, 0x13fff);
	assert_int_equal(table.pieces[0].va, VA);
	free(table.pieces);
}

static void last_byte_of_all_can_be_one(void **state)
{
	struct table table = {.page_sz = 4096, .n = 2, .iovas = {UINT64_MAX - 4095, 0}};

	(void)state;
	table_make(&table);
	assert_int_equal(table.cnt, 2);
	assert_byte(&table, UINT64_MAX);
	assert_byte(&table, 0);
	assert_byte(&table, 4096);
	free(table.pieces);
}

static void no_addresses_make_no_pieces(void **state)
{
	struct table table = {.page_sz = 4096, .n = 2, .iovas = {RTE_BAD_IOVA, RTE_BAD_IOVA}};

	(void)state;
	table_make(&table);
	assert_int_equal(table.cnt, 0);
	assert_null(piece_find(table.pieces, table.cnt, 0));
	free(table.pieces);
	assert_int_equal(piece_make(VA, 4096, NULL, 2, &table.pieces, &table.cnt), 0);
	assert_int_equal(table.cnt, 0);
	assert_null(table.pieces);
}

static void page_that_wraps_around_is_invalid(void **state)
{
	struct table table = {.page_sz = 4096, .n = 1, .iovas = {UINT64_MAX - 4094}};

	(void)state;
	assert_int_equal(piece_make(VA, 4096, table.iovas, 1, &table.pieces, &table.cnt), -EINVAL);
	assert_null(table.pieces);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		cmocka_unit_test(random_tables_answer_byte_by_byte),
		cmocka_unit_test(touching_is_that_of_a_byte_in_the_range),
		cmocka_unit_test(neighbours_become_one_piece),
		cmocka_unit_test(last_byte_of_all_can_be_one),
		cmocka_unit_test(no_addresses_make_no_pieces),
		cmocka_unit_test(page_that_wraps_around_is_invalid),
	};

	random_begin();
	return cmocka_run_group_tests_name("piece", cases, NULL, NULL);
}
