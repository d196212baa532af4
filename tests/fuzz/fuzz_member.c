/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Mutable state of a region that this process has joined, changed by somebody who
 * can write it: what readers and writers make of it.
 *
 * The runtime is the scene of the checker's tests, alive.  What never changes is as
 * it was: a joiner looks at that.
 */

#include <rcumem_inline.h>

#include "arena_table.h"
#include "batch.h"
#include "event_log.h"
#include "fuzz_region_edit.h"
#include "intent.h"
#include "observer.h"
#include "process.h"
#include "region_check.h"
#include "region_parts.h"
#include "segment.h"
#include "writer.h"

enum { OPS = 32 };

static struct region *live;

/* Where its parts stand, whatever an input makes of the pointers to them. */
static struct {
	struct snapshot_pool *pool;
	struct arena *arena;
	struct arena_piece *pieces;
	struct list_state *ext;
	struct segment_mirror *ms;
	struct rcu_radix *trees[3];
	struct rcu_radix_node *windows[3];
} part;

static void put_back(void)
{
	restore();
	rte_errno = 0;
}

/* Dup of the region's own file, mapped where it is used. */
static void runtime_make(void)
{
	FUZZ_ASSERT(scene_setup(NULL) == 0, "no runtime");
	live = runtime_region();
	/* Whoever does not answer is not waited for. */
	live->event_timeout_ns = live->lock_timeout_ns = 1000000;
	original_take(&original);
	FUZZ_ASSERT(region_layout_make(&sound, &live->shape) == 0, "no layout");
	find_parts(&sound);
	file = runtime.region_fd;
	base = (char *)live;
	part.pool = live->snapshots;
	part.arena = live->arena;
	part.pieces = live->arena->pieces;
	part.ext = &live->states[scene.list_ext];
	part.ms = segment_mirror(live, scene.list_ext, 1);
	for (int t = 0; t < 3; t++) {
		part.trees[t] = (struct rcu_radix *)(base + sound.trees[t]);
		part.windows[t] = part.trees[t]->window;
	}
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

static void event(enum rte_mem_event type, const void *addr, size_t len, void *arg)
{
	*(uint64_t *)arg += (uint64_t)type + (uintptr_t)addr + len;
}

/* A page comes and goes, and callbacks hear of it, whatever else they hear of. */
static void change_pages(size_t len)
{
	void *pages = rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);

	if (pages)
		rcumem_pages_free(pages, len);
}

static const struct batch_kernel *const kernels[] = {&batch_plain, &batch_avx2, &batch_avx512};

