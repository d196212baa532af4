/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_H
#define SUPPORT_H

/*
 * What the unit tests of the runtime share: a private runtime for each case,
 * proof that the case gave everything back, and one run of all cases with
 * 4 KiB pages and one with 2 MiB pages.
 *
 * 1. A case starts from a fresh runtime and ends with rcumem_fini().
 * 2. After it the process has the descriptors, memfd mappings and free
 *    hugepages that it had before; a case that does not is an error.
 * 3. Callbacks and other threads record, and only the case itself asserts: a
 *    failed assertion jumps out, and would leave the library in the middle.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <rte_errno.h>
#include <rte_memory.h>
#include <rcumem.h>

#include "support_baseline.h"

#define KIB 1024ull
#define MIB (1024ull * KIB)
#define GIB (1024ull * MIB)

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

/* Hugepages that a run with 2 MiB pages needs at most. */
#define HUGEPAGES_NEEDED 24

/* A value that no function sets: shows that rte_errno was left alone. */
#define ERRNO_UNTOUCHED 7777

/* AddressSanitizer has its own mlock() and malloc(), which no fork() may interrupt: what tests
 * their failures, or forks beside their callers, is skipped. */
#if defined(__SANITIZE_ADDRESS__)
#define UNDER_ASAN true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_ASAN true
#endif
#endif
#ifndef UNDER_ASAN
#define UNDER_ASAN false
#endif

/* ThreadSanitizer ends a program whose memory is limited, knows addresses where nobody may map, and
 * starts no thread in a forked child. */
#if defined(__SANITIZE_THREAD__)
#define UNDER_TSAN true
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN true
#endif
#endif
#ifndef UNDER_TSAN
#define UNDER_TSAN false
#endif

#define UNDER_SANITIZER (UNDER_ASAN || UNDER_TSAN)

/* ---- The runtime of a case ---- */

/* A private runtime with small lists; cases change fields and start it themselves. */
static inline struct rcumem_options test_options(void)
{
	return (struct rcumem_options){
		.sz = sizeof(struct rcumem_options),
		.iova_mode = RCUMEM_IOVA_VA,
		.page_sizes = page_sz | RTE_PGSIZE_4K,
		.list_len = GIB,
		.max_lists = 64,
		.max_readers = 64,
		.free_timeout_ms = 200,
		.lock_timeout_ms = 1000,
	};
}

/* Start a runtime that must start. */
static inline void runtime_start(const struct rcumem_options *opts)
{
	if (rcumem_init(opts) != 0)
		fail_msg("rcumem_init: %s", strerror(rte_errno));
}

/* Leave a runtime that must be one. */
static inline void runtime_stop(void)
{
	if (rcumem_fini() != 0)
		fail_msg("rcumem_fini: %s", strerror(rte_errno));
}

static inline int case_setup_with(const struct rcumem_options *opts)
{
	baseline_take();
	if (rcumem_init(opts) == 0)
		return 0;
	print_error("rcumem_init: %s\n", strerror(rte_errno));
	return -1;
}

static inline int case_setup(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	return case_setup_with(&opts);
}

static inline int case_teardown(void **state)
{
	(void)state;
	if (rcumem_fini() != 0) {
		print_error("rcumem_fini: %s\n", strerror(rte_errno));
		/* A case that failed inside a section would spoil all that follow. */
		for (int i = 0; i < 8; i++)
			rcumem_read_unlock();
		rcumem_reader_unregister();
		rcumem_fini();
		return -1;
	}
	return baseline_check();
}

static inline int bare_setup(void **state)
{
	(void)state;
	baseline_take();
	return 0;
}

static inline int bare_teardown(void **state)
{
	(void)state;
	if (rcumem_fini() == 0) {
		print_error("the case left a runtime behind\n");
		return -1;
	}
	return baseline_check();
}

/* A case with a runtime of test_options(), and one that starts its own or none. */
#define CASE(name)      cmocka_unit_test_setup_teardown(name, case_setup, case_teardown)
#define BARE_CASE(name) cmocka_unit_test_setup_teardown(name, bare_setup, bare_teardown)

/* n pages of the run's size, which must be there. */
static inline char *pages_get(size_t n)
{
	char *addr = rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0);

	if (!addr)
		fail_msg("%zu pages: %s", n, strerror(rte_errno));
	return addr;
}

