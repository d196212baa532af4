/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_init(): options and environment.  Its end, and what the calls answer
 * without a runtime, stand in test_fini.c.
 */

#include <fcntl.h>
#include <sys/mman.h>

#include <rte_eal.h>

#include "support_walk.h"

static struct visits seen;

/* These options must be refused, and leave nothing behind. */
static void assert_refused(const struct rcumem_options *opts, int err)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	assert_fails(rcumem_init(opts), err);
	assert_fails(rcumem_stats_get(&stats), ENODEV);
	assert_int_equal(open_fds(), baseline.fds);
	assert_int_equal(memfd_maps(), baseline.maps);
}

#define assert_option_refused(member, value)                                                       \
	do {                                                                                       \
		struct rcumem_options refused = test_options();                                    \
                                                                                                   \
		refused.member = (value);                                                          \
		assert_refused(&refused, EINVAL);                                                  \
	} while (0)

#define assert_option_accepted(member, value)                                                      \
	do {                                                                                       \
		struct rcumem_options accepted = test_options();                                   \
                                                                                                   \
		accepted.member = (value);                                                         \
		runtime_start(&accepted);                                                          \
		runtime_stop();                                                                    \
	} while (0)

#define NAME_63 "123456789012345678901234567890123456789012345678901234567890123"

static void option_out_of_range_is_invalid(void **state)
{
	(void)state;
	assert_option_refused(sz, 0);
	assert_option_refused(sz, sizeof(size_t) - 1);
	assert_option_refused(prefix, "");
	assert_option_refused(prefix, ".hidden");
	assert_option_refused(prefix, "a/b");
	assert_option_refused(prefix, "a b");
	assert_option_refused(prefix, "a\n");
	assert_option_refused(prefix, NAME_63 "4");
	assert_option_refused(iova_mode, (enum rcumem_iova_mode)3);
	assert_option_refused(iova_mode, (enum rcumem_iova_mode)77);
	assert_option_refused(base_va, GIB + 4096);
	assert_option_refused(base_va, 1);
	assert_option_refused(page_sizes, 8192);
	assert_option_refused(page_sizes, RTE_PGSIZE_4K | 1);
	assert_option_refused(page_sizes, RTE_PGSIZE_4K | RTE_PGSIZE_64K);
	assert_option_refused(socket_mem[RCUMEM_MAX_SOCKETS - 1], page_sz);
	assert_option_refused(dma_mask_bits, 64);
	assert_option_refused(nrank, 17);
	assert_option_refused(max_lists, 4097);
}

static void option_at_the_end_of_its_range_is_accepted(void **state)
{
	(void)state;
	if (UNDER_TSAN)
		skip();
	assert_option_accepted(prefix, "a");
	assert_option_accepted(prefix, "rcumem_test.A-9");
	assert_option_accepted(prefix, NAME_63);
	assert_option_accepted(base_va, 32768 * GIB);
	assert_option_accepted(page_sizes, page_sz);
	assert_option_accepted(dma_mask_bits, 63);
	assert_option_accepted(nrank, 16);
	assert_option_accepted(max_lists, 4096);
	assert_option_accepted(max_readers, 1);
}

static void options_of_another_version_are_read_by_their_size(void **state)
{
	struct {
		struct rcumem_options opts;
		char more[32];
	} newer = {.opts = test_options()};
	struct rcumem_options older = test_options();

	(void)state;
	newer.opts.sz = sizeof(newer);
	runtime_start(&newer.opts);
	runtime_stop();
	newer.more[31] = 1;
	assert_refused(&newer.opts, E2BIG);
	/* What the caller does not know may be anything. */
	older.sz = offsetof(struct rcumem_options, dma_mask_bits);
	memset((char *)&older + older.sz, 0xff, sizeof(older) - older.sz);
	runtime_start(&older);
	assert_int_equal(rte_memory_get_nchannel(), 0);
	assert_int_equal(rte_memory_get_nrank(), 0);
	runtime_stop();
}

static void base_address_that_is_taken_is_not_available(void **state)
{
	const uint64_t base = 48ull << 40;
	struct rcumem_options opts = test_options();
	void *taken;

	(void)state;
	if (UNDER_TSAN)
		skip();
	taken = mmap((void *)base, GIB, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
	assert_ptr_equal(taken, (void *)base);
	opts.base_va = base;
	assert_refused(&opts, EADDRNOTAVAIL);
	munmap(taken, GIB);
	runtime_start(&opts);
	runtime_stop();
}

/* Run fn with both output streams in a file: bytes that it printed. */
static long printed_by(void (*fn)(void))
{
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO);
	FILE *file = tmpfile();
	long bytes;

	fflush(NULL);
	dup2(fileno(file), STDOUT_FILENO);
	dup2(fileno(file), STDERR_FILENO);
	fn();
	fflush(NULL);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	bytes = lseek(fileno(file), 0, SEEK_END);
	fclose(file);
	return bytes;
}

static int default_rc;

