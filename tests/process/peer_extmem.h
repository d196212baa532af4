/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_EXTMEM_H
#define PEER_EXTMEM_H

/* External memory of peers: how it is registered, and what a process sees of it. */

#include "peer_case.h"

#define EXT_VA    0x700000000000ll /* Nothing is mapped there, nor need it be. */
#define EXT_IOVA  0x100000000000ll
#define EXT_PAGES 4
#define EXT_LEN   (EXT_PAGES * (int64_t)EXT_PAGE)

/* ---- For peer_call(): (address, pages) ---- */

static inline int64_t op_register(const int64_t *arg)
{
	return ext_register(
		(void *)(uintptr_t)arg[0], (size_t)arg[1], EXT_IOVA + (arg[0] - EXT_VA));
}

static inline int64_t op_unregister(const int64_t *arg)
{
	return ext_unregister((void *)(uintptr_t)arg[0], (size_t)arg[1]);
}

static inline int64_t op_attach(const int64_t *arg)
{
	return rte_extmem_attach((void *)(uintptr_t)arg[0], (size_t)arg[1] * EXT_PAGE);
}

static inline int64_t op_detach(const int64_t *arg)
{
	return rte_extmem_detach((void *)(uintptr_t)arg[0], (size_t)arg[1] * EXT_PAGE);
}

/* What a process sees of a range. */
enum view {
	SEES_NOTHING,
	SEES_LIST, /* The list, but no segment of it, and none of it in walks. */
	SEES_ALL,
	SEES_WRONG,
};

static inline int list_is(const struct rte_memseg_list *msl, void *arg)
{
	return msl->external && msl->base_va == arg;
}

/* (address, pages): enum view. */
static inline int64_t op_view(const int64_t *arg)
{
	static struct visits visits;
	char *va = (char *)(uintptr_t)arg[0];
	const struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va + 9);
	int64_t segs = 0, walked = 0, found = 0;
	bool listed = rte_memseg_list_walk(list_is, va) == 1;

	memset(&visits, 0, sizeof(visits));
	rte_memseg_walk(record_seg, &visits);
	for (int64_t i = 0; i < arg[1]; i++) {
		char *page = va + i * (int64_t)EXT_PAGE;
		const struct rte_memseg *ms = rte_mem_virt2memseg(page + 1, NULL);
		uint64_t iova = (uint64_t)(EXT_IOVA + (arg[0] - EXT_VA) + i * (int64_t)EXT_PAGE);

		segs += ms && ms->addr == page && ms->iova == iova;
		walked += visits_find(&visits, page) >= 0;
		found += rte_mem_iova2virt(iova + 3) == page + 3;
	}
	if (listed != (found != 0)) /* Walks of lists pass it over as well. */
		return SEES_WRONG;
	if (msl && (!msl->external || msl->base_va != va || msl->socket_id < 256))
		return SEES_WRONG;
	if (segs != walked || walked != found || (found && found != arg[1]) || (found && !msl))
		return SEES_WRONG;
	return found ? SEES_ALL : msl ? SEES_LIST : SEES_NOTHING;
}

static inline void all_see(struct peer *peer, unsigned int n, const enum view *views)
{
	for (unsigned int i = 0; i < n; i++)
		assert_int_equal(peer_call(&peer[i], op_view, EXT_VA, EXT_PAGES), views[i]);
}

#define ALL_SEE(peer, ...)                                                                         \
	all_see(peer, sizeof((enum view[]){__VA_ARGS__}) / sizeof(enum view),                      \
		(const enum view[]){__VA_ARGS__})

#endif /* PEER_EXTMEM_H */
