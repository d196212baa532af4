/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What the words of the three indexes say, against lists of what was put in.
 * RCUMEM_SEED repeats a run.
 */

#include "piece.h"
#include "support_region.h"

static int setup(void **state)
{
	(void)state;
	region_open(1ull << 30);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	region_close();
	return 0;
}

/* ---- Internal pages ---- */

static void assert_page_word(uint32_t list, uint32_t page, bool direct)
{
	const struct list_state *state = &region->states[list];
	uint64_t off = random_below(1ull << state->page_shift);
	uint64_t va = segment_va(state, page) + off;
	uint64_t word = rcu_radix_lookup(region->va_index, va);

	/* Where words are larger than pages, neighbours become direct too. */
	if (!direct && index_tag(word) == INDEX_RANGE) {
		assert_int_equal(index_range_list(word), list);
		return;
	}
	assert_int_equal(index_tag(word), state->page_shift == 12 ? INDEX_PAGES : INDEX_DIRECT);
	assert_int_equal(index_list(word), list);
	assert_ptr_equal(state->page_shift == 12 ? index_segment_in(word, va) : index_segment(word),
		segment_public(region, list, page));
}

static void pages_lead_to_their_descriptors_whatever_their_size(void **state)
{
	bool direct[LISTS][2048] = {{false}};

	(void)state;
	for (int i = 0; i < 200; i++) {
		uint32_t list = (uint32_t)random_below(LISTS);
		uint32_t all = region->states[list].n_pages, pages = all < 2048 ? all : 2048;
		uint32_t first = (uint32_t)random_below(pages);
		uint32_t n = 1 + (uint32_t)random_below(pages - first < 700 ? pages - first : 700);

		assert_int_equal(index_pages_reserve(region, list, first, n), 0);
		index_pages_direct(region, list, first, n);
		for (uint32_t page = first; page < first + n; page++)
			direct[list][page] = true;
		for (uint32_t page = 0; page < pages; page++)
			assert_page_word(list, page, direct[list][page]);
	}
	/* Beyond what was touched. */
	assert_page_word(LIST_OF_4K, 200000, false);
}

static void addresses_outside_of_lists_have_no_word(void **state)
{
	const struct list_state *last = &region->states[LISTS - 1];

	(void)state;
	assert_int_equal(rcu_radix_lookup(region->va_index, 0), 0);
	assert_int_equal(rcu_radix_lookup(region->va_index, region->states[0].base - 1), 0);
	assert_int_equal(rcu_radix_lookup(region->va_index, segment_va(last, last->n_pages)), 0);
}

/* Pages of 4 KiB anywhere in a window of IO addresses. */
#define WINDOW 2048u
#define IOVA   0x7fff0000000ull

static void io_addresses_lead_to_the_pages_that_have_them(void **state)
{
	uint64_t va_of[WINDOW] = {0};

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint32_t at = (uint32_t)random_below(WINDOW), n = 1 + (uint32_t)random_below(64);
		uint64_t iova = IOVA + at * 4096ull,
			 va = 0x100000000ull + random_below(1 << 20) * 4096;

		n = n < WINDOW - at ? n : WINDOW - at;
		assert_int_equal(index_iova_reserve(region, iova, n * 4096ull, 12), 0);
		if (random_below(2))
			index_iova_set(region, iova, n * 4096ull, va);
		else
			index_iova_clear(region, iova, n * 4096ull), va = 0;
		for (uint32_t p = 0; p < n; p++)
			va_of[at + p] = va ? va + p * 4096ull : 0;
		for (int look = 0; look < 20; look++) {
			uint32_t p = (uint32_t)random_below(WINDOW);
			uint64_t off = random_below(4096), key = IOVA + p * 4096ull + off;
			uint64_t word = rcu_radix_lookup(region->iova_index, key);

			assert_int_equal(word ? key + word - INDEX_DIRECT : 0,
				va_of[p] ? va_of[p] + off : 0);
			assert_true(word == 0 || index_tag(word) == INDEX_DIRECT);
		}
	}
}

/* ---- External lists that share words ---- */

#define EXT_LISTS 12u
#define PIECES    3u
#define EXT_BASE  0x600000000000ull
#define BYTES     (16 * 4096ull)

static struct piece pieces[EXT_LISTS][PIECES];

static struct list_state *state_of(uint32_t i)
{
	return &region->states[LISTS + i];
}

