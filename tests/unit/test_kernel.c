/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What the kernel does beside us: locked memory, signals, a memory cgroup,
 * stray accesses.
 */

#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "support_call.h"
#include "support_cgroup.h"
#include "support_walk.h"

static struct rcumem_features features(void)
{
	struct rcumem_features found = {.sz = sizeof(found)};

	rcumem_features_get(&found);
	return found;
}

/* Bytes that /proc/self/status tells of this process under a name. */
static size_t status_bytes(const char *name)
{
	FILE *status = fopen("/proc/self/status", "re");
	size_t len = strlen(name), kib = 0;
	char line[256];

	while (status && fgets(line, sizeof(line), status))
		if (strncmp(line, name, len) == 0)
			kib = strtoul(line + len, NULL, 10);
	if (status)
		fclose(status);
	return kib * KIB;
}

/* ---- mlockall ---- */

static int lock_future(void)
{
	CHILD_CHECK(mlockall(MCL_FUTURE) == 0);
	return 0;
}

static int start_with_future_locked(void)
{
	struct rcumem_options opts = test_options();
	size_t shared = status_bytes("RssShmem:");
	size_t len = (page_sz == RTE_PGSIZE_4K ? 8192 : 12) * page_sz; /* By several threads. */
	char *pages;

	CHILD_CHECK(mlockall(MCL_FUTURE) == 0);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(status_bytes("HugetlbPages:") == 0);
	CHILD_CHECK(status_bytes("RssShmem:") - shared < MIB);
	pages = rcumem_pages_alloc(len, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(pages);
	memset(pages, 1, len);
	CHILD_CHECK(page_sz == RTE_PGSIZE_4K || status_bytes("HugetlbPages:") == len);
	CHILD_CHECK(rcumem_pages_free(pages, len) == 0);
	CHILD_CHECK(status_bytes("HugetlbPages:") == 0);
	CHILD_CHECK(status_bytes("RssShmem:") - shared < MIB);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static void start_under_mlockall_takes_no_page(void **state)
{
	(void)state;
	if (geteuid() != 0 || child_run(lock_future) != 0)
		skip();
	assert_int_equal(child_run(start_with_future_locked), 0);
}

/* ---- Signals ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int signal)
{
	(void)signal;
	alarms = alarms + 1;
}

static void plug_is_not_disturbed_by_signals(void **state)
{
	size_t n = page_sz == RTE_PGSIZE_4K ? 16384 : 12;
	struct sigaction action = {.sa_handler = count_alarm}, old;
	struct itimerval every_ms = {{0, 1000}, {0, 1000}}, none = {{0, 0}, {0, 0}};
	int failed = 0;

	(void)state;
	alarms = 0;
	assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
	assert_int_equal(setitimer(ITIMER_REAL, &every_ms, NULL), 0);
	for (int i = 0; i < 1000 && (i < 5 || alarms < 20) && !failed; i++) {
		char *pages = rcumem_pages_alloc(n * page_sz, page_sz, SOCKET_ID_ANY, 0);

		failed = !pages || pages[0] != 0 || pages[n * page_sz - 1] != 0 ||
			 rcumem_pages_free(pages, n * page_sz) != 0;
	}
	setitimer(ITIMER_REAL, &none, NULL);
	sigaction(SIGALRM, &old, NULL);
	assert_false(failed);
	assert_true(alarms >= 20);
}

/* ---- A memory cgroup ---- */

#define PLUG_IN_CGROUP "--plug-256-mib-in"

/* In a process of its own, so that the test's own memory is not charged. */
static int plug_in_cgroup(const char *cgroup)
{
	struct rcumem_options opts = test_options();
	char *pages;

	CHILD_CHECK(cgroup_enter(cgroup) == 0);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(!rcumem_pages_alloc(256 * MIB, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0));
	CHILD_CHECK(rte_errno == ENOMEM);
	CHILD_CHECK(segs_now() == 0 && rte_eal_get_physmem_size() == 0);
	pages = rcumem_pages_alloc(8 * MIB, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	CHILD_CHECK(pages);
	memset(pages, 1, 8 * MIB);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static char cgroup[256];

static int exec_in_cgroup(void)
{
	execl("/proc/self/exe", "test_kernel", PLUG_IN_CGROUP, cgroup, NULL);
	return __LINE__;
}

/* The exec'd program cannot write to child_run()'s pipe: its exit code counts. */
static int exit_code_of(int (*fn)(void))
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		alarm(60);
		_exit(fn() != 0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static void plug_beyond_a_memory_cgroup_is_no_memory_and_kills_nobody(void **state)
{
	int code;

	(void)state;
	if (geteuid() != 0 || cgroup_make(cgroup, sizeof(cgroup), 64 * MIB) != 0)
		skip();
	code = exit_code_of(exec_in_cgroup);
	cgroup_remove(cgroup);
	assert_int_equal(code, 0);
}

/* ---- Holes ---- */

/* Blocks that the file behind a page has been given. */
static long blocks_behind(const void *page)
{
	struct stat st;

	if (fstat(rte_memseg_get_fd(rte_mem_virt2memseg(page, NULL)), &st) != 0)
		return -1;
	return st.st_blocks;
}

static int touch_a_hole(void)
{
	struct rcumem_options opts = test_options();
	volatile char *page;

	/* The expected end is a signal that dumps core: not here. */
	prctl(PR_SET_DUMPABLE, 0);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(page && page[0] == 0);
	page[page_sz] = 1;
	return __LINE__;
}

static void stray_access_to_a_hole_is_a_bus_error(void **state)
{
	(void)state;
	if (!features().userfaultfd)
		skip();
	assert_int_equal(child_run(touch_a_hole), -SIGBUS);
}

static void system_call_on_a_hole_is_a_fault_and_takes_no_page(void **state)
{
	char *page = pages_get(2);
	long blocks;
	int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC);
	ssize_t into_never, into_freed;
	int err[2];

	(void)state;
	pages_put(page + page_sz, 1);
	blocks = blocks_behind(page);
	into_never = read(zero, page + 5 * page_sz, 64);
	err[0] = errno;
	into_freed = read(zero, page + page_sz, 64);
	err[1] = errno;
	close(zero);
	if (!features().userfaultfd) {
		pages_put(page, 1);
		skip();
	}
	assert_int_equal(into_never, -1);
	assert_int_equal(err[0], EFAULT);
	assert_int_equal(into_freed, -1);
	assert_int_equal(err[1], EFAULT);
	assert_true(blocks > 0);
	assert_int_equal(blocks_behind(page), blocks);
	pages_put(page, 1);
}

int main(int argc, char **argv)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(start_under_mlockall_takes_no_page),
		CASE(plug_is_not_disturbed_by_signals),
		BARE_CASE(plug_beyond_a_memory_cgroup_is_no_memory_and_kills_nobody),
		BARE_CASE(stray_access_to_a_hole_is_a_bus_error),
		CASE(system_call_on_a_hole_is_a_fault_and_takes_no_page),
	};

	if (argc == 3 && strcmp(argv[1], PLUG_IN_CGROUP) == 0) {
		int line = plug_in_cgroup(argv[2]);

		if (line != 0)
			fprintf(stderr, "plug_in_cgroup: line %d\n", line);
		return line != 0;
	}
	return RUN_CASES("kernel", cases);
}
