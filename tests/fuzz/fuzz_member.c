/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutable state of a region that this process has joined, changed by somebody who
 * can write it: what readers and writers make of it.
 *
 * The runtime is the scene of the checker's tests, alive.  What never changes is as
 * it was: a joiner looks at that.
 */

#include <rcumem_inline.h>

#include "batch.h"
#include "fuzz_region_edit.h"
#include "intent.h"
#include "observer.h"
#include "region_check.h"
#include "region_parts.h"
#include "writer.h"

enum { OPS = 16 };

static struct region *live;

static void put_back(void)
{
	restore();
	rte_errno = 0;
}

/* Dup of the region's own file, mapped where it is used. */
static void runtime_make(void)
{
	FUZZ_ASSERT(scene_setup(NULL) == 0, "no runtime");
	original_take(&original);
	live = runtime_region();
	FUZZ_ASSERT(region_layout_make(&sound, &live->shape) == 0, "no layout");
	find_parts(&sound);
	file = runtime.region_fd;
	base = (char *)live;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	runtime_make();
	return 0;
}

static int seg(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	*(uint64_t *)arg += (uintptr_t)ms;
	return 0;
}

static int run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	(void)msl;
	*(uint64_t *)arg += (uintptr_t)ms + len;
	return 0;
}

static int list(const struct rte_memseg_list *msl, void *arg)
{
	*(uint64_t *)arg += (uintptr_t)msl;
	return 0;
}

static void finding(const char *text, void *arg)
{
	*(uint64_t *)arg += strlen(text);
}

static const struct batch_kernel *const kernels[] = {&batch_plain, &batch_avx2, &batch_avx512};

static void operate(struct fuzz_input *input, unsigned int op)
{
	static uint64_t sink;
	char *va = (char *)scene.pages + fuzz_u32(input) % (8 * page_sz);
	uint64_t len = page_sz * 2;
	rte_iova_t iova = (uintptr_t)va, many[4] = {iova, iova + 4096, SCENE_IOVA, 1ull << 40};
	void *out[4];
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct rcumem_observer *observer;
	struct rcumem_view view;

	switch (op) {
	case 0:
		sink += (uintptr_t)rte_mem_virt2memseg(va, NULL);
		sink += (uintptr_t)rte_mem_virt2memseg_list(va);
		sink += (uintptr_t)rte_mem_virt2memseg(scene.ext, NULL);
		break;
	case 1:
		sink += (uintptr_t)rte_mem_iova2virt(iova);
		sink += (uintptr_t)rte_mem_iova2virt(SCENE_IOVA);
		sink += (uintptr_t)rcumem_iova2virt(NULL, iova, &len);
		rcumem_view_get(&view);
		sink += (uintptr_t)rcumem_raw_iova2virt(&view, iova);
		break;
	case 2:
		sink += rcumem_virt2iova(NULL, va, &len);
		sink += rcumem_virt2iova(NULL, scene.ext, NULL);
		break;
	case 3:
		sink += rcumem_iova2virt_batch(NULL, many, out, 4);
		for (size_t i = 0; i < ARRAY_LEN(kernels); i++) {
			if (!batch_can_run(kernels[i]))
				continue;
			for (unsigned int kind = 0; kind < BATCH_KINDS; kind++)
				sink += kernels[i]->run[kind](&runtime_view, many, out, 4);
		}
		break;
	case 4:
		rte_memseg_walk(seg, &sink);
		break;
	case 5:
		rte_memseg_contig_walk(run, &sink);
		break;
	case 6:
		rte_memseg_list_walk(list, &sink);
		break;
	case 7:
		rcumem_stats_get(&stats);
		sink += rte_eal_get_physmem_size() + rte_mem_check_dma_mask(40);
		break;
	case 8:
		rte_dump_physmem_layout(stdout);
		break;
	case 9:
		out[0] = rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);
		if (out[0])
			rcumem_pages_free(out[0], len);
		break;
	case 10:
		rcumem_pages_free(scene.pages, page_sz);
		break;
	case 11:
		rte_extmem_unregister(scene.ext, 2 * EXT_PAGE);
		break;
	case 12:
		rcumem_pages_pin(scene.pages, page_sz);
		sink += (uint64_t)rcumem_pages_pins(scene.pages, page_sz);
		rcumem_pages_unpin(scene.pages, page_sz);
		break;
	case 13:
		rcumem_synchronize(1);
		break;
	case 14:
		if (writer_lock(live))
			break;
		if (intent_sound(live))
			intent_recover(live);
		writer_unlock(live);
		break;
	default:
		observer = calloc(1, sizeof(*observer));
		observer->gift.fds[0] = file;
		observer->gift.n_fds = JOIN_LISTS;
		rcumem_observer_check(observer, finding, &sink);
		observer->gift.n_fds = 0;
		rcumem_observer_close(observer);
	}
}

/* Where a change tells most: what is under way. */
static void damage(struct fuzz_input *input)
{
	struct op_record *op = &live->ops[fuzz_u8(input) % 4];
	uint32_t *words[] = {&op->state, &op->list, &op->first, &op->n, &live->intent.op,
		&live->intent.list, &live->intent.first, &live->intent.n, &live->intent.record,
		(uint32_t *)&live->intent.seq, &live->list_high, &live->snapshots->next,
		&live->snapshots->free_cnt, (uint32_t *)&live->snapshots->ring_tail,
		&live->arena->cnt, &live->states[live->n_internal].kind,
		&live->states[live->n_internal].n_pieces, (uint32_t *)&live->events.head,
		&live->pin_high, (uint32_t *)&op->owner, (uint32_t *)&op->event,
		(uint32_t *)&live->root};
	uint32_t *word = words[fuzz_u8(input) % ARRAY_LEN(words)];
	uint32_t value = fuzz_u32(input);

	touch((uint64_t)((char *)word - base));
	*word = fuzz_u8(input) % 2 ? value : value % 8;
}

/* What never changes is as it was: a joiner looks at that. */
static bool never_changes_is_sound(void)
{
	const struct region *was = (const struct region *)original.bytes;
	int err;

	return memcmp(live, was, offsetof(struct region, root)) == 0 &&
	       !region_header_fault(live, sound.len, &err) && !region_check_parts(live, &sound);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = {data, len};
	unsigned int op = fuzz_u8(&input) % OPS;
	unsigned int edits = 1 + fuzz_u8(&input) % 4;

	while (edits-- && fuzz_left(&input))
		if (fuzz_u8(&input) % 2)
			damage(&input);
		else
			edit(&input);
	if (never_changes_is_sound())
		operate(&input, op);
	put_back();
	return 0;
}
