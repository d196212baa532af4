/* SPDX-License-Identifier: BSD-3-Clause */
/* Observers: pictures of a runtime that this process, another one or a false one has. */

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "join.h"
#include "runtime.h"
#include "support_call.h"
#include "support_check.h"

#define PREFIX "observed"

static char folder[64]; /* RCUMEM_RUNTIME_DIR of the case. */

static int folder_setup(void **state)
{
	strcpy(folder, "/tmp/rcumem-test-XXXXXX");
	if (!mkdtemp(folder) || setenv("RCUMEM_RUNTIME_DIR", folder, 1))
		return -1;
	return bare_setup(state);
}

static int folder_teardown(void **state)
{
	int err = bare_teardown(state);

	unsetenv("RCUMEM_RUNTIME_DIR");
	unsetenv("RCUMEM_PREFIX");
	/* The library removes it when it is empty, as it would make it where it is missing. */
	if (rmdir(folder) && errno != ENOENT) {
		print_error("something is left in %s\n", folder);
		return -1;
	}
	return err;
}

static void observed_start(void)
{
	struct rcumem_options opts = test_options();

	opts.prefix = PREFIX;
	opts.nchannel = 3;
	runtime_start(&opts);
}

/* ---- What a picture shows ---- */

static int count_list(const struct rte_memseg_list *msl, void *arg)
{
	unsigned int *lists = arg;

	lists[msl->external != 0]++;
	return 0;
}

struct seen {
	char *first;
	unsigned int pages;
	unsigned int external;
};

static int count_page(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	struct seen *seen = arg;

	seen->external += msl->external != 0;
	if (msl->external)
		return 0;
	seen->first = seen->pages++ ? seen->first : ms->addr;
	return ms->len == msl->page_sz && ms->nchannel == 3 ? 0 : 9;
}

static int stop_at_once(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl, (void)ms, (void)arg;
	return 7;
}

static void a_picture_shows_what_is_there(void **state)
{
	struct rcumem_observer_info info = {.sz = sizeof(info)};
	struct rcumem_stats stats = {.sz = sizeof(stats)}, own = stats;
	struct rcumem_observer_process processes[64];
	unsigned int lists[2] = {0};
	struct rcumem_observer *observer;
	struct seen seen = {0};
	char *ext, *pages;

	observed_start();
	pages = pages_get(3);
	ext = ext_reserve(2);
	assert_int_equal(ext_register(ext, 2, SCENE_IOVA), 0);
	assert_int_equal(rcumem_read_lock(), 0);
	observer = rcumem_observe(PREFIX);
	assert_non_null(observer);
	assert_int_equal(rcumem_observer_check(observer, NULL, NULL), 0);
	assert_int_equal(rcumem_observer_info_get(observer, &info), 0);
	assert_string_equal(info.prefix, PREFIX);
	assert_int_equal(info.iova_mode, RTE_IOVA_VA);
	assert_int_equal(info.nchannel, 3);
	assert_int_equal(info.busy, 0);
	assert_true((uint64_t)(uintptr_t)pages - info.base_va < info.len);
	assert_int_equal(rcumem_observer_stats_get(observer, &stats), 0);
	assert_int_equal(rcumem_stats_get(&own), 0);
	assert_memory_equal(&stats, &own, sizeof(stats));
	assert_int_equal(rcumem_observer_processes(observer, processes, 64), 1);
	assert_int_equal(processes[0].pid, getpid());
	assert_int_equal(processes[0].readers, 1);
	assert_int_equal(processes[0].inside, 1);
	assert_int_equal(processes[0].leaving + processes[0].listens, 0);
	assert_int_equal(rcumem_observer_list_walk(observer, count_list, lists), 0);
	assert_int_equal(lists[0], runtime_region()->n_internal);
	assert_int_equal(lists[1], 1);
	assert_int_equal(rcumem_observer_walk(observer, count_page, &seen), 0);
	assert_ptr_equal(seen.first, pages);
	assert_int_equal(seen.pages, 3);
	assert_int_equal(seen.external, 2);
	assert_int_equal(rcumem_observer_walk(observer, stop_at_once, NULL), 7);
	rcumem_read_unlock();
	rcumem_observer_close(observer);
	assert_int_equal(ext_unregister(ext, 2), 0);
	ext_release(ext, 2);
	runtime_stop();
}

