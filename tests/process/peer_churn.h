/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_CHURN_H
#define PEER_CHURN_H

/*
 * Peers that plug and unplug at random, and a model of the pages in use that
 * another peer keeps from what it is told.
 */

#include "peer_events.h"

#define HELD_MAX    8
#define MODEL_PAGES (GIB / 4096)

/* ---- Churn ---- */

struct held {
	char *va;
	size_t n;
};

static struct held held[HELD_MAX]; /* From one churn to the next. */

static inline uint64_t churn_random(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static inline int churn_free(struct held *range, uint64_t dice)
{
	size_t n = range->n > 1 && dice % 2 ? 1 : range->n; /* A part of it, or all. */

	if (rcumem_pages_free(range->va + (range->n - n) * page_sz, n * page_sz) != 0)
		return -1;
	range->n -= n;
	return 0;
}

/* (operations, seed): 0, or -1 when one failed. */
static inline int64_t op_churn(const int64_t *arg)
{
	uint64_t seed = (uint64_t)arg[1];

	for (int64_t i = 0; i < arg[0]; i++) {
		uint64_t dice = churn_random(&seed);
		struct held *range = &held[dice % HELD_MAX];

		if (range->n) {
			if (churn_free(range, dice >> 8) != 0)
				return -1;
		} else {
			range->n = 1 + dice / HELD_MAX % 2;
			range->va =
				rcumem_pages_alloc(range->n * page_sz, page_sz, SOCKET_ID_ANY, 0);
			if (!range->va)
				return -1;
		}
	}
	return 0;
}

/* ---- The model ---- */

static uint8_t model[MODEL_PAGES];
static unsigned int model_wrong; /* Events that the model contradicts. */
static atomic_uint model_events; /* All of them; raised when the model has changed. */

static inline void model_change(enum rte_mem_event event, const void *addr, size_t len)
{
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(addr);
	size_t first = msl ? ((const char *)addr - (const char *)msl->base_va) / page_sz : 0;
	uint8_t before = event == RTE_MEM_EVENT_FREE;

	if (!msl || first + len / page_sz > MODEL_PAGES) {
		model_wrong++;
		return;
	}
	for (size_t page = first; page < first + len / page_sz; page++) {
		if (model[page] != before ||
			!is_used((const char *)msl->base_va + page * page_sz)) {
			model_wrong++;
			fprintf(stderr, "event %d of page %zu, which was %d\n", (int)event, page,
				model[page]);
		}
		model[page] = !before;
	}
}

static inline void model_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)arg;
	model_change(event, addr, len);
	atomic_fetch_add(&model_events, 1);
}

static inline int64_t op_subscribe(const int64_t *arg)
{
	(void)arg;
	memset(model, 0, sizeof(model));
	return rcumem_subscribe("model", model_event, NULL);
}

static inline int64_t op_unsubscribe(const int64_t *arg)
{
	(void)arg;
	return rte_mem_event_callback_unregister("model", NULL);
}

/* (rounds): subscribe and unsubscribe so often, and once more subscribe. */
static inline int64_t op_subscribe_rounds(const int64_t *arg)
{
	for (int64_t i = 0; i < arg[0]; i++) {
		if (op_subscribe(NULL) != 0)
			return -1;
		if (i % 4)
			usleep(100 * (unsigned int)(i % 16));
		if (op_unsubscribe(NULL) != 0)
			return -1;
	}
	return op_subscribe(NULL);
}

static inline int model_seg(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	size_t page = ((const char *)ms->addr - (const char *)msl->base_va) / page_sz;

	*(int64_t *)arg += page < MODEL_PAGES && model[page] ? 1 : 1000000;
	return 0;
}

/* How many pages the model and the walk both show; -1: they differ, or an event was wrong. */
static inline int64_t op_model_agrees(const int64_t *arg)
{
	int64_t found = 0, known = 0;

	(void)arg;
	/* Whoever said that all was told is another process: this orders, too. */
	(void)atomic_load(&model_events);
	rte_memseg_walk(model_seg, &found);
	for (size_t page = 0; page < MODEL_PAGES; page++)
		known += model[page];
	return model_wrong == 0 && found == known ? found : -1;
}

/* ---- Another callback of the same process, that comes and goes ---- */

static pthread_t toggler;
static atomic_bool toggles;

static inline void *toggle_main(void *arg)
{
	int64_t failed = 0;

	(void)arg;
	while (atomic_load(&toggles)) {
		failed += rte_mem_event_callback_register("toggle", event_ignore, NULL) != 0;
		failed += rte_mem_event_callback_unregister("toggle", NULL) != 0;
	}
	return failed ? &toggler : NULL;
}

static inline int64_t op_toggle_begin(const int64_t *arg)
{
	(void)arg;
	atomic_store(&toggles, true);
	return -pthread_create(&toggler, NULL, toggle_main, NULL);
}

static inline int64_t op_toggle_end(const int64_t *arg)
{
	void *failed;

	(void)arg;
	atomic_store(&toggles, false);
	pthread_join(toggler, &failed);
	return failed ? -1 : 0;
}

static inline int64_t op_model_events(const int64_t *arg)
{
	(void)arg;
	return model_events;
}

#endif /* PEER_CHURN_H */
