/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 0.1 and 6: the layout of the public structures, and the shape of
 * the lists that a runtime begins with.
 */

#include <rte_eal.h>

#include "support_walk.h"

static struct visits seen;

#define assert_member(type, member, offset, size)                                                  \
	do {                                                                                       \
		assert_int_equal(offsetof(type, member), offset);                                  \
		assert_int_equal(sizeof(((type *)0)->member), size);                               \
	} while (0)

/* rows S1 */
static void structures_have_the_layout_of_dpdk(void **state)
{
	(void)state;
	assert_int_equal(sizeof(struct rte_memseg), 48);
	assert_int_equal(_Alignof(struct rte_memseg), 1);
	assert_member(struct rte_memseg, iova, 0, 8);
	assert_member(struct rte_memseg, addr, 8, 8);
	assert_member(struct rte_memseg, addr_64, 8, 8);
	assert_member(struct rte_memseg, len, 16, 8);
	assert_member(struct rte_memseg, hugepage_sz, 24, 8);
	assert_member(struct rte_memseg, socket_id, 32, 4);
	assert_member(struct rte_memseg, nchannel, 36, 4);
	assert_member(struct rte_memseg, nrank, 40, 4);
	assert_member(struct rte_memseg, flags, 44, 4);
	assert_int_equal(sizeof(struct rte_memseg_list), 136);
	assert_member(struct rte_memseg_list, base_va, 0, 8);
	assert_member(struct rte_memseg_list, addr_64, 0, 8);
	assert_member(struct rte_memseg_list, page_sz, 8, 8);
	assert_member(struct rte_memseg_list, socket_id, 16, 4);
	assert_member(struct rte_memseg_list, version, 20, 4);
	assert_member(struct rte_memseg_list, len, 24, 8);
	assert_member(struct rte_memseg_list, external, 32, 4);
	assert_member(struct rte_memseg_list, heap, 36, 4);
	assert_member(struct rte_memseg_list, memseg_arr, 40, 96);
	assert_int_equal(sizeof(struct rte_fbarray), 96);
	assert_member(struct rte_fbarray, name, 0, 64);
	assert_member(struct rte_fbarray, count, 64, 4);
	assert_member(struct rte_fbarray, len, 68, 4);
	assert_member(struct rte_fbarray, elt_sz, 72, 4);
	assert_member(struct rte_fbarray, data, 80, 8);
	assert_member(struct rte_fbarray, rwlock, 88, 4);
}

/* rows S2 */
static void constants_have_the_values_of_dpdk(void **state)
{
	(void)state;
	assert_int_equal(RTE_MEMSEG_FLAG_DO_NOT_FREE, 1);
	assert_int_equal(RTE_BAD_IOVA, UINT64_MAX);
	assert_int_equal(RTE_BAD_PHYS_ADDR, UINT64_MAX);
	assert_int_equal(SOCKET_ID_ANY, -1);
	assert_int_equal(RTE_FBARRAY_NAME_LEN, 64);
	assert_int_equal(RTE_MEM_EVENT_CALLBACK_NAME_LEN, 64);
	assert_int_equal(RTE_MEM_ALLOC_VALIDATOR_NAME_LEN, 64);
	assert_int_equal(RTE_MEM_EVENT_ALLOC, 0);
	assert_int_equal(RTE_MEM_EVENT_FREE, 1);
	assert_int_equal(RTE_IOVA_DC, 0);
	assert_int_equal(RTE_IOVA_PA, 1);
	assert_int_equal(RTE_IOVA_VA, 2);
	assert_int_equal(RTE_PGSIZE_4K, 4096);
	assert_int_equal(RTE_PGSIZE_64K, 64 * KIB);
	assert_int_equal(RTE_PGSIZE_256K, 256 * KIB);
	assert_int_equal(RTE_PGSIZE_2M, 2 * MIB);
	assert_int_equal(RTE_PGSIZE_16M, 16 * MIB);
	assert_int_equal(RTE_PGSIZE_256M, 256 * MIB);
	assert_int_equal(RTE_PGSIZE_512M, 512 * MIB);
	assert_int_equal(RTE_PGSIZE_1G, GIB);
	assert_int_equal(RTE_PGSIZE_4G, 4 * GIB);
	assert_int_equal(RTE_PGSIZE_16G, 16 * GIB);
}

/* rows S3 */
static void every_page_size_has_one_list_for_each_socket(void **state)
{
	struct rcumem_features features = {.sz = sizeof(features)};
	unsigned int of_size[2] = {0, 0};

	(void)state;
	assert_int_equal(rcumem_features_get(&features), 0);
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		const struct rte_memseg_list *msl = seen.at[i].msl;

		assert_true(msl->page_sz == page_sz || msl->page_sz == RTE_PGSIZE_4K);
		of_size[msl->page_sz == RTE_PGSIZE_4K]++;
		for (unsigned int j = 0; j < i; j++)
			assert_true(seen.at[j].msl->page_sz != msl->page_sz ||
				    seen.at[j].msl->socket_id != msl->socket_id);
	}
	assert_int_equal(of_size[1], features.numa_nodes);
	assert_int_equal(of_size[0], page_sz == RTE_PGSIZE_4K ? 0 : features.numa_nodes);
}

