/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONSUMER_H
#define CONSUMER_H

/*
 * A DMA consumer on the public API: it subscribes to memory events, maps every
 * segment for the device at the segment's IO address as it comes, and unmaps it
 * before it goes.  docs/dma.md explains it.
 *
 * CONSUMER_PLANT of the environment makes it wrong in a way that the tests must
 * find: "late" leaves unmapping until the pages are gone, "neighbour" maps each
 * segment at the IO address of the one behind it.
 */

#include "support_vfio.h"

static struct {
	unsigned int mapped, unmapped;
	int err;                             /* The first that a mapping gave. */
	bool pins;                           /* Pin what is mapped, and leave it so. */
	char late[32][2 * sizeof(uint64_t)]; /* Unmapped when somebody says so. */
	unsigned int n_late;
} consumer;

static inline bool consumer_plant(const char *name)
{
	const char *plant = getenv("CONSUMER_PLANT");

	return plant && strcmp(plant, name) == 0;
}

static inline void consumer_note(int err)
{
	if (err && !consumer.err)
		consumer.err = err;
}

/* IO address of a segment that the device uses for it. */
static inline uint64_t consumer_iova(const struct rte_memseg *ms)
{
	return ms->iova + (consumer_plant("neighbour") ? ms->len : 0);
}

static inline void consumer_add(const struct rte_memseg *ms)
{
	int err = vfio_map(ms->addr, consumer_iova(ms), ms->len);

	consumer.mapped += err == 0;
	if (!err && consumer.pins)
		err = rcumem_pages_pin(ms->addr, ms->len) ? rte_errno : 0;
	consumer_note(err);
}

static inline void consumer_remove(const struct rte_memseg *ms)
{
	uint64_t range[2] = {consumer_iova(ms), ms->len};

	if (consumer.pins)
		return; /* It was released before, or it could not go. */
	if (consumer_plant("late") && consumer.n_late < ARRAY_LEN(consumer.late)) {
		memcpy(consumer.late[consumer.n_late++], range, sizeof(range));
		return;
	}
	consumer_note(vfio_unmap(range[0], range[1]));
	consumer.unmapped++;
}

/* The device has done with pages that it has pinned. */
static inline void consumer_release(const void *va)
{
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, NULL);

	consumer_note(vfio_unmap(consumer_iova(ms), ms->len));
	consumer_note(rcumem_pages_unpin(ms->addr, ms->len) ? rte_errno : 0);
	consumer.unmapped++;
}

/* Segments without an IO address (4 KiB pages in mode PA) are not for devices. */
static inline void consumer_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	const char *va = addr;

	(void)arg;
	for (size_t off = 0; off < len;) {
		const struct rte_memseg *ms = rte_mem_virt2memseg(va + off, NULL);

		if (ms->iova != RTE_BAD_IOVA && event == RTE_MEM_EVENT_ALLOC)
			consumer_add(ms);
		else if (ms->iova != RTE_BAD_IOVA)
			consumer_remove(ms);
		off += ms->len;
	}
}

/* With the device open. */
static inline void consumer_subscribe(bool pins)
{
	memset(&consumer, 0, sizeof(consumer));
	consumer.pins = pins;
	assert_int_equal(rcumem_subscribe("consumer", consumer_event, NULL), 0);
}

static inline void consumer_begin(bool pins)
{
	vfio_open();
	consumer_subscribe(pins);
}

/* The device and all its mappings go with its file descriptors. */
static inline void consumer_end(void)
{
	assert_int_equal(rte_mem_event_callback_unregister("consumer", NULL), 0);
	for (unsigned int i = 0; i < consumer.n_late; i++) {
		uint64_t range[2];

		memcpy(range, consumer.late[i], sizeof(range));
		vfio_unmap(range[0], range[1]);
	}
	vfio_close();
}

#endif /* CONSUMER_H */
