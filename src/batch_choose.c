/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which kernel answers is decided by a race, once in a process.  What the
 * processor can run is not enough to know: a gather may be slower than the loads
 * it stands for (measured on Zen 3: slower for virt2iova, faster for iova2virt;
 * microcode against "downfall" slows it on many an Intel processor, not measured).
 */

#include <string.h>

#include "batch.h"
#include "index.h"
#include "log.h"
#include "os.h"
#include "segment.h"

#define RACE_KEYS 128
#define RACE_LAPS 16 /* Of some 100 ns. */

/* What the kernels look up: one node, all of whose words are the same and serve both indexes. */
static struct rcu_radix race_tree;
static struct rcu_radix_node race_node;
static struct segment_mirror race_segment __attribute__((aligned(16)));

static const struct batch_kernel *const kernels[] = {
	&batch_plain,
#ifdef BATCH_X86
	&batch_avx2,
	&batch_avx512,
#endif
};
#define KERNELS (sizeof(kernels) / sizeof(kernels[0]))

bool batch_can_run(const struct batch_kernel *kernel)
{
#ifdef BATCH_X86
	__builtin_cpu_init();
	if (kernel == &batch_avx512)
		return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("popcnt");
	if (kernel == &batch_avx2)
		return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("popcnt");
#endif
	return kernel == &batch_plain;
}

/* A word that is the descriptor of each page, and leads from its IO address to its address. */
static void race_prepare(uint64_t *keys)
{
	uint64_t word = (uint64_t)(uintptr_t)&race_segment | INDEX_DIRECT;
	uint64_t random = 1;

	race_segment.addr = word - INDEX_DIRECT;
	for (unsigned int i = 0; i < RCU_RADIX_FANOUT; i++)
		race_node.words[i] = word;
	rcu_radix_set_window(&race_tree, &race_node, 0, 1);
	for (unsigned int i = 0; i < RACE_KEYS; i++) {
		random = random * 6364136223846793005ull + 1442695040888963407ull;
		keys[i] = random >> (64 - RCU_RADIX_TOP);
	}
}

/* Nanoseconds that a kernel takes. */
static uint64_t race_lap(
	const struct batch_kernel *kernel, enum batch_kind kind, const uint64_t *keys)
{
	const struct rcu_radix_view index = rcu_radix_view(&race_tree);
	const struct runtime_view view = {.va_index = index,
		.iova_index = index,
		.descriptors = (uintptr_t)&race_segment,
		.descriptors_len = sizeof(race_segment)};
	uint64_t answers[RACE_KEYS];
	uint64_t begin = os_now_ns();

	kernel->run[kind](&view, keys, answers, RACE_KEYS);
	return os_now_ns() - begin;
}

/* Side by side, so that what disturbs one disturbs all; each kernel's best lap counts. */
static void race(enum batch_kind kind, const uint64_t *keys)
{
	uint64_t best[KERNELS];
	unsigned int winner = 0;

	memset(best, 0xff, sizeof(best));
	for (unsigned int lap = 0; lap < RACE_LAPS; lap++) {
		for (unsigned int i = 0; i < KERNELS; i++) {
			uint64_t ns = batch_can_run(kernels[i]) ? race_lap(kernels[i], kind, keys)
								: UINT64_MAX;

			if (ns < best[i])
				best[i] = ns;
		}
	}
	for (unsigned int i = 1; i < KERNELS; i++)
		if (best[i] < best[winner])
			winner = i;
	batch_chosen[kind] = kernels[winner];
}

void batch_choose(void)
{
	uint64_t keys[RACE_KEYS];

	if (KERNELS == 1 || race_tree.window)
		return;
	race_prepare(keys);
	/* The longer one first: wide registers take some 10 us to reach their speed. */
	race(BATCH_VIRT2IOVA, keys);
	race(BATCH_IOVA2VIRT, keys);
	batch_chosen[BATCH_SAME] = batch_chosen[BATCH_IOVA2VIRT]; /* The same loads. */
	log_message(LOG_DEBUG, "batch translation: %s to virtual, %s to IO addresses",
		batch_chosen[BATCH_IOVA2VIRT]->name, batch_chosen[BATCH_VIRT2IOVA]->name);
}
