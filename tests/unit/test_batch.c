/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Batch translation: every kernel answers as the single functions do, wherever
 * its arrays begin and end and whatever it misses.  Beside a writer:
 * test_batch_hotplug.c.  RCUMEM_SEED repeats a run.
 */

#include "index.h"
#include "support_batch.h"

#define LEN_MAX   320
#define CANARY    0xca11ab1e0ddba11ull
#define ALIGN_CNT 8 /* Words of a cache line. */

/* Aligned to a cache line, with room for any alignment and a canary on both sides. */
static uint64_t from_array[LEN_MAX + 32] __attribute__((aligned(64)));
static uint64_t to_array[LEN_MAX + 32] __attribute__((aligned(64)));

/* `n` random words, expected answers in `expected`; returns how many are found. */
static unsigned int keys_make(
	enum batch_kind kind, uint64_t *keys, uint64_t *expected, unsigned int n)
{
	unsigned int found = 0;

	for (unsigned int i = 0; i < n; i++) {
		keys[i] = address_random();
		expected[i] = single(kind, keys[i]);
		found += expected[i] != none_of(kind);
	}
	return found;
}

static void assert_answers(
	const uint64_t *answers, const uint64_t *expected, const uint64_t *keys, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (answers[i] != expected[i])
			fail_msg("%u of %u: %#jx became %#jx, not %#jx", i, n, (uintmax_t)keys[i],
				(uintmax_t)answers[i], (uintmax_t)expected[i]);
}

/* Arrays of `n` that begin `from` and `to` words behind a cache line. */
static void check_at(const struct batch_kernel *kernel, enum batch_kind kind, unsigned int from,
	unsigned int to, unsigned int n)
{
	uint64_t *keys = from_array + ALIGN_CNT + from, *answers = to_array + ALIGN_CNT + to;
	uint64_t expected[LEN_MAX], copy[LEN_MAX];
	unsigned int found = keys_make(kind, keys, expected, n);

	memcpy(copy, keys, n * sizeof(*keys));
	answers[-1] = answers[n] = CANARY;
	assert_int_equal(kernel->run[kind](&runtime_view, keys, answers, n), found);
	assert_answers(answers, expected, copy, n);
	assert_true(answers[-1] == CANARY && answers[n] == CANARY);
	assert_memory_equal(keys, copy, n * sizeof(*keys));
	keys[-1] = keys[n] = CANARY;
	assert_int_equal(kernel->run[kind](&runtime_view, keys, keys, n), found);
	assert_answers(keys, expected, copy, n);
	assert_true(keys[-1] == CANARY && keys[n] == CANARY);
}

static void every_alignment_and_length_is_answered_as_by_single_calls(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);

	world_build();
	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
		for (unsigned int from = 0; from < ALIGN_CNT; from++)
			for (unsigned int to = 0; to < ALIGN_CNT; to++)
				for (unsigned int n = 0; n <= 20; n++)
					check_at(kernel, kind, from, to, n);
		for (unsigned int n = 0; n <= 100; n++)
			check_at(kernel, kind, n % ALIGN_CNT, (n + 3) % ALIGN_CNT, n);
		for (unsigned int n = 250; n <= 260; n++)
			check_at(kernel, kind, 0, 1, n);
	}
	world_end();
}

/* Then what a kernel does not find nobody looks for: whole vectors and the rest of a burst, all of
 * the same page, and with one address that is not there. */
static void bursts_are_answered_where_there_is_no_external_memory(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	char *pages = pages_get(2);
	uint64_t keys[20], answers[20];

	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
		for (unsigned int n = 1; n <= 20; n++) {
			for (unsigned int miss = 0; miss <= n; miss++) {
				for (unsigned int i = 0; i < n; i++)
					keys[i] = (uintptr_t)pages + i * 8;
				if (miss < n)
					keys[miss] = miss % 2 ? (uintptr_t)keys : 8;
				assert_int_equal(kernel->run[kind](&runtime_view, keys, answers, n),
					n - (miss < n));
				for (unsigned int i = 0; i < n; i++)
					assert_true(answers[i] ==
						    (i == miss ? none_of(kind) : keys[i]));
			}
		}
	}
	pages_put(pages, 2);
}

/* Arrays that end where memory ends: no word behind the last is even read. */
static void nothing_behind_the_arrays_is_touched(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *memory =
		mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t *end, expected[20], copy[20];

	assert_true(memory != MAP_FAILED && mprotect(memory + page, page, PROT_NONE) == 0);
	end = (uint64_t *)(void *)(memory + page);
	world_build();
	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
		for (unsigned int n = 1; n <= 20; n++) {
			unsigned int found = keys_make(kind, end - n, expected, n);

			memcpy(copy, end - n, n * sizeof(*copy));
			assert_int_equal(
				kernel->run[kind](&runtime_view, end - n, end - n, n), found);
			assert_answers(end - n, expected, copy, n);
		}
	}
	world_end();
	munmap(memory, 2 * page);
}

/* All addresses of the world one by one: in each lane, among addresses that are found. */
static void every_address_is_answered_in_every_lane(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);

	world_build();
	for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
		for (unsigned int w = 0; w < address_cnt; w++) {
			for (unsigned int lane = 0; lane < 17; lane++) {
				uint64_t keys[17], expected[17], answers[17];
				unsigned int found = 0;

				for (unsigned int i = 0; i < 17; i++) {
					keys[i] = (uintptr_t)world_pages + i;
					keys[i] = i == lane ? addresses[w] : keys[i];
					expected[i] = single(kind, keys[i]);
					found += expected[i] != none_of(kind);
				}
				assert_int_equal(
					kernel->run[kind](&runtime_view, keys, answers, 17), found);
				assert_answers(answers, expected, keys, 17);
			}
		}
	}
	world_end();
}

