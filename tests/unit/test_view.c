/* SPDX-License-Identifier: BSD-3-Clause */
/* Readers that are compiled into the program say what the functions say. */

#include <rcumem_inline.h>

#include "support_batch.h"
#include "support_call.h"

static void assert_same(const struct rcumem_view *view, uint64_t address)
{
	const void *va = (const void *)(uintptr_t)address;

	assert_ptr_equal(rcumem_raw_virt2memseg(view, va), rte_mem_virt2memseg(va, NULL));
	assert_ptr_equal(rcumem_raw_iova2virt(view, address), rte_mem_iova2virt(address));
}

/* Found in the index, by arithmetic, in external memory, or not at all. */
static void every_kind_of_address_is_answered_as_by_calls(void **state)
{
	struct rcumem_view view;

	(void)state;
	assert_int_equal(rcumem_view_get(&view), 0);
	world_build();
	for (unsigned int i = 0; i < address_cnt; i++)
		assert_same(&view, addresses[i]);
	for (unsigned int i = 0; i < 10000; i++)
		assert_same(&view, address_random() + random_below(page_sz));
	/* Pages of the list that were never plugged. */
	for (unsigned int i = 0; i < 100; i++)
		assert_same(&view, (uintptr_t)world_pages + random_below(GIB));
	assert_non_null(rcumem_raw_virt2memseg(&view, world_pages));
	assert_ptr_equal(rcumem_raw_iova2virt(&view, (uintptr_t)world_pages + 5), world_pages + 5);
	world_end();
}

static void a_view_shows_what_comes_and_goes(void **state)
{
	struct rcumem_view view;
	char *page;

	(void)state;
	assert_int_equal(rcumem_view_get(&view), 0);
	for (unsigned int i = 0; i < 100; i++) {
		page = pages_get(1);
		assert_ptr_equal(rcumem_raw_iova2virt(&view, (uintptr_t)page), page);
		pages_put(page, 1);
		assert_null(rcumem_raw_iova2virt(&view, (uintptr_t)page));
	}
}

/* Guarantee G7: a node that is none, one between two, and the last. */
static void a_damaged_word_is_not_followed(void **state)
{
	struct rcumem_view view;
	uint64_t page = (uintptr_t)pages_get(1), was, strange, *word;

	(void)state;
	assert_int_equal(rcumem_view_get(&view), 0);
	strange = (uintptr_t)ext_reserve(1);
	word = (uint64_t *)(uintptr_t)&view.iova.words[(page - view.iova.first) >> 21];
	was = *word;
	*word = strange | 1;
	assert_null(rcumem_raw_iova2virt(&view, page));
	*word = (view.iova_nodes + 8) | 1;
	assert_null(rcumem_raw_iova2virt(&view, page));
	*word = (view.iova_nodes + (view.iova_nodes_cnt << 12)) | 1;
	assert_null(rcumem_raw_iova2virt(&view, page));
	*word = was;
	assert_ptr_equal(rcumem_raw_iova2virt(&view, page), (void *)(uintptr_t)page);
	ext_release((void *)(uintptr_t)strange, 1);
	pages_put((void *)(uintptr_t)page, 1);
}

static void a_view_is_refused_without_a_runtime_and_by_another_version(void **state)
{
	struct rcumem_options opts = test_options();
	struct rcumem_view view;

	(void)state;
	rte_errno = 0;
	assert_int_equal(rcumem_view_get(&view), -1);
	assert_int_equal(rte_errno, ENODEV);
	runtime_start(&opts);
	assert_int_equal(rcumem_view_get(NULL), -1);
	assert_int_equal(rte_errno, EINVAL);
	assert_int_equal(rcumem_view_fill(&view, RCUMEM_VIEW_VERSION + 1), -1);
	assert_int_equal(rte_errno, ENOTSUP);
	assert_int_equal(rcumem_view_get(&view), 0);
	runtime_stop();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(every_kind_of_address_is_answered_as_by_calls),
		CASE(a_view_shows_what_comes_and_goes),
		CASE(a_damaged_word_is_not_followed),
		BARE_CASE(a_view_is_refused_without_a_runtime_and_by_another_version),
	};

	random_begin();
	return RUN_CASES("inline readers", cases);
}
