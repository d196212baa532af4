/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_iova2virt_batch() and rcumem_virt2iova_batch() as they are called:
 * spaces, processes without a runtime, IO addresses that are no virtual ones.
 */

#include "index.h"
#include "segment.h"
#include "support_batch.h"
#include "support_space.h"

#define BURST 300

static void *virt[BURST];
static rte_iova_t iova[BURST];

/* Both ways, compared with single calls; in place, too. */
static void assert_burst(const struct rcumem_space *space, unsigned int n)
{
	void *there[BURST];
	rte_iova_t back[BURST];
	unsigned int there_cnt = 0, back_cnt = 0;

	rte_errno = ERRNO_UNTOUCHED;
	for (unsigned int i = 0; i < n; i++)
		there_cnt += rcumem_iova2virt(space, iova[i], NULL) != NULL;
	assert_int_equal(rcumem_iova2virt_batch(space, iova, there, n), there_cnt);
	for (unsigned int i = 0; i < n; i++) {
		assert_ptr_equal(there[i], rcumem_iova2virt(space, iova[i], NULL));
		back_cnt += rcumem_virt2iova(space, there[i], NULL) != RTE_BAD_IOVA;
	}
	assert_int_equal(rcumem_virt2iova_batch(space, there, back, n), back_cnt);
	for (unsigned int i = 0; i < n; i++)
		assert_true(back[i] == rcumem_virt2iova(space, there[i], NULL));
	memcpy(back, there, n * sizeof(*back));
	assert_int_equal(rcumem_virt2iova_batch(space, (void **)back, back, n), back_cnt);
	for (unsigned int i = 0; i < n; i++)
		assert_true(back[i] == rcumem_virt2iova(space, there[i], NULL));
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
}

static void burst_is_translated_there_and_back(void **state)
{
	(void)state;
	world_build();
	for (unsigned int n = 0; n <= BURST; n++) {
		for (unsigned int i = 0; i < n; i++)
			iova[i] = address_random();
		assert_burst(NULL, n);
	}
	world_end();
}

static void no_address_is_nothing_to_do(void **state)
{
	(void)state;
	assert_int_equal(rcumem_iova2virt_batch(NULL, NULL, NULL, 0), 0);
	assert_int_equal(rcumem_virt2iova_batch(NULL, NULL, NULL, 0), 0);
}

static void batches_without_a_runtime_find_nothing(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 33; i++)
		iova[i] = (uintptr_t)&iova[i];
	assert_int_equal(rcumem_iova2virt_batch(NULL, iova, virt, 33), 0);
	for (unsigned int i = 0; i < 33; i++)
		assert_null(virt[i]);
	for (unsigned int i = 0; i < 33; i++)
		virt[i] = &virt[i];
	assert_int_equal(rcumem_virt2iova_batch(NULL, virt, iova, 33), 0);
	for (unsigned int i = 0; i < 33; i++)
		assert_true(iova[i] == RTE_BAD_IOVA);
}

/* Regions that share slots, begin at 0 and end at 2^64. */
static void batches_of_a_space_are_answered_by_its_map(void **state)
{
	struct rcumem_space *space = space_new();
	static const uint64_t edges[] = {0, 99, 100, 4095, 5000, 5007, 5008, 1ull << 50,
		UINT64_MAX - 99, UINT64_MAX - 100, UINT64_MAX};

	(void)state;
	for (unsigned int i = 0; i < BURST; i++)
		iova[i] = edges[i % ARRAY_LEN(edges)];
	assert_int_equal(rcumem_read_lock(), 0);
	assert_int_equal(rcumem_iova2virt_batch(space, iova, virt, BURST), 0);
	rcumem_read_unlock();
	add_va(space, 0, 100, nowhere);
	add_va(space, 5000, 8, nowhere + 10000);
	add_va(space, UINT64_MAX - 99, 100, nowhere + 20000);
	assert_int_equal(rcumem_read_lock(), 0);
	assert_burst(space, BURST);
	assert_int_equal(rcumem_iova2virt_batch(space, iova, virt, 3), 2);
	assert_ptr_equal(virt[0], nowhere);
	assert_ptr_equal(virt[1], nowhere + 99);
	assert_null(virt[2]);
	rcumem_read_unlock();
	assert_int_equal(rcumem_space_destroy(space), 0);
}

/* ---- IO addresses other than the virtual ones ---- */

#define FAR_PAGES 4

