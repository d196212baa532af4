/* SPDX-License-Identifier: BSD-3-Clause */
/* vhost-fwd as a process: its command line and those of its companions, its limits, its end. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/ptrace.h>
#include <sys/resource.h>
#include <time.h>

#include "vhost_client.h"

/* ---- No descriptor left ---- */

/* Ticks of processor time of the control thread. */
static unsigned long control_time(void)
{
	unsigned long user, system;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/stat", (int)backend.pid, (int)backend.pid);
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(
		fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
			&user, &system),
		2);
	fclose(file);
	return user + system;
}

static void a_connection_waits_without_a_busy_loop_for_a_descriptor(void **state)
{
	struct rlimit before, none = {0};
	struct client client;
	unsigned long ticks;

	assert_int_equal(prlimit(backend.pid, RLIMIT_NOFILE, NULL, &before), 0);
	none.rlim_max = before.rlim_max;
	assert_int_equal(prlimit(backend.pid, RLIMIT_NOFILE, &none, NULL), 0);
	client = client_connect();
	ticks = control_time();
	sleep(1);
	assert_in_range(control_time() - ticks, 0, sysconf(_SC_CLK_TCK) / 10);
	assert_int_equal(prlimit(backend.pid, RLIMIT_NOFILE, &before, NULL), 0);
	client_agree(&client);
	client_close(&client);
}

/* ---- The end ---- */

/* The thread beside the first one. */
static pid_t data_thread_of(pid_t pid)
{
	char path[64];
	pid_t found = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	dir = opendir(path);
	assert_non_null(dir);
	for (const struct dirent *entry; (entry = readdir(dir));)
		if (atoi(entry->d_name) > 0 && atoi(entry->d_name) != pid)
			found = atoi(entry->d_name);
	closedir(dir);
	return found;
}

/* Of a thread or process, within ten seconds; the back end is killed then. */
static int status_at_end(pid_t pid, int options)
{
	int status = -1;

	for (unsigned int i = 0; i < 1000; i++) {
		pid_t got = waitpid(pid, &status, options | WNOHANG);

		assert_int_not_equal(got, -1);
		if (got == pid)
			return status;
		usleep(10000);
	}
	kill(backend.pid, SIGKILL);
	while (waitpid(-1, NULL, __WALL) > 0)
		;
	fail_msg("%d does not end", (int)pid);
	return -1;
}

static void sigterm_ends_it_although_the_data_thread_stands_still(void **state)
{
	struct client client = client_connect();
	struct vhost_slot slot = client_slot(&client, 0, REGION_LEN);
	pid_t thread = data_thread_of(backend.pid);

	client_agree(&client);
	assert_int_equal(
		client_tell(&client, VHOST_ADD_MEM_REG, &slot, sizeof(slot), client.file), 0);
	if (ptrace(PTRACE_SEIZE, thread, NULL, NULL))
		skip();
	assert_int_equal(ptrace(PTRACE_INTERRUPT, thread, NULL, NULL), 0);
	assert_true(WIFSTOPPED(status_at_end(thread, __WALL)));
	client_free(&client); /* What it had cannot be freed. */
	usleep(100000);
	kill(backend.pid, SIGTERM);
	status_at_end(thread, __WALL);
	assert_int_equal(status_at_end(backend.pid, 0), 1 << 8);
	assert_true(backend_said("the data thread stands still") > 0);
	unlink(backend.path);
	backend_start(NULL);
}

/* ---- Command lines ---- */

/* The status of a program that is given these words. */
static int status_of(const char *name, const char *words)
{
	char program[512], line[1024];
	int status;

	build_path(program, sizeof(program), name);
	snprintf(line, sizeof(line), "'%s' %s >/dev/null 2>&1", program, words);
	status = system(line);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void a_file_that_is_no_socket_is_not_removed(void **state)
{
	char path[128], words[160];

	(void)state;
	snprintf(path, sizeof(path), "%s/file", backend.dir);
	snprintf(words, sizeof(words), "-q -t 1 -s '%s'", path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	assert_int_equal(status_of("vhost-fwd", words), 1);
	assert_int_equal(unlink(path), 0);
}

static void it_ends_after_the_seconds_whatever_the_interval(void **state)
{
	struct timespec begin, end;
	char words[160];
	double seconds;

	snprintf(words, sizeof(words), "-q -t 1 -i 20000 -s '%s/other'", backend.dir);
	clock_gettime(CLOCK_MONOTONIC, &begin);
	assert_int_equal(status_of("vhost-fwd", words), 0);
	clock_gettime(CLOCK_MONOTONIC, &end);
	seconds = (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9;
	assert_true(seconds >= 1 && seconds < 15);
}

static void wrong_usage_is_status_64(void **state)
{
	static const char *const bad[][2] = {
		{"vhost-fwd", ""},
		{"vhost-fwd", "-s /a --lookup both"},
		{"vhost-fwd", "-s '' -t 1"},
		{"vhost-fwd", "-s /a --interval 3600001"},
		{"vhost-fwd", "-s /a --interval 0"},
		{"vhost-fwd", "-s /a --seconds 18446744073709551616"},
		{"vhost-fwd", "-s /a --data-cpu -1"},
		{"vhost-fwd", "-s /a more"},
		{"vhost-peer", ""},
		{"vhost-peer", "-s /a --regions 1"},
		{"vhost-peer", "-s /a --size 60x"},
		{"vhost-peer", "-s /a --huge --region-kb 2047"},
		{"vhost-churn", "-l /a"},
		{"vhost-churn", "-l /a -c /b --pieces 1"},
		{"vhost-churn", "-l /a -c /b --pieces 9"},
		{"vhost-churn", "-l /a -c /b --pieces two"},
		{"vhost-churn", "-l /a -c /b --rate -1"},
		{"vhost-churn", "-l /a -c /b --rate ''"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (status_of(bad[i][0], bad[i][1]) != 64)
			fail_msg("%s %s", bad[i][0], bad[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_waits_without_a_busy_loop_for_a_descriptor),
		cmocka_unit_test(sigterm_ends_it_although_the_data_thread_stands_still),
		cmocka_unit_test(a_file_that_is_no_socket_is_not_removed),
		cmocka_unit_test(it_ends_after_the_seconds_whatever_the_interval),
		cmocka_unit_test(wrong_usage_is_status_64),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
