/* SPDX-License-Identifier: BSD-3-Clause */
/* Real conditions: a kernel that lacks a call, a directory that cannot be written, no physical
 * addresses. */

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "conditions.h"

/* From here on a system call of this process and its children fails: 0, or -1. */
static int deny(unsigned int nr, int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = ARRAY_LEN(code), .filter = code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
			       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program)
		       ? -1
		       : 0;
}

/* ---- A kernel that lacks something ---- */

static int without_userfaultfd(void)
{
	struct rcumem_features features = {.sz = sizeof(features)};

	CHILD_CHECK(deny(__NR_userfaultfd, ENOSYS) == 0);
	CHILD_CHECK(rcumem_features_get(&features) == 0 && !features.userfaultfd);
	return start_and_use();
}

static void without_userfaultfd_everything_works(void **state)
{
	(void)state;
	assert_int_equal(child_run(without_userfaultfd), 0);
}

static int without_membarrier(void)
{
	struct rcumem_features features = {.sz = sizeof(features)};

	CHILD_CHECK(deny(__NR_membarrier, ENOSYS) == 0);
	CHILD_CHECK(rcumem_features_get(&features) == 0 && !features.membarrier);
	return start_and_use();
}

static void without_membarrier_everything_works(void **state)
{
	(void)state;
	assert_int_equal(child_run(without_membarrier), 0);
}

static int join_without_membarrier(void)
{
	CHILD_CHECK(deny(__NR_membarrier, ENOSYS) == 0);
	return start_and_use();
}

/* Where several processes read, nobody relies on it. */
static void joining_without_membarrier_works(void **state)
{
	struct rcumem_options opts = shared_options();

	(void)state;
	runtime_start(&opts);
	assert_int_equal(child_run(join_without_membarrier), 0);
	assert_int_equal(child_run(start_and_use), 0);
	runtime_stop();
}

/* The end of its thread is that of the reader. */
static void reader_leave(void)
{
}

/* A thread that is a reader and in no section: only a barrier tells that. */
static int refuse_the_barrier(void)
{
	struct rcumem_options opts = test_options();
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	static struct holder reader; /* Its thread may outlive a check that fails. */
	char *page;

	CHILD_CHECK(rcumem_init(&opts) == 0);
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	holder_start(&reader, rcumem_thread_init, reader_leave);
	CHILD_CHECK(page && deny(__NR_membarrier, ENOMEM) == 0);
	CHILD_CHECK(rcumem_pages_free(page, page_sz) == 0);
	CHILD_CHECK(rcumem_stats_get(&stats) == 0 && stats.quarantined_bytes == page_sz);
	/* Without readers there is nothing to wait for. */
	holder_stop(&reader);
	CHILD_CHECK(rcumem_synchronize(1000) == 0);
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(page && rcumem_pages_free(page, page_sz) == 0);
	CHILD_CHECK(rcumem_stats_get(&stats) == 0 && stats.quarantined_bytes == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static void barrier_that_is_refused_lets_nobody_pass(void **state)
{
	struct rcumem_features features = {.sz = sizeof(features)};

	(void)state;
	assert_int_equal(rcumem_features_get(&features), 0);
	if (!features.membarrier)
		skip();
	assert_int_equal(child_run(refuse_the_barrier), 0);
}

/* ---- The file system ---- */

static int start_on_a_read_only_directory(void)
{
	struct rcumem_options opts = shared_options();

	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("none", directory, "tmpfs", MS_RDONLY, "mode=0700") == 0);
	baseline_take();
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EROFS);
	CHILD_CHECK(baseline_check() == 0);
	opts.prefix = NULL; /* Alone it needs none. */
	CHILD_CHECK(rcumem_init(&opts) == 0 && rcumem_fini() == 0);
	CHILD_CHECK(umount(directory) == 0);
	return start_and_use();
}

static void runtime_directory_that_is_read_only_is_erofs(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child_run(start_on_a_read_only_directory), 0);
}

static int start_without_pagemap(void)
{
	struct rcumem_options opts = test_options();

	CHILD_CHECK(unshare(CLONE_NEWNS) == 0);
	CHILD_CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHILD_CHECK(mount("/dev/null", "/proc/self/pagemap", NULL, MS_BIND, NULL) == 0);
	CHILD_CHECK(rte_mem_virt2phy(&opts) == RTE_BAD_PHYS_ADDR);
	opts.iova_mode = RCUMEM_IOVA_PA;
	baseline_take();
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EPERM);
	CHILD_CHECK(baseline_check() == 0);
	return start_and_use();
}

static void without_pagemap_only_physical_addresses_are_refused(void **state)
{
	(void)state;
	if (geteuid() != 0)
		skip();
	assert_int_equal(child_run(start_without_pagemap), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(without_userfaultfd_everything_works),
		BARE_CASE(without_membarrier_everything_works),
		BARE_CASE(joining_without_membarrier_works),
		BARE_CASE(barrier_that_is_refused_lets_nobody_pass),
		BARE_CASE(runtime_directory_that_is_read_only_is_erofs),
		BARE_CASE(without_pagemap_only_physical_addresses_are_refused),
	};

	return run_conditions("conditions", cases, ARRAY_LEN(cases));
}