static void a_picture_stays_until_the_next(void **state)
{
	struct rcumem_observer *observer;
	struct seen seen = {0};
	char *pages;

	observed_start();
	pages = pages_get(2);
	observer = rcumem_observe(PREFIX);
	assert_int_equal(rcumem_observer_check(observer, NULL, NULL), 0);
	pages_put(pages, 1);
	assert_int_equal(rcumem_observer_walk(observer, count_page, &seen), 0);
	assert_int_equal(seen.pages, 2);
	assert_int_equal(rcumem_observer_check(observer, NULL, NULL), 0);
	seen.pages = 0;
	rcumem_observer_walk(observer, count_page, &seen);
	assert_int_equal(seen.pages, 1);
	/* Its files outlive the runtime: there is nothing in them any more. */
	runtime_stop();
	seen.pages = 0;
	rcumem_observer_walk(observer, count_page, &seen);
	assert_int_equal(seen.pages, 1);
	rcumem_observer_close(observer);
	rcumem_observer_close(NULL);
}

static void take_words(const char *finding, void *arg)
{
	snprintf(arg, 100, "%s", finding);
}

static void what_is_wrong_is_reported(void **state)
{
	struct rcumem_observer *observer;
	char finding[100] = "";

	observed_start();
	observer = rcumem_observe(PREFIX);
	runtime_region()->stats.bytes = 5;
	assert_int_equal(rcumem_observer_check(observer, take_words, finding), 1);
	assert_string_equal(finding, "statistics: bytes: 5 counted, 0 there");
	assert_int_equal(rcumem_observer_check(observer, NULL, NULL), 1);
	runtime_region()->stats.bytes = 0;
	assert_int_equal(rcumem_observer_check(observer, take_words, finding), 0);
	rcumem_observer_close(observer);
	runtime_stop();
}

/* What an observer was given cannot be written through. */
static void an_observer_cannot_write(void **state)
{
	struct join_gift gift;
	struct stat st;

	observed_start();
	assert_int_equal(join_fetch(PREFIX, JOIN_OBSERVE, &gift), 0);
	for (uint32_t i = 0; i < gift.n_fds; i++) {
		assert_int_equal(fcntl(gift.fds[i], F_GETFL) & O_ACCMODE, O_RDONLY);
		assert_int_equal(pwrite(gift.fds[i], "x", 1, 0), -1);
		assert_int_equal(fallocate(gift.fds[i], 0, 0, 4096), -1);
		assert_int_equal(fstat(gift.fds[i], &st), 0);
		assert_ptr_equal(
			mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, gift.fds[i], 0),
			MAP_FAILED);
	}
	join_gift_close(&gift);
	runtime_stop();
}

/* ---- Another process ---- */

static char *pages_of_parent;

static int observe_from_outside(void)
{
	struct rcumem_observer *observer = rcumem_observe(PREFIX);
	struct seen seen = {0};

	CHILD_CHECK(observer);
	CHILD_CHECK(rcumem_observer_check(observer, NULL, NULL) == 0);
	CHILD_CHECK(rcumem_observer_walk(observer, count_page, &seen) == 0);
	CHILD_CHECK(seen.pages == 2 && seen.first == pages_of_parent);
	CHILD_CHECK(rcumem_fini() == -1 && rte_errno == ENODEV);
	rcumem_observer_close(observer);
	return 0;
}

static void a_process_without_a_runtime_can_look(void **state)
{
	observed_start();
	pages_of_parent = pages_get(2);
	assert_int_equal(child_run(observe_from_outside), 0);
	runtime_stop();
}

static int observe_as_nobody(void)
{
	CHILD_CHECK(chmod(folder, 0755) == 0);
	CHILD_CHECK(become_nobody() == 0);
	CHILD_CHECK(rcumem_observe(PREFIX) == NULL && rte_errno == EACCES);
	return 0;
}

