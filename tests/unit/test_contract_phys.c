/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 4: physical addresses, IO addresses, locked pages.  What needs
 * physical addresses is skipped where the kernel does not tell them.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <rte_eal.h>

#include "support_call.h"
#include "support_walk.h"

#define PRESENT (1ull << 63)
#define PFN     ((1ull << 55) - 1)

static struct visits seen;

static bool phys_known(void)
{
	struct rcumem_features features = {.sz = sizeof(features)};

	return rcumem_features_get(&features) == 0 && features.phys_addrs;
}

/* The kernel's own word on the page of an address. */
static uint64_t pagemap_entry(const void *virt)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)virt / 4096 * 8)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

/* rows P1 */
static void virt2phy_is_what_the_page_map_says(void **state)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t phys;

	(void)state;
	if (!phys_known())
		skip();
	page[0] = 1;
	assert_int_equal(rte_mem_lock_page(page), 0);
	phys = (pagemap_entry(page) & PFN) * 4096;
	assert_int_not_equal(phys, 0);
	assert_int_equal(rte_mem_virt2phy(page), phys);
	assert_int_equal(rte_mem_virt2phy(page + 1234), phys + 1234);
	assert_int_equal(rte_mem_virt2phy(page + 4095), phys + 4095);
	munmap(page, 4096);
}

/* rows P1 */
static void virt2phy_inside_a_page_of_the_runtime_is_its_base_and_offset(void **state)
{
	char *page = pages_get(1);
	phys_addr_t base;

	(void)state;
	page[0] = 1;
	base = rte_mem_virt2phy(page);
	if (phys_known()) {
		assert_int_not_equal(base, RTE_BAD_IOVA);
		assert_int_equal(base % (page_sz == RTE_PGSIZE_4K ? 4096 : page_sz), 0);
		assert_int_equal(rte_mem_virt2phy(page + 3333), base + 3333);
		assert_int_equal(rte_mem_virt2phy(page + page_sz - 1), base + page_sz - 1);
	} else {
		assert_int_equal(base, RTE_BAD_IOVA);
	}
	pages_put(page, 1);
}

/* rows P2 */
static void virt2phy_of_nothing_is_bad_and_leaves_rte_errno_alone(void **state)
{
	char *none = ext_reserve(1);
	char *untouched =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	char *unmapped = ext_reserve(1);
	const void *nothing[] = {NULL, none, untouched, unmapped, (void *)UINTPTR_MAX,
		(void *)(1ull << 62), (void *)(1ull << 63)};

	(void)state;
	ext_release(unmapped, 1);
	rte_errno = ERRNO_UNTOUCHED;
	for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
		assert_int_equal(rte_mem_virt2phy(nothing[i]), RTE_BAD_IOVA);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	munmap(untouched, 4096);
	ext_release(none, 1);
}

/* rows P3 */
static void virt2phy_of_a_page_only_read_is_the_page_of_zeros(void **state)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	volatile char *at = page;

	(void)state;
	if (!phys_known())
		skip();
	assert_int_equal(rte_mem_virt2phy(page), RTE_BAD_IOVA);
	assert_int_equal(*at, 0);
	assert_int_not_equal(rte_mem_virt2phy(page), RTE_BAD_IOVA);
	munmap(page, 4096);
}

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102
#endif

/* rows P4: an entry that is neither present nor empty, as of a page that is swapped out; DPDK
 * makes an address of it */
static void virt2phy_of_a_page_that_is_not_present_is_bad(void **state)
{
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t entry;

	(void)state;
	if (!phys_known() || madvise(page, 4096, MADV_GUARD_INSTALL) != 0)
		skip();
	entry = pagemap_entry(page);
	if ((entry & PRESENT) || !(entry & PFN))
		skip();
	assert_int_equal(rte_mem_virt2phy(page), RTE_BAD_IOVA);
	munmap(page, 4096);
}

static int phys_as_nobody(void)
{
	int on_stack = 1;

	CHILD_CHECK(become_nobody() == 0);
	CHILD_CHECK(rte_mem_virt2phy(&on_stack) == RTE_BAD_IOVA);
	CHILD_CHECK(rte_mem_virt2iova(&on_stack) == RTE_BAD_IOVA);
	CHILD_CHECK(rte_eal_using_phys_addrs() == 0);
	return 0;
}

/* rows P2, P7 */
static void virt2phy_without_privilege_is_bad(void **state)
{
	(void)state;
	assert_int_equal(child_run(phys_as_nobody), 0);
}

/* rows P5 */
static void virt2iova_in_mode_va_is_the_address_unchecked(void **state)
{
	char *va = ext_reserve(1);
	char *page = pages_get(1);

	(void)state;
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_VA);
	assert_int_equal(rte_mem_virt2iova(NULL), 0);
	assert_int_equal(rte_mem_virt2iova((void *)0x1234), 0x1234);
	assert_int_equal(rte_mem_virt2iova((void *)UINTPTR_MAX), UINT64_MAX);
	assert_int_equal(rte_mem_virt2iova(page + 32), (uintptr_t)page + 32);
	assert_int_equal(ext_register(va, 1, 0x5000), 0);
	assert_int_equal(rte_mem_virt2iova(va), (uintptr_t)va);
	assert_int_equal(ext_unregister(va, 1), 0);
	visit_segs(&seen);
	assert_int_equal(seen.n, 1);
	assert_int_equal(seen.at[0].seg.iova, (uintptr_t)page);
	ext_release(va, 1);
	pages_put(page, 1);
}