static void operate(struct fuzz_input *input, unsigned int op)
{
	static uint64_t sink;
	char *va = (char *)scene.pages + fuzz_u32(input) % (8 * page_sz);
	uint64_t len = page_sz * 2, ext_len = 2 * EXT_PAGE;
	rte_iova_t iova = (uintptr_t)va, many[4] = {iova, iova + 4096, SCENE_IOVA, 1ull << 40};
	void *out[4];
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct rcumem_observer *observer;
	struct rcumem_view view;
	struct rte_fbarray arr;
	struct rte_memseg *ms;
	size_t off;

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
		sink += rcumem_virt2iova(NULL, scene.ext, &ext_len);
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
		change_pages(len);
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
	case 15:
		rte_mem_event_callback_register("fuzz", event, &sink);
		change_pages(len);
		rte_mem_event_callback_unregister("fuzz", &sink);
		break;
	case 16:
		if (rcumem_subscribe("fuzz", event, &sink) == 0)
			rte_mem_event_callback_unregister("fuzz", &sink);
		break;
	case 17:
		rte_extmem_register(scene.dying, EXT_PAGE, many, 1, EXT_PAGE);
		rte_extmem_detach(scene.ext, 2 * EXT_PAGE);
		rte_extmem_attach(scene.ext, 2 * EXT_PAGE);
		break;
	case 18:
		ms = rte_mem_virt2memseg(scene.pages, NULL);
		rte_memseg_get_fd(ms);
		rte_memseg_get_fd_offset(ms, &off);
		sink += rte_mem_virt2iova(va) + rte_mem_virt2phy(va);
		break;
	case 19:
		arr = (struct rte_fbarray){0};
		if (rte_fbarray_init(&arr, "fuzz", 70, 8) == 0)
			rte_fbarray_destroy(&arr);
		break;
	case 20:
		arr = fuzz_u8(input) % 2 ? scene.array : live->lists[0].memseg_arr;
		sink += (uint64_t)rte_fbarray_find_next_n_free(&arr, 0, 3) +
			(uint64_t)rte_fbarray_find_biggest_used(&arr, 0) +
			(uintptr_t)rte_fbarray_get(&arr, 5);
		rte_fbarray_set_used(&arr, 7);
		rte_fbarray_set_free(&arr, 7);
		rte_fbarray_dump_metadata(&arr, stdout);
		break;
	case 21:
		if (writer_lock(live))
			break;
		process_reap(live, fuzz_u8(input) % REGION_PROCESSES);
		writer_unlock(live);
		break;
	case 22:
		arr = scene.array;
		rte_fbarray_detach(&arr);
		rte_fbarray_attach(&arr);
		break;
	case 14:
		observer = calloc(1, sizeof(*observer));
		observer->gift.fds[0] = file;
		observer->gift.n_fds = JOIN_LISTS;
		rcumem_observer_check(observer, finding, &sink);
		observer->gift.n_fds = 0;
		rcumem_observer_close(observer);
		break;
	default: /* A dead writer's successor: as often as all that is rare. */
		if (writer_lock(live))
			break;
		if (intent_sound(live))
			intent_recover(live);
		writer_unlock(live);
		break;
	}
}

/* Where a change tells most: what is under way, and figures that others are reached by. */
static void damage(struct fuzz_input *input)
{
	struct op_record *op = &live->ops[fuzz_u8(input) % 4];
	struct list_state *ext = part.ext;
	struct arena_piece *piece = &part.pieces[fuzz_u8(input) % 4];
	struct region_event *told = event_log_entry(live, live->events.head + fuzz_u8(input) % 2);
	unsigned int tree = fuzz_u8(input) % 3;
	uint32_t *words[] = {&op->state, &op->list, &op->first, &op->n, &live->intent.op,
		&live->intent.list, &live->intent.first, &live->intent.n, &live->intent.record,
		(uint32_t *)&live->intent.seq, &live->list_high, &part.pool->next,
		&part.pool->free_cnt, (uint32_t *)&part.pool->ring_tail,
		(uint32_t *)&part.pool->ring_head, &part.arena->cnt, (uint32_t *)&part.arena->next,
		(uint32_t *)&piece->off, (uint32_t *)&piece->len, &ext->kind, &ext->n_pieces,
		&ext->n_pages, &ext->page_shift, (uint32_t *)&live->events.head,
		(uint32_t *)&live->events.listeners, &told->list, &told->first, &told->n,
		(uint32_t *)&told->to, &live->pin_high, (uint32_t *)&op->owner,
		(uint32_t *)&op->event, (uint32_t *)&live->root,
		(uint32_t *)&live->processes[0].told, &part.trees[tree]->node_cnt, &live->dma_bits,
		(uint32_t *)&part.ms->len, (uint32_t *)&part.ms->iova,
		(uint32_t *)&part.windows[tree]->words[fuzz_u8(input) % 4]};
	uint32_t *word = words[fuzz_u8(input) % ARRAY_LEN(words)];
	uint32_t value = fuzz_u32(input);

	touch((uint64_t)((char *)word - base));
	switch (fuzz_u8(input) % 4) {
	case 0:
		*word = value % 8;
		break;
	case 1: /* A little more or less. */
		*word += (uint32_t)(int8_t)value;
		break;
	case 2:
		*word = 0u - value % 8;
		break;
	default:
		*word = value;
	}
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
	/* The second meets what the first has made of it. */
	for (unsigned int n = 0; n < 2 && never_changes_is_sound(); n++)
		operate(&input, n ? fuzz_u8(&input) % OPS : op);
	put_back();
	return 0;
}