/* Hits and misses in every pattern of eight, alone and behind eight hits. */
static void every_pattern_of_misses_is_answered(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	uint64_t hit, misses[4], keys[16], answers[16];

	world_build();
	hit = (uintptr_t)world_pages + page_sz + 77;
	misses[0] = (uintptr_t)world_pages + 2 * page_sz; /* A free page between used ones. */
	misses[1] = 0;
	misses[2] = UINT64_MAX;
	misses[3] = 1ull << 50;
	for (unsigned int pattern = 0; pattern < 256; pattern++) {
		for (unsigned int kind = 0; kind < BATCH_KINDS; kind++) {
			for (unsigned int i = 0; i < 16; i++)
				keys[i] = i >= 8 && pattern >> (i - 8) & 1
						  ? misses[(pattern + i) % 4]
						  : hit;
			for (unsigned int begin = 0; begin <= 8; begin += 8) {
				unsigned int misses_cnt = (unsigned int)__builtin_popcount(pattern);
				unsigned int n = 16 - begin;

				assert_int_equal(
					kernel->run[kind](&runtime_view, keys + begin, answers, n),
					n - misses_cnt);
				for (unsigned int i = 0; i < n; i++)
					assert_true(answers[i] ==
						    (keys[begin + i] == hit ? hit : none_of(kind)));
			}
		}
	}
	world_end();
}

static void whole_vectors_of_external_memory_are_answered(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	uint64_t keys[64], answers[64];

	world_build();
	for (unsigned int i = 0; i < 64; i++)
		keys[i] = 0x12000 + i * 100;
	assert_int_equal(kernel->run[BATCH_IOVA2VIRT](&runtime_view, keys, answers, 64), 64);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(answers[i] == single(BATCH_IOVA2VIRT, keys[i]));
	for (unsigned int i = 0; i < 64; i++)
		keys[i] = (uintptr_t)world_ext + i * 100;
	assert_int_equal(kernel->run[BATCH_VIRT2IOVA](&runtime_view, keys, answers, 64), 64);
	for (unsigned int i = 0; i < 64; i++)
		assert_true(answers[i] == single(BATCH_VIRT2IOVA, keys[i]));
	world_end();
}

/* Words from every GiB in turn: a kernel must not answer from the GiB before. */
static void addresses_of_several_gib_are_not_mixed_up(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	uint64_t keys[96], answers[96], stride[] = {1, 4, 8, 3};

	world_build();
	for (unsigned int s = 0; s < ARRAY_LEN(stride); s++) {
		for (unsigned int i = 0; i < 96; i++) {
			uint64_t which = i / stride[s] % 3;

			keys[i] = which == 0   ? (uintptr_t)world_pages + i
				  : which == 1 ? (uintptr_t)world_small + i
					       : (uintptr_t)world_ext + i;
		}
		for (unsigned int kind = 0; kind < BATCH_SAME; kind++) {
			kernel->run[kind](&runtime_view, keys, answers, 96);
			for (unsigned int i = 0; i < 96; i++)
				assert_true(answers[i] == single(kind, keys[i]));
		}
	}
	world_end();
}

/* Guarantee G7: a node that is none, and a descriptor where nothing may be read. */
static void damaged_words_are_not_followed(void **state)
{
	const struct batch_kernel *kernel = kernel_of(state);
	const struct runtime_view *view = &runtime_view;
	uint64_t page = (uintptr_t)pages_get(1), keys[2 * 8 + 1], answers[2 * 8 + 1], was;
	uint64_t *va_word = (uint64_t *)(uintptr_t)&view->va_index
				    .window[rcu_radix_view_index(&view->va_index, page)];
	uint64_t *iova_word = (uint64_t *)(uintptr_t)&view->iova_index
				      .window[rcu_radix_view_index(&view->iova_index, page)];
	uint64_t strange = (uintptr_t)ext_reserve(1);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		keys[i] = page;
	was = *iova_word;
	*iova_word = strange | RCU_RADIX_NODE;
	assert_int_equal(kernel->run[BATCH_IOVA2VIRT](view, keys, answers, ARRAY_LEN(keys)), 0);
	assert_int_equal(kernel->run[BATCH_SAME](view, keys, answers, ARRAY_LEN(keys)), 0);
	assert_int_equal(answers[ARRAY_LEN(keys) - 1], RTE_BAD_IOVA);
	*iova_word = was;
	was = *va_word;
	*va_word = strange | RCU_RADIX_NODE;
	assert_int_equal(kernel->run[BATCH_VIRT2IOVA](view, keys, answers, ARRAY_LEN(keys)),
		ARRAY_LEN(keys)); /* Of the other index. */
	*va_word = strange | INDEX_DIRECT;
	assert_int_equal(kernel->run[BATCH_VIRT2IOVA](view, keys, answers, ARRAY_LEN(keys)),
		ARRAY_LEN(keys));
	assert_memory_equal(answers, keys, sizeof(keys));
	*va_word = was;
	ext_release((void *)(uintptr_t)strange, 1);
	pages_put((void *)(uintptr_t)page, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		KERNEL_CASES(every_alignment_and_length_is_answered_as_by_single_calls),
		KERNEL_CASES(bursts_are_answered_where_there_is_no_external_memory),
		KERNEL_CASES(nothing_behind_the_arrays_is_touched),
		KERNEL_CASES(every_address_is_answered_in_every_lane),
		KERNEL_CASES(every_pattern_of_misses_is_answered),
		KERNEL_CASES(whole_vectors_of_external_memory_are_answered),
		KERNEL_CASES(addresses_of_several_gib_are_not_mixed_up),
		KERNEL_CASES(damaged_words_are_not_followed),
	};

	random_begin();
	return RUN_CASES("batch kernels", cases);
}