/* Give each page an IO address of its own, as mode PA does where it may. */
static void pages_move(uint32_t list, uint32_t first, const uint64_t *to)
{
	struct region *region = runtime_region();

	for (uint32_t i = 0; i < FAR_PAGES; i++) {
		struct segment_mirror *s = segment_mirror(region, list, first + i);

		index_iova_clear(region, s->iova, page_sz);
		s->iova = to[i];
		assert_int_equal(index_iova_reserve(region, to[i], page_sz,
					 (unsigned int)__builtin_ctzll(page_sz)),
			0);
		index_iova_set(region, to[i], page_sz, s->addr);
	}
}

/* `n` random addresses there and back. */
static void assert_general(const struct batch_kernel *kernel, char *pages, unsigned int n)
{
	uint64_t keys[BURST], answers[BURST];
	unsigned int iova_cnt = 0, va_cnt = 0;

	for (unsigned int i = 0; i < n; i++) {
		keys[i] = (uintptr_t)pages + random_below((FAR_PAGES + 1) * page_sz);
		iova_cnt += single(BATCH_VIRT2IOVA, keys[i]) != RTE_BAD_IOVA;
	}
	assert_int_equal(kernel->run[BATCH_VIRT2IOVA](&runtime_view, keys, answers, n), iova_cnt);
	for (unsigned int i = 0; i < n; i++) {
		assert_true(answers[i] == single(BATCH_VIRT2IOVA, keys[i]));
		keys[i] = answers[i];
		va_cnt += single(BATCH_IOVA2VIRT, keys[i]) != 0;
	}
	assert_int_equal(kernel->run[BATCH_IOVA2VIRT](&runtime_view, keys, answers, n), va_cnt);
	for (unsigned int i = 0; i < n; i++)
		assert_true(answers[i] == single(BATCH_IOVA2VIRT, keys[i]));
}

static void io_addresses_may_be_anywhere(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	uint64_t far[FAR_PAGES] = {0, 5ull << 30, 3ull << 46, 1ull << 50};
	uint64_t back[FAR_PAGES], stale[] = {0, 5ull << 30};
	char *pages = pages_get(FAR_PAGES);
	struct region *region = runtime_region();
	uint64_t word = rcu_radix_lookup(region->va_index, (uintptr_t)pages);
	uint32_t list = index_list(word);
	uint32_t first = (uint32_t)(((uintptr_t)pages - region->states[list].base) / page_sz);

	pages_move(list, first, far);
	for (unsigned int n = BURST - 16; n <= BURST; n++)
		assert_general(kernel, pages, n);
	/* What a descriptor of an earlier use says is not believed. */
	for (unsigned int i = 0; i < ARRAY_LEN(stale); i++) {
		segment_mirror(region, list, first + 2)->iova = stale[i];
		assert_general(kernel, pages, BURST);
		assert_int_equal(
			single(BATCH_VIRT2IOVA, (uintptr_t)pages + 2 * page_sz), RTE_BAD_IOVA);
	}
	segment_mirror(region, list, first + 2)->iova = far[2];
	for (unsigned int i = 0; i < FAR_PAGES; i++)
		back[i] = (uintptr_t)pages + i * page_sz;
	pages_move(list, first, back);
	pages_put(pages, FAR_PAGES);
}

/* In mode PA the general kernel answers, and 4 KiB pages have no IO address. */
static void batches_in_mode_pa_answer_as_single_calls(void **state)
{
	struct rcumem_options opts = test_options();
	char *pages;

	(void)state;
	opts.iova_mode = RCUMEM_IOVA_PA;
	if (rcumem_init(&opts) != 0)
		skip();
	pages = pages_get(3);
	for (unsigned int i = 0; i < BURST; i++) {
		virt[i] = pages + i * 4096 % (4 * page_sz);
		iova[i] = rcumem_virt2iova(NULL, virt[i], NULL);
		assert_true((iova[i] == RTE_BAD_IOVA) ==
			    (page_sz == RTE_PGSIZE_4K || i * 4096 % (4 * page_sz) >= 3 * page_sz));
	}
	assert_burst(NULL, BURST);
	runtime_stop();
}

static void kernels_that_were_chosen_can_run(void **state)
{
	(void)state;
	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
		assert_non_null(batch_chosen[kind]);
		assert_true(batch_can_run(batch_chosen[kind]));
		print_message("%u: %s\n", kind, batch_chosen[kind]->name);
	}
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(burst_is_translated_there_and_back),
		CASE(no_address_is_nothing_to_do),
		BARE_CASE(batches_without_a_runtime_find_nothing),
		CASE(batches_of_a_space_are_answered_by_its_map),
		KERNEL_CASES(io_addresses_may_be_anywhere),
		BARE_CASE(batches_in_mode_pa_answer_as_single_calls),
		CASE(kernels_that_were_chosen_can_run),
	};

	random_begin();
	return RUN_CASES("batch translation", cases);
}
