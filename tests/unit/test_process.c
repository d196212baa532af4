/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Other processes than the one that started the runtime: children, processes
 * without privilege, killed ones.  Many of them at once: tests/process.
 */

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "support_call.h"
#include "support_walk.h"

/* ---- fork() ---- */

static char *parents_pages;

static int use_the_parents_runtime(void)
{
	struct rcumem_options opts = test_options();
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	unsigned char resident;
	char *page;

	writer_page = parents_pages;
	CHILD_CHECK(writer_not_refused(ENODEV) == NULL);
	CHILD_CHECK(rcumem_stats_get(&stats) == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_read_lock() == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_fini() == -1 && rte_errno == ENODEV);
	CHILD_CHECK(!rte_mem_virt2memseg_list(parents_pages));
	CHILD_CHECK(!rte_mem_virt2memseg(parents_pages, NULL));
	CHILD_CHECK(!rte_mem_iova2virt((uintptr_t)parents_pages));
	CHILD_CHECK(segs_now() == 0);
	CHILD_CHECK(rte_eal_get_physmem_size() == 0);
	CHILD_CHECK(mincore(parents_pages, 4096, &resident) == -1 && errno == ENOMEM);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(page && page[0] == 0);
	CHILD_CHECK(segs_now() == 1);
	memset(page, 'c', page_sz);
	CHILD_CHECK(rte_mem_iova2virt((uintptr_t)page) == page);
	CHILD_CHECK(rcumem_pages_free(page, page_sz) == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

/* rows M1 */
static void child_has_no_runtime_but_may_start_its_own(void **state)
{
	int line;

	(void)state;
	parents_pages = pages_get(2);
	memset(parents_pages, 'p', 2 * page_sz);
	/* A section of the parent is none of the child's. */
	assert_int_equal(rcumem_read_lock(), 0);
	line = child_run(use_the_parents_runtime);
	rcumem_read_unlock();
	assert_int_equal(line, 0);
	assert_int_equal(segs_now(), 2);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)parents_pages), parents_pages);
	assert_int_equal(parents_pages[0], 'p');
	assert_int_equal(parents_pages[2 * page_sz - 1], 'p');
	assert_int_equal(rcumem_synchronize(0), 0);
	pages_put(parents_pages, 2);
	pages_put(pages_get(2), 2);
}

/* ---- fork() beside the start and the end of the runtime ---- */

#define FORKS 100

static atomic_bool lives;

/* Start and end, again and again: NULL, or anything when one failed. */
static void *live_main(void *arg)
{
	const struct rcumem_options *opts = arg;
	bool sound = true;

	while (atomic_load(&lives) && sound)
		sound = rcumem_init(opts) == 0 && rcumem_fini() == 0;
	return sound ? NULL : arg;
}

/* Descriptors of a runtime's: not those of files that the C library was reading. */
static int runtime_fds(void)
{
	int n = 0;

	for (int fd = 0; fd < 100; fd++) {
		char path[32], file[256] = "";

		snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
		if (readlink(path, file, sizeof(file) - 1) > 0)
			n += strncmp(file, "/memfd:", 7) == 0 || strstr(file, "[userfaultfd]") ||
			     strstr(file, "[eventfd]") || strstr(file, "rcumem_test_fork");
	}
	return n;
}