/* A list of 1 to 16 KiB, not over another; pieces of any bounds, overlapping those of others. */
static bool list_make(uint32_t i)
{
	struct list_state *state = state_of(i);
	uint64_t at = random_below(PIECES) * 5;

	state->page_shift = 10;
	state->n_pages = 1 + (uint32_t)random_below(16);
	state->base = EXT_BASE + random_below(BYTES / 1024 - 16) * 1024;
	for (uint32_t other = 0; other < EXT_LISTS; other++)
		if (state_of(other)->kind == LIST_EXTERNAL &&
			state_of(other)->base < segment_va(state, state->n_pages) &&
			state->base < segment_va(state_of(other), state_of(other)->n_pages))
			return false;
	state->pieces = pieces[i];
	state->n_pieces = (uint32_t)random_below(PIECES + 1);
	for (uint32_t p = 0; p < state->n_pieces; p++) {
		at += random_below(6000);
		pieces[i][p] = (struct piece){at, at + random_below(9000), state->base};
		at = pieces[i][p].last + 1;
	}
	return true;
}

/* How many lists or pieces touch a word, and the word if it were only the last of them. */
static uint32_t touching(uint64_t first, bool by_va, uint64_t *alone)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < EXT_LISTS; i++) {
		const struct list_state *state = state_of(i);
		uint64_t list = (uint64_t)(LISTS + i) << INDEX_LIST_SHIFT | INDEX_EXTERNAL;

		if (state->kind != LIST_EXTERNAL)
			continue;
		if (by_va && state->base < first + 4096 &&
			segment_va(state, state->n_pages) > first) {
			*alone = list;
			n++;
		}
		for (uint32_t p = 0; !by_va && p < state->n_pieces; p++)
			if (pieces[i][p].first < first + 4096 && pieces[i][p].last >= first) {
				*alone = list | (uint64_t)p << 4;
				n++;
			}
	}
	return n;
}

static void assert_words(const struct rcu_radix *tree, uint64_t base, bool by_va)
{
	for (uint64_t off = 0; off < BYTES * 2; off += 4096) {
		uint64_t alone = 0, word = rcu_radix_lookup(tree, base + off);
		uint32_t n = touching(base + off, by_va, &alone);

		/* One that others have shared may stay mixed. */
		if (n == 0)
			assert_int_equal(word, 0);
		else if (n > 1 || word != alone)
			assert_int_equal(word, INDEX_MIXED);
	}
}

static void external_words_name_who_is_alone_and_are_mixed_for_several(void **state)
{
	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint32_t list = (uint32_t)random_below(EXT_LISTS);

		if (state_of(list)->kind == LIST_EXTERNAL) {
			index_external_remove(region, LISTS + list);
			/* The record of one that readers may hold stays. */
			state_of(list)->kind = random_below(2) ? LIST_NONE : LIST_DYING;
		} else if (list_make(list)) {
			assert_int_equal(index_external_reserve(region, LISTS + list), 0);
			state_of(list)->kind = LIST_EXTERNAL;
			index_external_add(region, LISTS + list);
		}
		assert_words(region->va_index, EXT_BASE, true);
		assert_words(region->ext_index, 0, false);
	}
}

/* What recovery relies on. */
static void removing_an_external_list_twice_is_removing_it_once(void **state)
{
	(void)state;
	for (int i = 0; i < 300; i++) {
		for (uint32_t list = 0; list < EXT_LISTS; list++) {
			if (state_of(list)->kind == LIST_EXTERNAL || !list_make(list))
				continue;
			assert_int_equal(index_external_reserve(region, LISTS + list), 0);
			state_of(list)->kind = LIST_EXTERNAL;
			index_external_add(region, LISTS + list);
		}
		for (uint32_t list = (uint32_t)random_below(3); list < EXT_LISTS; list += 3) {
			if (state_of(list)->kind != LIST_EXTERNAL)
				continue;
			index_external_remove(region, LISTS + list);
			index_external_remove(region, LISTS + list);
			state_of(list)->kind = LIST_NONE;
		}
		assert_words(region->va_index, EXT_BASE, true);
		assert_words(region->ext_index, 0, false);
	}
}

#define INDEX_CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	static const struct CMUnitTest cases[] = {
		INDEX_CASE(pages_lead_to_their_descriptors_whatever_their_size),
		INDEX_CASE(addresses_outside_of_lists_have_no_word),
		INDEX_CASE(io_addresses_lead_to_the_pages_that_have_them),
		INDEX_CASE(external_words_name_who_is_alone_and_are_mixed_for_several),
		INDEX_CASE(removing_an_external_list_twice_is_removing_it_once),
	};

	random_begin();
	return cmocka_run_group_tests_name("index", cases, NULL, NULL);
}
