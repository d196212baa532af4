/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CRASH_OPS_H
#define CRASH_OPS_H

/* What the victim does: every operation that changes what processes share. */

#include "crash_writer.h"
#include "point_death.h"

static struct {
	char *pages;
	struct rte_fbarray array;
	uint64_t far; /* Another address range each time. */
} mine;

/* ---- Pages ---- */

static inline int v_alloc(void)
{
	mine.pages = rcumem_pages_alloc(SUBJECT * page_sz, page_sz, SOCKET_ID_ANY, 0);
	return mine.pages ? 0 : -1;
}

static inline int v_alloc_filled(void)
{
	if (v_alloc())
		return -1;
	memset(mine.pages, 'v', SUBJECT * page_sz);
	return 0;
}

static inline int v_free(void)
{
	return rcumem_pages_free(mine.pages, SUBJECT * page_sz);
}

static inline int v_pin(void)
{
	return rcumem_pages_pin(mine.pages, SUBJECT * page_sz);
}

static inline int v_alloc_pinned(void)
{
	return v_alloc_filled() || v_pin() ? -1 : 0;
}

static inline int v_unpin(void)
{
	return rcumem_pages_unpin(mine.pages, SUBJECT * page_sz);
}

/* A listener takes longer than the time allowed. */
static inline int v_alloc_in_vain(void)
{
	return v_alloc() == -1 && rte_errno == ETIMEDOUT ? 0 : -1;
}

/* The slow listener may be too slow for this one too. */
static inline int v_alloc_later(void)
{
	return v_alloc() == 0 || rte_errno == ETIMEDOUT ? 0 : -1;
}

/* No page of the runtime can be addressed by a device so narrow. */
static inline int v_narrow(void)
{
	runtime_region()->dma_bits = 20;
	return 0;
}

static inline int v_alloc_refused(void)
{
	return v_alloc() == -1 && rte_errno == ENOMEM ? 0 : -1;
}

/* So many replaced blocks wait that the next writer asks the readers. */
static inline int v_retire_many(void)
{
	const struct snapshot_pool *pool = runtime_region()->snapshots;

	for (int i = 0; i < 1000 && pool->ring_tail - pool->ring_head <= 256; i++)
		if (v_alloc() || v_free())
			return -1;
	return 0;
}

static inline int v_dma_mask(void)
{
	uint32_t bits = runtime_region()->dma_bits;

	rte_mem_set_dma_mask((uint8_t)(bits ? bits - 1 : 63));
	return 0;
}

/* ---- External memory ---- */

static inline int v_register(void)
{
	uint64_t iovas[2] = {OP_IOVA + EXT_PAGE, OP_IOVA};

	return rte_extmem_register(OP_VA, 2 * EXT_PAGE, iovas, 2, EXT_PAGE);
}

/* Where nothing has been before: the indexes grow. */
static inline int v_register_far(void)
{
	char *va = OP_VA + (mine.far << 40);
	uint64_t iova = OP_IOVA + (mine.far << 40);

	return rte_extmem_register(va, EXT_PAGE, &iova, 1, EXT_PAGE);
}

static inline int v_unregister(void)
{
	return rte_extmem_unregister(OP_VA, 2 * EXT_PAGE);
}

static inline int v_attach(void)
{
	return rte_extmem_attach(STAY_VA, STAY_EXT * EXT_PAGE);
}

static inline int v_detach(void)
{
	return rte_extmem_detach(STAY_VA, STAY_EXT * EXT_PAGE);
}

/* ---- Arrays ---- */

static inline int v_array_init(void)
{
	return rte_fbarray_init(&mine.array, "mine", 200, 16);
}

static inline int v_array_destroy(void)
{
	return rte_fbarray_destroy(&mine.array);
}

static inline int v_array_attach(void)
{
	return rte_fbarray_attach(&here.array);
}

static inline int v_array_detach(void)
{
	return rte_fbarray_detach(&here.array);
}

static inline int v_array_use(void)
{
	return rte_fbarray_set_used(&here.array, 100);
}

static inline int v_array_used(void)
{
	return v_array_attach() || v_array_use() ? -1 : 0;
}

static inline int v_array_unused(void)
{
	return v_array_attach() || rte_fbarray_set_free(&here.array, 100) ? -1 : 0;
}

static inline int v_array_free(void)
{
	return rte_fbarray_set_free(&here.array, 100);
}

/* ---- Life, callbacks, sections ---- */

static inline int v_init(void)
{
	const int64_t none[PEER_ARGS] = {0, 20, 0};

	return (int)op_init(none);
}

static inline int v_fini(void)
{
	return rcumem_fini();
}

static inline void v_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	(void)arg;
}

static inline int v_callback(void)
{
	return rte_mem_event_callback_register("victim", v_event, NULL);
}

static inline int v_no_callback(void)
{
	return rte_mem_event_callback_unregister("victim", NULL);
}

static inline int v_subscribe(void)
{
	return rcumem_subscribe("victim", v_event, NULL);
}

static inline int v_sections(void)
{
	int err = rcumem_read_lock();

	err |= look_once() != NULL;
	rcumem_read_unlock();
	err |= rcumem_reader_register();
	err |= look_once() != NULL;
	rcumem_reader_quiescent();
	err |= rcumem_reader_unregister();
	return err;
}

static inline int v_attach_both(void)
{
	return v_attach() || v_array_attach() ? -1 : 0;
}

/* Something of everything, and inside a section: it dies with all that. */
static inline int v_rich(void)
{
	if (v_attach_both() || v_register() || v_array_init() || v_callback() || v_alloc_pinned())
		return -1;
	return rcumem_read_lock();
}

/* The same without the section, in which nobody may leave. */
static inline int v_rich_leaver(void)
{
	return v_attach_both() || v_register() || v_array_init() || v_callback() ? -1 : 0;
}

static inline int v_init_rich(void)
{
	return v_init() || v_register() || v_array_init() || v_callback() || v_alloc_filled() ? -1
											      : 0;
}

static inline int v_callback_and_pages(void)
{
	return v_callback() || v_alloc_filled() ? -1 : 0;
}

#endif /* CRASH_OPS_H */