static void start_with_defaults(void)
{
	void *page;

	default_rc = rcumem_init(NULL);
	if (default_rc != 0)
		return;
	page = rcumem_pages_alloc(RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	default_rc = page ? rcumem_pages_free(page, RTE_PGSIZE_4K) : -1;
}

static void defaults_work_and_print_nothing(void **state)
{
	(void)state;
	assert_int_equal(printed_by(start_with_defaults), 0);
	assert_int_equal(default_rc, 0);
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_VA);
	runtime_stop();
}

/* ---- Environment ---- */

static void environment_fills_in_what_options_leave_open(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	if (UNDER_TSAN)
		skip();
	opts.iova_mode = RCUMEM_IOVA_DEFAULT;
	setenv("RCUMEM_BASE_VA", "0x300000000000", 1);
	setenv("RCUMEM_IOVA_MODE", "va", 1);
	setenv("RCUMEM_PREFIX", "from_the_environment", 1);
	runtime_start(&opts);
	visit_lists(&seen);
	assert_true(seen.n > 0);
	assert_true((uintptr_t)seen.at[0].msl->base_va >= 0x300000000000);
	assert_true((uintptr_t)seen.at[0].msl->base_va < 0x310000000000);
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_VA);
	runtime_stop();
	opts.base_va = 0x200000000000;
	runtime_start(&opts);
	visit_lists(&seen);
	assert_true((uintptr_t)seen.at[0].msl->base_va < 0x300000000000);
	runtime_stop();
	unsetenv("RCUMEM_BASE_VA");
	unsetenv("RCUMEM_IOVA_MODE");
	unsetenv("RCUMEM_PREFIX");
}

static void nonsense_in_the_environment_is_invalid(void **state)
{
	static const struct {
		const char *name, *value;
	} nonsense[] = {
		{"RCUMEM_BASE_VA", "everywhere"},
		{"RCUMEM_BASE_VA", "4097"},
		{"RCUMEM_BASE_VA", "0x100000000x"},
		{"RCUMEM_IOVA_MODE", "both"},
		{"RCUMEM_PREFIX", "a/b"},
		{"RCUMEM_LOG", "everything"},
	};
	struct rcumem_options opts = test_options();

	(void)state;
	opts.iova_mode = RCUMEM_IOVA_DEFAULT;
	for (size_t i = 0; i < ARRAY_LEN(nonsense); i++) {
		setenv(nonsense[i].name, nonsense[i].value, 1);
		assert_refused(&opts, EINVAL);
		unsetenv(nonsense[i].name);
	}
	setenv("RCUMEM_LOG", "error", 1);
}

/* ---- Memory at start ---- */

/* rows O1 */
static void memory_at_start_is_rounded_up_and_cannot_be_freed(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.socket_mem[0] = 2 * page_sz - 1;
	runtime_start(&opts);
	visit_segs(&seen);
	assert_int_equal(seen.n, 2);
	for (unsigned int i = 0; i < seen.n; i++) {
		assert_int_equal(seen.at[i].seg.flags, RTE_MEMSEG_FLAG_DO_NOT_FREE);
		assert_int_equal(seen.at[i].seg.socket_id, 0);
		assert_int_equal(seen.at[i].seg.len, page_sz);
		assert_fails(rcumem_pages_free(seen.at[i].seg.addr, page_sz), EBUSY);
	}
	assert_int_equal(rte_eal_get_physmem_size(), 2 * page_sz);
	assert_int_equal(seen.at[0].msl->version, 1);
	runtime_stop();
}

/* rows O2 */
static void memory_at_start_that_is_not_there_is_no_memory(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	if (page_sz == RTE_PGSIZE_4K)
		skip();
	opts.page_sizes = page_sz;
	opts.socket_mem[0] = (uint64_t)(hugepages_free() + hugepages_taken() + 1) * page_sz;
	opts.list_len = opts.socket_mem[0];
	assert_refused(&opts, ENOMEM);
}

/* rows O2 */
static void memory_at_start_that_no_device_could_reach_is_no_memory(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.socket_mem[0] = 2 * page_sz;
	opts.dma_mask_bits = 20;
	assert_refused(&opts, ENOMEM);
}

/* rows O2 */
static void memory_at_start_beyond_the_list_finds_no_space(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.page_sizes = RTE_PGSIZE_4K;
	opts.socket_mem[0] = GIB + RTE_PGSIZE_4K;
	assert_refused(&opts, ENOSPC);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(option_out_of_range_is_invalid),
		BARE_CASE(option_at_the_end_of_its_range_is_accepted),
		BARE_CASE(options_of_another_version_are_read_by_their_size),
		BARE_CASE(base_address_that_is_taken_is_not_available),
		BARE_CASE(defaults_work_and_print_nothing),
		BARE_CASE(environment_fills_in_what_options_leave_open),
		BARE_CASE(nonsense_in_the_environment_is_invalid),
		BARE_CASE(memory_at_start_is_rounded_up_and_cannot_be_freed),
		BARE_CASE(memory_at_start_that_is_not_there_is_no_memory),
		BARE_CASE(memory_at_start_that_no_device_could_reach_is_no_memory),
		BARE_CASE(memory_at_start_beyond_the_list_finds_no_space),
	};

	return RUN_CASES("start and end", cases);
}