/* rows S4, S9 */
static void lists_begin_empty_and_describe_themselves(void **state)
{
	(void)state;
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		const struct rte_memseg_list *msl = seen.at[i].msl;

		assert_int_equal(msl->len, GIB);
		assert_int_equal((uintptr_t)msl->base_va % GIB, 0);
		assert_true((uintptr_t)msl->base_va >= 4 * GIB);
		assert_int_equal(msl->version, 0);
		assert_int_equal(msl->external, 0);
		assert_int_equal(msl->heap, 1);
		assert_int_equal(msl->memseg_arr.len, msl->len / msl->page_sz);
		assert_int_equal(msl->memseg_arr.elt_sz, sizeof(struct rte_memseg));
		assert_int_equal(msl->memseg_arr.count, 0);
		assert_true(memchr(msl->memseg_arr.name, 0, RTE_FBARRAY_NAME_LEN) != NULL);
		for (unsigned int j = 0; j < i; j++)
			assert_string_not_equal(
				msl->memseg_arr.name, seen.at[j].msl->memseg_arr.name);
	}
}

/* rows S5 */
static void list_length_is_rounded_up_to_a_gibibyte(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.list_len = GIB + 1;
	runtime_start(&opts);
	visit_lists(&seen);
	assert_true(seen.n > 0);
	for (unsigned int i = 0; i < seen.n; i++)
		assert_int_equal(seen.at[i].msl->len, 2 * GIB);
	runtime_stop();
	opts.list_len = 1;
	runtime_start(&opts);
	visit_lists(&seen);
	assert_int_equal(seen.at[0].msl->len, GIB);
	runtime_stop();
}

/* rows S6, O4 */
static void lists_stand_at_the_base_address_asked_for(void **state)
{
	struct rcumem_options opts = test_options();
	const uint64_t base = 32ull << 40;

	(void)state;
	if (UNDER_TSAN)
		skip();
	opts.base_va = base;
	runtime_start(&opts);
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		assert_true((uintptr_t)seen.at[i].msl->base_va >= base);
		assert_true((uintptr_t)seen.at[i].msl->base_va < base + 64 * GIB);
	}
	runtime_stop();
}

/* The VmFlags of the mapping that contains `addr`. */
static void vm_flags(const void *addr, char *flags, size_t size)
{
	FILE *smaps = fopen("/proc/self/smaps", "re");
	unsigned long begin, end;
	bool inside = false;
	char line[512];

	flags[0] = '\0';
	while (fgets(line, sizeof(line), smaps)) {
		if (sscanf(line, "%lx-%lx ", &begin, &end) == 2)
			inside = (uintptr_t)addr >= begin && (uintptr_t)addr < end;
		if (inside && strncmp(line, "VmFlags:", 8) == 0)
			snprintf(flags, size, "%s", line + 8);
	}
	fclose(smaps);
}

/* rows S7 */
static void lists_stay_out_of_core_dumps_and_of_children(void **state)
{
	char flags[512];

	(void)state;
	visit_lists(&seen);
	for (unsigned int i = 0; i < seen.n; i++) {
		vm_flags(seen.at[i].msl->base_va, flags, sizeof(flags));
		assert_non_null(strstr(flags, " dd "));
		assert_non_null(strstr(flags, " dc "));
		assert_non_null(strstr(flags, " sh "));
	}
}

/* rows S8, H6 */
static void version_counts_allocations_and_freed_pages(void **state)
{
	struct rte_memseg_list *msl;
	char *pages = pages_get(5);

	(void)state;
	msl = rte_mem_virt2memseg_list(pages);
	assert_int_equal(msl->version, 1);
	assert_int_equal(msl->memseg_arr.count, 5);
	pages_put(pages + page_sz, 1);
	assert_int_equal(msl->version, 2);
	assert_int_equal(msl->memseg_arr.count, 4);
	pages_put(pages + 2 * page_sz, 3);
	assert_int_equal(msl->version, 5);
	assert_int_equal(msl->memseg_arr.count, 1);
	assert_fails(rcumem_pages_free(pages + page_sz, page_sz), ENOENT);
	assert_fails_null(rcumem_pages_alloc(2 * GIB, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_int_equal(msl->version, 5);
	pages_put(pages, 1);
	assert_int_equal(msl->version, 6);
	assert_int_equal(msl->memseg_arr.count, 0);
}

/* rows S9 */
static void slot_in_use_is_described_completely(void **state)
{
	char *pages = pages_get(2);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(pages);

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct rte_memseg *ms = rte_mem_virt2memseg(pages + i * page_sz, msl);

		assert_ptr_equal(ms->addr, pages + i * page_sz);
		assert_int_equal(ms->iova, (uintptr_t)pages + i * page_sz);
		assert_int_equal(ms->len, page_sz);
		assert_int_equal(ms->hugepage_sz, page_sz);
		assert_int_equal(ms->socket_id, msl->socket_id);
		assert_int_equal(ms->flags, 0);
	}
	pages_put(pages, 2);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(structures_have_the_layout_of_dpdk),
		BARE_CASE(constants_have_the_values_of_dpdk),
		CASE(every_page_size_has_one_list_for_each_socket),
		CASE(lists_begin_empty_and_describe_themselves),
		BARE_CASE(list_length_is_rounded_up_to_a_gibibyte),
		BARE_CASE(lists_stand_at_the_base_address_asked_for),
		CASE(lists_stay_out_of_core_dumps_and_of_children),
		CASE(version_counts_allocations_and_freed_pages),
		CASE(slot_in_use_is_described_completely),
	};

	return RUN_CASES("contract: shape", cases);
}
