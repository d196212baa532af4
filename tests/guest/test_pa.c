/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * IO addresses that are physical ones: the library, the kernel's page map and
 * the machine's own list of its memory agree.  Runs in a guest, and as root on
 * any machine that has hugepages.
 */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/swap.h>

#include <rte_eal.h>

#include "support_call.h"
#include "support_walk.h"

#define PRESENT (1ull << 63)
#define SWAPPED (1ull << 62)
#define PFN     ((1ull << 55) - 1)

static struct visits seen;

static uint64_t pagemap_entry(const void *virt)
{
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)virt / 4096 * 8)) != sizeof(entry))
		entry = 0;
	close(fd);
	return entry;
}

/* Is it memory, says the machine? */
static bool in_system_ram(uint64_t phys, uint64_t len)
{
	FILE *f = fopen("/proc/iomem", "re");
	unsigned long long begin, end;
	bool found = false;
	char line[256];

	while (f && !found && fgets(line, sizeof(line), f))
		found = line[0] != ' ' && strstr(line, ": System RAM") &&
			sscanf(line, "%llx-%llx", &begin, &end) == 2 && phys >= begin &&
			phys + len - 1 <= end;
	if (f)
		fclose(f);
	return found;
}

static void start_pa(void)
{
	struct rcumem_options opts = test_options();

	opts.iova_mode = RCUMEM_IOVA_PA;
	runtime_start(&opts);
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_PA);
	assert_int_equal(rte_eal_using_phys_addrs(), 1);
}

static void assert_physical(const char *page)
{
	static const uint64_t offsets[] = {0, 1, 4095, 4096, 70000};
	const struct rte_memseg *ms = rte_mem_virt2memseg(page, NULL);
	uint64_t entry = pagemap_entry(page);
	uint64_t phys = (entry & PFN) * 4096;

	assert_true(entry & PRESENT);
	assert_int_not_equal(phys, 0);
	assert_int_equal(phys % page_sz, 0);
	assert_int_equal(ms->iova, phys);
	assert_true(in_system_ram(phys, page_sz));
	for (size_t i = 0; i < ARRAY_LEN(offsets); i++) {
		const char *at = page + offsets[i];

		assert_int_equal(rte_mem_virt2phy(at), phys + offsets[i]);
		assert_int_equal(rte_mem_virt2iova(at), phys + offsets[i]);
		assert_int_equal(rcumem_virt2iova(NULL, at, NULL), phys + offsets[i]);
		assert_ptr_equal(rte_mem_iova2virt(phys + offsets[i]), at);
	}
	assert_ptr_equal(rte_mem_iova2virt(phys + page_sz - 1), page + page_sz - 1);
}

static void every_address_of_a_hugepage_is_the_physical_one(void **state)
{
	char *pages;

	(void)state;
	start_pa();
	pages = pages_get(8);
	for (int i = 0; i < 8; i++)
		assert_physical(pages + i * page_sz);
	visit_segs(&seen);
	assert_int_equal(seen.n, 8);
	for (unsigned int i = 0; i < seen.n; i++)
		for (unsigned int k = 0; k < i; k++)
			assert_int_not_equal(seen.at[i].seg.iova, seen.at[k].seg.iova);
	pages_put(pages, 8);
	runtime_stop();
}

static void page_that_has_gone_is_not_found_by_its_physical_address(void **state)
{
	uint64_t phys[3];
	char *pages;

	(void)state;
	start_pa();
	pages = pages_get(3);
	for (int i = 0; i < 3; i++)
		phys[i] = rte_mem_virt2phy(pages + i * page_sz);
	pages_put(pages + page_sz, 1);
	assert_null(rte_mem_iova2virt(phys[1]));
	assert_int_equal(rte_mem_virt2phy(pages + page_sz), RTE_BAD_IOVA);
	assert_int_equal(rcumem_virt2iova(NULL, pages + page_sz, NULL), RTE_BAD_IOVA);
	assert_physical(pages);
	assert_physical(pages + 2 * page_sz);
	assert_ptr_equal(pages_get(1), pages + page_sz);
	assert_physical(pages + page_sz);
	pages_put(pages, 3);
	for (int i = 0; i < 3; i++)
		assert_null(rte_mem_iova2virt(phys[i]));
	runtime_stop();
}