static int holds_nothing_and_may_start(void)
{
	struct rcumem_options opts = test_options();

	CHILD_CHECK(memfd_maps() == 0);
	CHILD_CHECK(runtime_fds() == 0);
	CHILD_CHECK(rcumem_fini() == -1 && rte_errno == ENODEV);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static void fork_beside_init_and_fini_is_before_or_after(void **state)
{
	struct rcumem_options opts = test_options();
	char dir[] = "/tmp/rcumem-test-XXXXXX";
	pthread_t thread;
	void *failed;
	int removed, line = 0;

	(void)state;
	/* A child gets its allocator as it was in the middle of another thread's call. */
	if (UNDER_SANITIZER)
		skip();
	assert_non_null(mkdtemp(dir));
	setenv("RCUMEM_RUNTIME_DIR", dir, 1);
	opts.prefix = "rcumem_test_fork";
	atomic_store(&lives, true);
	assert_int_equal(pthread_create(&thread, NULL, live_main, &opts), 0);
	for (int i = 0; i < FORKS && line == 0; i++)
		line = child_run(holds_nothing_and_may_start);
	atomic_store(&lives, false);
	pthread_join(thread, &failed);
	unsetenv("RCUMEM_RUNTIME_DIR");
	removed = rmdir(dir);
	assert_int_equal(line, 0);
	assert_null(failed);
	assert_int_equal(removed, 0);
}

static int handler_failures;

static void end_before(void)
{
	handler_failures += rcumem_fini() != 0;
}

static void start_after(void)
{
	struct rcumem_options opts = test_options();

	handler_failures += rcumem_init(&opts) != 0;
}

static int fork_with_handlers(void)
{
	int status;
	pid_t pid;

	start_after();
	CHILD_CHECK(pthread_atfork(end_before, start_after, start_after) == 0);
	pid = fork();
	CHILD_CHECK(pid >= 0);
	CHILD_CHECK(rcumem_fini() == 0 && handler_failures == 0);
	if (pid == 0)
		_exit(0);
	CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	return 0;
}

static void fork_handlers_of_the_program_may_end_and_start_it(void **state)
{
	(void)state;
	assert_int_equal(child_run(fork_with_handlers), 0);
}

/* ---- Privileges ---- */

static int start_as_nobody(void)
{
	struct rcumem_options opts = test_options();
	char *pages;

	CHILD_CHECK(become_nobody() == 0);
	CHILD_CHECK(rcumem_init(&opts) == 0);
	pages = rcumem_pages_alloc(4 * RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);
	CHILD_CHECK(pages);
	pages[0] = 1;
	CHILD_CHECK(rte_mem_iova2virt((uintptr_t)pages + 9) == pages + 9);
	CHILD_CHECK(rte_mem_virt2memseg(pages, NULL)->addr == pages);
	CHILD_CHECK(segs_now() == 4);
	CHILD_CHECK(rcumem_pages_free(pages, 4 * RTE_PGSIZE_4K) == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	opts.iova_mode = RCUMEM_IOVA_PA;
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EPERM);
	CHILD_CHECK(rcumem_fini() == -1 && rte_errno == ENODEV);
	opts.iova_mode = RCUMEM_IOVA_DEFAULT;
	setenv("RCUMEM_IOVA_MODE", "pa", 1);
	CHILD_CHECK(rcumem_init(&opts) == -1 && rte_errno == EPERM);
	return 0;
}

static void nobody_can_do_all_but_physical_addresses(void **state)
{
	(void)state;
	assert_int_equal(child_run(start_as_nobody), 0);
}

/* ---- Memory of the process ---- */

static int create_spaces_until_memory_ends(void)
{
	struct rcumem_options opts = test_options();
	struct rlimit none = {0, 0};
	struct rcumem_space *space = NULL;
	unsigned int n = 0;

	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(setrlimit(RLIMIT_AS, &none) == 0);
	do {
		space = rcumem_space_create();
	} while (space && ++n < 100000);
	CHILD_CHECK(!space && rte_errno == ENOMEM);
	CHILD_CHECK(rcumem_fini() == 0);
	return 0;
}

static void space_that_finds_no_memory_is_not_created(void **state)
{
	(void)state;
	if (UNDER_SANITIZER)
		skip();
	assert_int_equal(child_run(create_spaces_until_memory_ends), 0);
}

/* ---- Other processes ---- */

static int pipe_up[2], pipe_down[2];

static int hold_the_prefix(void)
{
	struct rcumem_options opts = test_options();
	char byte = 1;

	opts.prefix = "rcumem_test_held";
	CHILD_CHECK(rcumem_init(&opts) == 0);
	CHILD_CHECK(rcumem_pages_alloc(2 * page_sz, page_sz, SOCKET_ID_ANY, 0));
	CHILD_CHECK(write(pipe_up[1], &byte, 1) == 1);
	CHILD_CHECK(read(pipe_down[0], &byte, 1) == 1);
	return 0;
}

/* rows M2, M3 */
static void prefix_is_joined_and_outlives_its_creator(void **state)
{
	struct rcumem_options opts = test_options();
	char dir[] = "/tmp/rcumem-test-XXXXXX";
	char byte = 0;
	pid_t pid;

	(void)state;
	assert_non_null(mkdtemp(dir));
	setenv("RCUMEM_RUNTIME_DIR", dir, 1);
	assert_int_equal(pipe(pipe_up), 0);
	assert_int_equal(pipe(pipe_down), 0);
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		_exit(hold_the_prefix() != 0);
	assert_int_equal(read(pipe_up[0], &byte, 1), 1);
	opts.prefix = "rcumem_test_held";
	runtime_start(&opts);
	assert_int_equal(segs_now(), 2);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	for (int i = 0; i < 2; i++) {
		close(pipe_up[i]);
		close(pipe_down[i]);
	}
	assert_int_equal(segs_now(), 2);
	assert_non_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0));
	assert_int_equal(segs_now(), 3);
	runtime_stop();
	/* The last one out leaves nothing, whoever was there. */
	runtime_start(&opts);
	assert_int_equal(segs_now(), 0);
	runtime_stop();
	assert_int_equal(rmdir(dir), 0);
	unsetenv("RCUMEM_RUNTIME_DIR");
}

