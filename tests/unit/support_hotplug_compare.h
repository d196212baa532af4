/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_HOTPLUG_COMPARE_H
#define SUPPORT_HOTPLUG_COMPARE_H

/* All there is to see of a runtime, beside the model of it. */

#include "support_hotplug_model.h" /* First: it has the system headers. */

#include <sys/stat.h>

#include "runtime.h"

static struct visits seen;

/* The order of external lists is not the model's matter: it takes it, after all were shown once. */
static inline void check_lists(uint32_t *order)
{
	visit_lists(&seen);
	agree(seen.n == 1 + model.n_ext, "%u lists", seen.n);
	agree(seen.at[0].msl->base_va == model.base && !seen.at[0].msl->external, "the first list");
	agree(seen.at[0].msl->memseg_arr.count == count_is(IS_USED), "%u pages counted",
		seen.at[0].msl->memseg_arr.count);
	agree(seen.at[0].msl->version == (uint32_t)model.version, "version %u, not %llu",
		seen.at[0].msl->version, (unsigned long long)model.version);
	for (uint32_t v = 0; v < model.n_ext; v++) {
		const struct ext_list *ext = model_ext_at(seen.at[v + 1].msl->base_va);

		agree(ext && seen.at[v + 1].msl->base_va == ext->va &&
				seen.at[v + 1].msl->len == ext->n * EXT_PAGE,
			"list %u", v);
		order[v] = (uint32_t)(ext - model.ext);
		for (uint32_t u = 0; u < v; u++)
			agree(order[u] != order[v], "list %u twice", v);
	}
}

static inline void check_walks(const uint32_t *order)
{
	uint32_t at = 0;

	visit_segs(&seen);
	for (uint32_t p = 0; p < model.n_pages; p++)
		if (model.is[p] == IS_USED)
			agree(at < seen.n && seen.at[at++].seg.addr == page_va(p), "page %u", p);
	for (uint32_t i = 0; i < model.n_ext; i++)
		for (uint32_t p = 0; p < model.ext[order[i]].n; p++, at++) {
			const struct ext_list *ext = &model.ext[order[i]];

			agree(at < seen.n && seen.at[at].seg.addr == ext->va + p * EXT_PAGE &&
					seen.at[at].seg.iova == ext->iova + p * EXT_PAGE,
				"page %u of list %u", p, order[i]);
		}
	agree(seen.n == at, "%u segments, not %u", seen.n, at);
	visit_runs(&seen);
	at = 0;
	for (uint32_t p = 0; p < model.n_pages; p += run_from(p) ? run_from(p) : 1)
		if (run_from(p)) {
			agree(at < seen.n && seen.at[at].seg.addr == page_va(p) &&
					seen.at[at].len == run_from(p) * page_sz,
				"the run of page %u", p);
			at++;
		}
	agree(seen.n == at + model.n_ext, "%u runs", seen.n);
}

static inline void check_page(uint32_t p)
{
	uint64_t off = random_below(page_sz), want = random_size(20), len = want;
	uint64_t rest = run_from(p) * page_sz - off;
	bool used = model.is[p] == IS_USED;
	const struct rte_memseg *ms = rte_mem_virt2memseg(page_va(p) + off, NULL);
	rte_iova_t iova = rcumem_virt2iova(NULL, page_va(p) + off, &len);

	agree(ms && ms->addr == (model.is[p] == IS_FREE ? NULL : page_va(p)), "page %u", p);
	agree(!used || (ms->flags == (model.keep[p] ? RTE_MEMSEG_FLAG_DO_NOT_FREE : 0) &&
			       ms->len == page_sz && ms->socket_id == model.socket),
		"the descriptor of page %u", p);
	agree(used ? iova == (uint64_t)(uintptr_t)page_va(p) + off &&
				len == (want < rest ? want : rest)
		   : iova == RTE_BAD_IOVA && len == 0,
		"page %u: %#llx, %llu bytes", p, (unsigned long long)iova, (unsigned long long)len);
	if (used) {
		const uint64_t *words = (const uint64_t *)page_va(p);

		agree(words[0] == model.stamp[p] && words[page_sz / 8 - 1] == model.stamp[p],
			"page %u holds something else", p);
	}
}

static inline void check_iova(uint64_t iova, const uint32_t *order)
{
	void *va = rte_mem_iova2virt(iova), *right = model_iova2virt(iova, order);

	agree(va == right, "iova %#llx: %p, not %p", (unsigned long long)iova, va, right);
}

static inline void check_ext(const uint32_t *order)
{
	for (uint32_t i = 0; i < 16; i++) {
		const char *va = model.ext_base + random_below(EXT_SPAN * EXT_PAGE);
		const struct ext_list *ext = model_ext_at(va);
		rte_iova_t iova = rcumem_virt2iova(NULL, va, NULL);

		agree(iova == (ext ? ext->iova + (uint64_t)(va - ext->va) : RTE_BAD_IOVA),
			"va %p: %#llx", (const void *)va, (unsigned long long)iova);
		check_iova(EXT_IOVA + random_below(2 * EXT_SPAN * EXT_PAGE), order);
		check_iova((uint64_t)(uintptr_t)model.base - EXT_PAGE +
				   random_below(2 * EXT_SPAN * EXT_PAGE),
			order);
		check_iova(random_u64() >> random_below(64), order);
	}
}

static inline void check_figures(void)
{
	struct rcumem_stats now = {.sz = sizeof(now)};
	uint64_t used = count_is(IS_USED), segments = used;

	for (uint32_t i = 0; i < model.n_ext; i++)
		segments += model.ext[i].n;
	assert_int_equal(rcumem_stats_get(&now), 0);
	agree(now.allocs == model.allocs && now.frees == model.frees &&
			now.alloc_failures == model.failures,
		"%llu allocs, %llu frees, %llu failures", (unsigned long long)now.allocs,
		(unsigned long long)now.frees, (unsigned long long)now.alloc_failures);
	agree(now.segments == segments && now.bytes == used * page_sz &&
			now.lists == 1 + model.n_ext,
		"%llu segments, %llu bytes", (unsigned long long)now.segments,
		(unsigned long long)now.bytes);
	agree(now.quarantined_bytes == (count_is(IS_WAITING) + count_is(IS_PASSED)) * page_sz,
		"%llu bytes wait", (unsigned long long)now.quarantined_bytes);
	agree(rte_eal_get_physmem_size() == used * page_sz, "physmem");
}

/* The file holds what is in use or waits, and nothing else. */
static inline void check_file(void)
{
	uint64_t held = (count_is(IS_USED) + count_is(IS_WAITING) + count_is(IS_PASSED)) * page_sz;
	struct stat st;

	assert_int_equal(fstat(runtime.list_fds[0], &st), 0);
	agree((uint64_t)st.st_blocks * 512 == held, "%llu bytes in the file, not %llu",
		(unsigned long long)st.st_blocks * 512, (unsigned long long)held);
}

static inline void check_all(void)
{
	uint32_t order[EXT_MAX];

	check_lists(order);
	check_walks(order);
	for (uint32_t p = 0; p < model.n_pages; p++) {
		check_page(p);
		check_iova((uint64_t)(uintptr_t)page_va(p) + random_below(page_sz), order);
	}
	check_ext(order);
	check_figures();
	check_file();
}

#endif /* SUPPORT_HOTPLUG_COMPARE_H */