static void small_page_has_no_io_address_for_it_may_migrate(void **state)
{
	char *page;
	uint64_t phys;

	(void)state;
	start_pa();
	page = pages_get(1);
	page[0] = 1;
	phys = rte_mem_virt2phy(page);
	assert_int_equal(phys, (pagemap_entry(page) & PFN) * 4096);
	assert_int_equal(rte_mem_virt2memseg(page, NULL)->iova, RTE_BAD_IOVA);
	assert_int_equal(rcumem_virt2iova(NULL, page, NULL), RTE_BAD_IOVA);
	assert_null(rte_mem_iova2virt(phys));
	assert_fails_null(
		rcumem_pages_alloc(2 * page_sz, page_sz, SOCKET_ID_ANY, RCUMEM_ALLOC_IOVA_CONTIG),
		ENOMEM);
	pages_put(page, 1);
	runtime_stop();
}

/* A page that is swapped out has an entry that is no frame's: PA_SWAP names a block device to be
 * written over. */
static void page_that_is_swapped_out_has_no_physical_address(void **state)
{
	const char *device = getenv("PA_SWAP");
	char *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t entry;

	(void)state;
	if (!device)
		skip();
	assert_int_equal(swapon(device, 0), 0);
	page[0] = 'x';
	assert_int_not_equal(rte_mem_virt2phy(page), RTE_BAD_IOVA);
	for (int i = 0; i < 100 && pagemap_entry(page) & PRESENT; i++) {
		assert_int_equal(madvise(page, 4096, 21 /* MADV_PAGEOUT */), 0);
		sleep_ms(10);
	}
	entry = pagemap_entry(page);
	assert_true(!(entry & PRESENT) && (entry & SWAPPED));
	assert_int_not_equal(entry & PFN, 0);
	assert_int_equal(rte_mem_virt2phy(page), RTE_BAD_IOVA);
	assert_int_equal(page[0], 'x');
	assert_int_equal(rte_mem_virt2phy(page), (pagemap_entry(page) & PFN) * 4096);
	assert_int_equal(swapoff(device), 0);
	munmap(page, 4096);
}

/* ---- Without privilege ---- */

static int nobody_starts(void)
{
	struct rcumem_options opts = test_options();
	int here = 1;

	opts.page_sizes = RTE_PGSIZE_4K;
	CHILD_CHECK(become_nobody() == 0);
	CHILD_CHECK(rte_mem_virt2phy(&here) == RTE_BAD_IOVA);
	CHILD_CHECK(rte_eal_using_phys_addrs() == 0);
	opts.iova_mode = RCUMEM_IOVA_PA;
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EPERM);
	CHILD_CHECK(rte_eal_iova_mode() == RTE_IOVA_DC);
	setenv("RCUMEM_IOVA_MODE", "pa", 1);
	opts.iova_mode = RCUMEM_IOVA_DEFAULT;
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EPERM);
	unsetenv("RCUMEM_IOVA_MODE");
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(rte_eal_iova_mode() == RTE_IOVA_VA);
	CHILD_CHECK(rcumem_pages_alloc(4096, 4096, SOCKET_ID_ANY, 0) != NULL);
	return rcumem_fini();
}

static void without_privilege_it_is_no_permission_and_the_default_is_virtual(void **state)
{
	(void)state;
	assert_int_equal(child_run(nobody_starts), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		SIZED_CASE(every_address_of_a_hugepage_is_the_physical_one, HUGE_SIZES, bare_setup,
			bare_teardown),
		SIZED_CASE(page_that_has_gone_is_not_found_by_its_physical_address, HUGE_SIZES,
			bare_setup, bare_teardown),
		SIZED_CASE(small_page_has_no_io_address_for_it_may_migrate, RTE_PGSIZE_4K,
			bare_setup, bare_teardown),
		BARE_CASE(page_that_is_swapped_out_has_no_physical_address),
		BARE_CASE(without_privilege_it_is_no_permission_and_the_default_is_virtual),
	};

	return RUN_CASES("physical addresses", cases);
}