/* rows P6 */
static void virt2iova_in_mode_pa_is_the_physical_address(void **state)
{
	struct rcumem_options opts = test_options();
	char *pages;

	(void)state;
	if (!phys_known())
		skip();
	opts.iova_mode = RCUMEM_IOVA_PA;
	runtime_start(&opts);
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_PA);
	pages = pages_get(2);
	memset(pages, 1, 2 * page_sz);
	for (int i = 0; i < 2; i++) {
		char *page = pages + i * page_sz;
		rte_iova_t iova = rte_mem_virt2memseg(page, NULL)->iova;

		if (page_sz == RTE_PGSIZE_4K) {
			assert_int_equal(iova, RTE_BAD_IOVA);
			continue;
		}
		assert_int_equal(iova, rte_mem_virt2phy(page));
		assert_int_equal(rte_mem_virt2iova(page + 5), iova + 5);
		assert_ptr_equal(rte_mem_iova2virt(iova + 12345), page + 12345);
	}
	assert_int_equal(rte_mem_virt2iova(NULL), RTE_BAD_IOVA);
	pages_put(pages, 2);
	runtime_stop();
}

/* rows P5, P6, N4 */
static void virt2iova_without_a_runtime_is_the_physical_address(void **state)
{
	int on_stack = 1;

	(void)state;
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_DC);
	assert_int_equal(rte_mem_virt2iova(&on_stack), rte_mem_virt2phy(&on_stack));
	assert_int_equal(rte_mem_virt2phy(&on_stack) != RTE_BAD_IOVA, phys_known());
}

/* rows P7 */
static void using_phys_addrs_tells_what_could_be_done(void **state)
{
	(void)state;
	assert_int_equal(rte_eal_using_phys_addrs(), phys_known());
	assert_int_equal(rte_eal_using_phys_addrs(), phys_known());
}

/* rows P8 */
static void lock_page_locks_the_page_of_any_address_in_it(void **state)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	unsigned char resident[2];

	(void)state;
	if (UNDER_SANITIZER)
		skip();
	rte_errno = ERRNO_UNTOUCHED;
	assert_int_equal(rte_mem_lock_page(page + 4097), 0);
	assert_int_equal(rte_mem_lock_page(page + 4096 + 99), 0);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
	assert_int_equal(mincore(page, 8192, resident), 0);
	assert_int_equal(resident[0] & 1, 0);
	assert_int_equal(resident[1] & 1, 1);
	munmap(page, 8192);
}

/* rows P8 */
static void lock_page_of_nothing_fails_like_mlock(void **state)
{
	char *unmapped = ext_reserve(1);

	(void)state;
	if (UNDER_SANITIZER)
		skip();
	ext_release(unmapped, 1);
	assert_fails(rte_mem_lock_page(NULL), ENOMEM);
	assert_fails(rte_mem_lock_page(unmapped), ENOMEM);
	assert_fails(rte_mem_lock_page((void *)UINTPTR_MAX), EINVAL);
}

static int lock_beyond_limits(void)
{
	struct rlimit none = {0, 0}, one = {4096, 4096};
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &one) == 0);
	CHILD_CHECK(become_nobody() == 0);
	CHILD_CHECK(rte_mem_lock_page(page) == 0);
	CHILD_CHECK(rte_mem_lock_page(page + 4096) == -1 && rte_errno == ENOMEM);
	CHILD_CHECK(munlock(page, 8192) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_MEMLOCK, &none) == 0);
	CHILD_CHECK(rte_mem_lock_page(page) == -1 && rte_errno == EPERM);
	return 0;
}

/* rows P8 */
static void lock_page_beyond_the_limit_fails_like_mlock(void **state)
{
	(void)state;
	if (UNDER_SANITIZER)
		skip();
	assert_int_equal(child_run(lock_beyond_limits), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(virt2phy_is_what_the_page_map_says),
		CASE(virt2phy_inside_a_page_of_the_runtime_is_its_base_and_offset),
		BARE_CASE(virt2phy_of_nothing_is_bad_and_leaves_rte_errno_alone),
		BARE_CASE(virt2phy_of_a_page_only_read_is_the_page_of_zeros),
		BARE_CASE(virt2phy_of_a_page_that_is_not_present_is_bad),
		BARE_CASE(virt2phy_without_privilege_is_bad),
		CASE(virt2iova_in_mode_va_is_the_address_unchecked),
		BARE_CASE(virt2iova_in_mode_pa_is_the_physical_address),
		BARE_CASE(virt2iova_without_a_runtime_is_the_physical_address),
		BARE_CASE(using_phys_addrs_tells_what_could_be_done),
		BARE_CASE(lock_page_locks_the_page_of_any_address_in_it),
		BARE_CASE(lock_page_of_nothing_fails_like_mlock),
		BARE_CASE(lock_page_beyond_the_limit_fails_like_mlock),
	};

	return RUN_CASES("contract: physical addresses", cases);
}
