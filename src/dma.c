/* SPDX-License-Identifier: BSD-3-Clause */
/* The DMA mask: contract rows D1-D9. */

#include <rte_memory.h>

#include "api.h"
#include "dma.h"
#include "external_lookup.h"
#include "log.h"
#include "point.h"
#include "runtime.h"
#include "segment.h"
#include "snapshot.h"

struct fit {
	const struct region *region;
	unsigned int bits;
};

static int run_fits(void *ctx, uint32_t list, uint32_t first, uint32_t n)
{
	const struct fit *fit = ctx;
	const struct list_state *state = &fit->region->states[list];

	for (uint32_t i = first; i < first + n; i++) {
		/* Relaxed: a segment of the picture was described before it was published. */
		uint64_t iova = rcu_load_relaxed(&segment_mirror(fit->region, list, i)->iova);

		if (iova != RTE_BAD_IOVA && !dma_fits(iova, 1ull << state->page_shift, fit->bits))
			return 1;
	}
	return 0;
}

bool dma_all_fit(const struct region *region, unsigned int bits)
{
	struct fit fit = {.region = region, .bits = bits};
	uint64_t root = snapshot_get(region);
	const struct snapshot_entry *entry;
	int64_t list = -1;
	int unfit = 0;

	while ((list = snapshot_next_list(region, root, (uint32_t)(list + 1), &entry)) >= 0)
		if (runtime_list_attached(region, (uint32_t)list) &&
			(!list_sound(region, (uint32_t)list) ||
				snapshot_runs(
					region, entry, (uint32_t)list, run_fits, &fit, &unfit) ||
				unfit))
			return false;
	return list == -1; /* Of what is damaged nothing is known. */
}

void dma_narrow(struct region *region, unsigned int bits)
{
	/* Relaxed: the mask orders nothing; a plug that misses it happened before it. */
	uint32_t old = rcu_load_relaxed(&region->dma_bits);

	while (bits >= 1 && bits <= 63 && (old == 0 || bits < old)) {
		TEST_POINT("dma.narrow");
		if (rcu_cas_acq_rel(
			    &region->dma_bits, old, bits)) /* Pairs with nothing: see above. */
			return;
		old = rcu_load_relaxed(&region->dma_bits);
	}
}

int rte_mem_check_dma_mask_thread_unsafe(uint8_t maskbits)
{
	struct region *region = runtime_region();

	if (maskbits > 63) {
		log_message(LOG_ERROR, "DMA mask of %u bits is out of range", maskbits);
		return -1;
	}
	if (region == NULL)
		return 0;
	if (!dma_all_fit(region, maskbits))
		return 1;
	dma_narrow(region, maskbits);
	return 0;
}

int rte_mem_check_dma_mask(uint8_t maskbits)
{
	int ret;

	if (runtime_region() == NULL)
		return rte_mem_check_dma_mask_thread_unsafe(maskbits);
	ret = rcu_section_enter();
	if (ret)
		return api_result(ret);
	ret = rte_mem_check_dma_mask_thread_unsafe(maskbits);
	rcu_section_exit();
	return ret;
}

void rte_mem_set_dma_mask(uint8_t maskbits)
{
	if (runtime_region())
		dma_narrow(runtime_region(), maskbits);
}