static void another_users_runtime_is_no_access(void **state)
{
	if (geteuid() != 0)
		skip();
	observed_start();
	assert_int_equal(child_run(observe_as_nobody), 0);
	assert_int_equal(chmod(folder, 0700), 0);
	runtime_stop();
}

/* ---- Errors ---- */

static void a_prefix_that_cannot_be_is_invalid(void **state)
{
	unsetenv("RCUMEM_PREFIX");
	assert_fails_null(rcumem_observe(NULL), EINVAL);
	assert_fails_null(rcumem_observe(""), EINVAL);
	assert_fails_null(rcumem_observe("a/b"), EINVAL);
	assert_fails_null(rcumem_observe(".."), EINVAL);
}

static void a_name_that_nobody_has_is_no_entry(void **state)
{
	setenv("RCUMEM_PREFIX", "nobody-has-it", 1);
	assert_fails_null(rcumem_observe(NULL), ENOENT);
}

static void a_path_that_is_too_long_is_refused(void **state)
{
	char path[200];

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	setenv("RCUMEM_RUNTIME_DIR", path, 1);
	assert_fails_null(rcumem_observe(PREFIX), ENAMETOOLONG);
	setenv("RCUMEM_RUNTIME_DIR", folder, 1);
}

static void no_observer_and_no_picture_are_errors(void **state)
{
	struct rcumem_observer_info info = {.sz = sizeof(info)};
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct rcumem_observer *observer;

	observed_start();
	observer = rcumem_observe(PREFIX);
	assert_non_null(observer);
	assert_fails(rcumem_observer_check(NULL, NULL, NULL), EINVAL);
	assert_fails(rcumem_observer_info_get(NULL, &info), EINVAL);
	assert_fails(rcumem_observer_stats_get(NULL, &stats), EINVAL);
	assert_fails(rcumem_observer_processes(NULL, NULL, 0), EINVAL);
	assert_fails(rcumem_observer_list_walk(NULL, count_list, NULL), EINVAL);
	assert_fails(rcumem_observer_walk(NULL, count_page, NULL), EINVAL);
	assert_fails(rcumem_observer_info_get(observer, &info), ENODATA);
	assert_fails(rcumem_observer_stats_get(observer, &stats), ENODATA);
	assert_fails(rcumem_observer_processes(observer, NULL, 0), ENODATA);
	assert_fails(rcumem_observer_list_walk(observer, count_list, NULL), ENODATA);
	assert_fails(rcumem_observer_walk(observer, count_page, NULL), ENODATA);
	info.sz--;
	stats.sz--;
	assert_fails(rcumem_observer_info_get(observer, &info), EINVAL);
	assert_fails(rcumem_observer_info_get(observer, NULL), EINVAL);
	assert_fails(rcumem_observer_stats_get(observer, &stats), EINVAL);
	assert_fails(rcumem_observer_processes(observer, NULL, 1), EINVAL);
	assert_fails(rcumem_observer_list_walk(observer, NULL, NULL), EINVAL);
	assert_fails(rcumem_observer_walk(observer, NULL, NULL), EINVAL);
	rcumem_observer_close(observer);
	runtime_stop();
}

#ifdef RCU_PAUSE_POINTS
static void change(const char *point)
{
	if (strcmp(point, "image.read") == 0)
		runtime_region()->stats.allocs++;
}

static void never_stand_still(bool on)
{
	test_point_hook = on ? change : NULL;
}
#else
static void never_stand_still(bool on)
{
	skip(); /* Needs a build with pause points. */
}
#endif

static void no_instant_between_operations_is_to_be_tried_again(void **state)
{
	struct rcumem_observer *observer;

	never_stand_still(false);
	observed_start();
	observer = rcumem_observe(PREFIX);
	never_stand_still(true);
	assert_fails(rcumem_observer_check(observer, NULL, NULL), EAGAIN);
	never_stand_still(false);
	assert_fails(rcumem_observer_walk(observer, count_page, NULL), ENODATA);
	rcumem_observer_close(observer);
	runtime_stop();
}

