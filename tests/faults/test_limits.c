/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Real conditions: limits of the process.  Out of hugepages: test_pages.c; a
 * memory cgroup: test_kernel.c; no further thread: test_subscribe_errors.c;
 * locked pages: test_contract_phys.c.
 */

#include <sys/resource.h>

#include "conditions.h"

static int limit(int resource, rlim_t value)
{
	struct rlimit old;

	if (getrlimit(resource, &old))
		return -1;
	old.rlim_cur = value < old.rlim_max ? value : old.rlim_max;
	return setrlimit(resource, &old);
}

/* One more from attempt to attempt: all of them fail alike until it is enough. */
static int start_with_few_descriptors(void)
{
	struct rcumem_options opts = shared_options();
	rlim_t begin = (rlim_t)dup(0), more = 0;

	close((int)begin);
	baseline_take();
	do {
		CHILD_CHECK(more < 64);
		CHILD_CHECK(limit(RLIMIT_NOFILE, begin + more++) == 0);
		rte_errno = 0;
		if (rcumem_init(&opts) == 0)
			break;
		CHILD_CHECK(rte_errno == EMFILE);
		CHILD_CHECK(limit(RLIMIT_NOFILE, 1024) == 0 && baseline_check() == 0);
	} while (true);
	CHILD_CHECK(more > 4 && use_pages() == 0 && rcumem_fini() == 0);
	CHILD_CHECK(limit(RLIMIT_NOFILE, 1024) == 0 && baseline_check() == 0);
	return 0;
}

static void too_few_descriptors_leave_nothing_behind(void **state)
{
	(void)state;
	assert_int_equal(child_run(start_with_few_descriptors), 0);
}

/* Half a gibibyte more from attempt to attempt. */
static int start_with_little_address_space(void)
{
	struct rcumem_options opts = shared_options();
	rlim_t more = 0;

	baseline_take();
	do {
		CHILD_CHECK(more < 64 * GIB);
		CHILD_CHECK(limit(RLIMIT_AS, more += GIB / 2) == 0);
		rte_errno = 0;
		if (rcumem_init(&opts) == 0)
			break;
		CHILD_CHECK(rte_errno == ENOMEM);
		CHILD_CHECK(limit(RLIMIT_AS, RLIM_INFINITY) == 0 && baseline_check() == 0);
	} while (true);
	CHILD_CHECK(more > GIB && use_pages() == 0 && rcumem_fini() == 0);
	return baseline_check();
}

static void too_little_address_space_is_no_memory_and_leaves_nothing_behind(void **state)
{
	(void)state;
	if (UNDER_SANITIZER)
		skip();
	assert_int_equal(child_run(start_with_little_address_space), 0);
}

static int start_with_small_files(void)
{
	struct rcumem_options opts = shared_options();

	baseline_take();
	CHILD_CHECK(limit(RLIMIT_FSIZE, GIB / 2) == 0);
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == ENOMEM);
	CHILD_CHECK(limit(RLIMIT_FSIZE, RLIM_INFINITY) == 0 && baseline_check() == 0);
	return start_and_use();
}

static void limit_of_file_sizes_is_no_memory_and_no_signal(void **state)
{
	(void)state;
	assert_int_equal(child_run(start_with_small_files), 0);
}

static int start_without_locked_memory(void)
{
	CHILD_CHECK(become_nobody() == 0 && limit(RLIMIT_MEMLOCK, 0) == 0);
	return start_and_use();
}

static void no_memory_needs_to_be_locked(void **state)
{
	(void)state;
	if (geteuid() == 0)
		assert_int_equal(chown(directory, UID_NOBODY, UID_NOBODY), 0);
	assert_int_equal(child_run(start_without_locked_memory), 0);
	assert_int_equal(chown(directory, geteuid(), getegid()), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(too_few_descriptors_leave_nothing_behind),
		BARE_CASE(too_little_address_space_is_no_memory_and_leaves_nothing_behind),
		BARE_CASE(limit_of_file_sizes_is_no_memory_and_no_signal),
		BARE_CASE(no_memory_needs_to_be_locked),
	};

	return run_conditions("limits", cases, ARRAY_LEN(cases));
}