/* ---- Without standard streams ---- */

static struct sockaddr_un own_door = {.sun_family = AF_UNIX}; /* Of the child. */

static int open_below(int end)
{
	int n = 0;

	for (int fd = 0; fd < end; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static bool stdio_is_closed(void)
{
	return open_below(STDERR_FILENO + 1) == 0;
}

/* Start with the least limit of descriptors that is enough. */
static int start_at_the_limit(const struct rcumem_options *opts)
{
	int before = open_below(100);
	struct rlimit limit;

	CHILD_CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
	limit.rlim_cur = 3;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	while (rcumem_init(opts) != 0) {
		CHILD_CHECK(rte_errno == EMFILE && open_below(100) == before);
		limit.rlim_cur++;
		CHILD_CHECK(limit.rlim_cur < 100 && setrlimit(RLIMIT_NOFILE, &limit) == 0);
	}
	CHILD_CHECK(open_below(100) > before);
	limit.rlim_cur = 200;
	CHILD_CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	return 0;
}

static int run_without_stdio(void)
{
	struct rcumem_options opts = test_options();
	char *page;
	int fd;

	opts.prefix = "rcumem_test_closed";
	for (fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		close(fd);
	fd = start_at_the_limit(&opts);
	if (fd)
		return fd;
	CHILD_CHECK(stdio_is_closed());
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	CHILD_CHECK(page);
	/* Refused with a message. */
	CHILD_CHECK(rte_mem_check_dma_mask(255) == -1);
	CHILD_CHECK(page[0] == 0);
	CHILD_CHECK(rcumem_pages_free(page, page_sz) == 0);
	/* Nor does one who knocks, and is waited for, get in there. */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	CHILD_CHECK(dup2(fd, 100) == 100 && close(fd) == 0);
	CHILD_CHECK(connect(100, (struct sockaddr *)&own_door, sizeof(own_door)) == 0);
	sleep_ms(50);
	CHILD_CHECK(stdio_is_closed());
	CHILD_CHECK(close(100) == 0);
	CHILD_CHECK(rcumem_fini() == 0);
	CHILD_CHECK(stdio_is_closed());
	return 0;
}

static void closed_stdio_is_not_taken_by_what_is_shared(void **state)
{
	struct rcumem_options opts = test_options();
	char dir[] = "/tmp/rcumem-test-XXXXXX";
	int created, joined;

	(void)state;
	if (UNDER_TSAN)
		skip();
	assert_non_null(mkdtemp(dir));
	setenv("RCUMEM_RUNTIME_DIR", dir, 1);
	opts.prefix = "rcumem_test_closed";
	snprintf(own_door.sun_path, sizeof(own_door.sun_path), "%s/%s/0", dir, opts.prefix);
	created = child_run(run_without_stdio);
	runtime_start(&opts);
	snprintf(own_door.sun_path, sizeof(own_door.sun_path), "%s/%s/1", dir, opts.prefix);
	joined = child_run(run_without_stdio);
	runtime_stop();
	assert_int_equal(rmdir(dir), 0);
	unsetenv("RCUMEM_RUNTIME_DIR");
	assert_int_equal(created, 0);
	assert_int_equal(joined, 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(child_has_no_runtime_but_may_start_its_own),
		BARE_CASE(fork_beside_init_and_fini_is_before_or_after),
		BARE_CASE(fork_handlers_of_the_program_may_end_and_start_it),
		BARE_CASE(space_that_finds_no_memory_is_not_created),
		BARE_CASE(nobody_can_do_all_but_physical_addresses),
		BARE_CASE(prefix_is_joined_and_outlives_its_creator),
		BARE_CASE(closed_stdio_is_not_taken_by_what_is_shared),
	};

	return RUN_CASES("processes", cases);
}