/* ---- False runtimes: a socket where a process's would be, and what it answers ---- */

static struct {
	int fd;
	struct join_answer answer;
	bool silent;
	int given; /* Given as every descriptor. */
} liar;

static int lie(void *arg)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(3 * sizeof(int))] = {0};
	struct iovec iov = {&liar.answer, sizeof(liar.answer)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&msg);
	int fds[3] = {liar.given, liar.given, liar.given};
	int fd = accept(liar.fd, NULL, NULL);
	struct join_question question;

	(void)arg;
	if (recv(fd, &question, sizeof(question), 0) != sizeof(question))
		return -1;
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	sendmsg(fd, &msg, MSG_NOSIGNAL);
	close(fd);
	return 0;
}

static struct rcumem_observer *observe_liar(void)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	struct rcumem_observer *observer;
	char path[96];
	struct actor actor;

	snprintf(path, sizeof(path), "%s/" PREFIX, folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/0", path);
	liar.fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(liar.fd, (struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(liar.fd, 8), 0);
	actor_start(&actor);
	if (!liar.silent)
		actor_begin(&actor, lie, NULL);
	observer = rcumem_observe(PREFIX);
	if (!liar.silent)
		actor_end(&actor);
	actor_stop(&actor);
	close(liar.fd);
	unlink(addr.sun_path);
	rmdir(path);
	return observer;
}

static void liar_new(void)
{
	memset(&liar, 0, sizeof(liar));
	liar.given = STDERR_FILENO;
	liar.answer = (struct join_answer){
		.magic = REGION_MAGIC,
		.version = REGION_VERSION,
		.fingerprint = region_fingerprint(),
		.n_fds = 3,
	};
}

static void processes_of_another_build_are_a_protocol_error(void **state)
{
	liar_new();
	liar.answer.fingerprint ^= 1;
	assert_null(observe_liar());
	assert_int_equal(rte_errno, EPROTO);
}

static void processes_that_do_not_answer_time_out(void **state)
{
	liar_new();
	liar.silent = true;
	assert_null(observe_liar());
	assert_int_equal(rte_errno, ETIMEDOUT);
}

static void what_is_no_control_region_is_a_bad_message(void **state)
{
	struct rcumem_observer *observer;

	liar_new();
	liar.given = open("/dev/null", O_RDWR | O_CLOEXEC);
	observer = observe_liar();
	close(liar.given);
	assert_non_null(observer);
	assert_fails(rcumem_observer_check(observer, NULL, NULL), EBADMSG);
	assert_fails(rcumem_observer_walk(observer, count_page, NULL), ENODATA);
	rcumem_observer_close(observer);
}

#define FOLDER_CASE(name) cmocka_unit_test_setup_teardown(name, folder_setup, folder_teardown)

int main(void)
{
	const struct CMUnitTest cases[] = {
		FOLDER_CASE(a_picture_shows_what_is_there),
		FOLDER_CASE(a_picture_stays_until_the_next),
		FOLDER_CASE(what_is_wrong_is_reported),
		FOLDER_CASE(an_observer_cannot_write),
		FOLDER_CASE(a_process_without_a_runtime_can_look),
		FOLDER_CASE(another_users_runtime_is_no_access),
		FOLDER_CASE(a_prefix_that_cannot_be_is_invalid),
		FOLDER_CASE(a_name_that_nobody_has_is_no_entry),
		FOLDER_CASE(a_path_that_is_too_long_is_refused),
		FOLDER_CASE(no_observer_and_no_picture_are_errors),
		FOLDER_CASE(no_instant_between_operations_is_to_be_tried_again),
		FOLDER_CASE(processes_of_another_build_are_a_protocol_error),
		FOLDER_CASE(processes_that_do_not_answer_time_out),
		FOLDER_CASE(what_is_no_control_region_is_a_bad_message),
	};

	return RUN_CASES("observer", cases);
}