static inline void pages_put(void *addr, size_t n)
{
	if (rcumem_pages_free(addr, n * page_sz) != 0)
		fail_msg("free of %zu pages: %s", n, strerror(rte_errno));
}

/* A call that must fail with this errno, and must set it. */
#define assert_fails(call, err)                                                                    \
	do {                                                                                       \
		rte_errno = 0;                                                                     \
		assert_int_equal((call), -1);                                                      \
		assert_int_equal(rte_errno, (err));                                                \
	} while (0)

#define assert_fails_null(call, err)                                                               \
	do {                                                                                       \
		rte_errno = 0;                                                                     \
		assert_null(call);                                                                 \
		assert_int_equal(rte_errno, (err));                                                \
	} while (0)

/* ---- The run ---- */

static inline void not_run(void **state)
{
	(void)state;
	skip();
}

#define ALL_SIZES   (RTE_PGSIZE_4K | RTE_PGSIZE_64K | HUGE_SIZES)
#define HUGE_SIZES  (RTE_PGSIZE_2M | RTE_PGSIZE_1G)
#define SMALL_SIZES (RTE_PGSIZE_4K | RTE_PGSIZE_2M) /* Of which there are many. */

/* A case of some page sizes only, of which `sizes` is the sum: with others it is not listed. */
#define SIZED_CASE(name, sizes, setup, teardown)                                                   \
	cmocka_unit_test_prestate_setup_teardown(name, setup, teardown, (void *)(uintptr_t)(sizes))

/*
 * All cases with pages of `sz`, or all skipped when that cannot be: the number
 * that failed.  RCUMEM_TEST_CASE names the only one that is run.
 */
static inline int run_group(
	const char *name, uint64_t sz, bool possible, const struct CMUnitTest *cases, size_t n)
{
	struct CMUnitTest *copy = calloc(n, sizeof(*copy));
	char title[64];
	int failed;

	if (!copy)
		return 1;
	for (size_t i = 0; i < n; i++) {
		uint64_t sizes = (uintptr_t)cases[i].initial_state;

		if (sizes & ~ALL_SIZES) {
			print_error("%s: its state is no sum of page sizes\n", cases[i].name);
			return 1;
		}
		copy[i] = possible ? cases[i] : (struct CMUnitTest)cmocka_unit_test(not_run);
		/* Those without a name are left out. */
		copy[i].name = !sizes || (sizes & sz) ? cases[i].name : NULL;
		copy[i].initial_state = NULL;
	}
	snprintf(title, sizeof(title), "%s, %llu KiB pages", name, (unsigned long long)sz >> 10);
	page_sz = sz;
	cmocka_set_test_filter(getenv("RCUMEM_TEST_CASE"));
	failed = _cmocka_run_group_tests(title, copy, n, NULL, NULL);
	free(copy);
	return failed;
}

/* RCUMEM_TEST_PAGES: 4k, 2m, or auto, which takes 2 MiB too where hugepages are free. */
static inline int run_cases(const char *name, const struct CMUnitTest *cases, size_t n)
{
	const char *pages = getenv("RCUMEM_TEST_PAGES");
	int failed = 0;

	setenv("RCUMEM_LOG", "error", 0);
	unsetenv("RCUMEM_PREFIX");
	unsetenv("RCUMEM_IOVA_MODE");
	unsetenv("RCUMEM_BASE_VA");
	if (!pages || strcmp(pages, "auto") == 0)
		pages = hugepages_free() >= HUGEPAGES_NEEDED ? "4k,2m" : "4k";
	if (strstr(pages, "4k"))
		failed += run_group(name, RTE_PGSIZE_4K, true, cases, n);
	if (strstr(pages, "2m"))
		failed += run_group(
			name, RTE_PGSIZE_2M, hugepages_free() >= HUGEPAGES_NEEDED, cases, n);
	if (!strstr(pages, "4k") && !strstr(pages, "2m")) {
		print_error("RCUMEM_TEST_PAGES is 4k, 2m or auto\n");
		failed++;
	}
	return failed != 0;
}

#define RUN_CASES(name, cases) run_cases(name, cases, ARRAY_LEN(cases))

#endif /* SUPPORT_H */
