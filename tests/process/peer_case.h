/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_CASE_H
#define PEER_CASE_H

/*
 * A case with peers: before it a runtime directory of its own, after it the
 * proof that everything is gone.
 *
 * 1. Peers that still live are killed; no child is left.
 * 2. The next process that comes finds no runtime, whoever was killed, and
 *    leaves no file, no socket and no directory.
 * 3. As many hugepages are taken, and as much shared memory, as before.
 * 4. Every case runs with 4 KiB pages, with 2 MiB pages where there are some,
 *    and as an unprivileged user.
 */

#include "peer_ops.h"
#include "support_call.h"

static struct {
	char dir[64];
	long shmem_kib;
} peer_case;

static inline long shmem_kib(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	long kib = 0;

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "Shmem: %ld", &kib) == 1)
			break;
	if (file)
		fclose(file);
	return kib;
}

static inline int peer_setup(void **state)
{
	(void)state;
	baseline_take();
	n_peers = 0;
	peer_case.shmem_kib = shmem_kib();
	snprintf(peer_case.dir, sizeof(peer_case.dir), "/tmp/rcumem-test-XXXXXX");
	if (!mkdtemp(peer_case.dir))
		return -1;
	return setenv("RCUMEM_RUNTIME_DIR", peer_case.dir, 1);
}

/* Names in the runtime directory, or in one below it: how many, and the last of them. */
static inline int names_in(const char *below, char *name, size_t len)
{
	char path[160];
	const struct dirent *entry;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", peer_case.dir, below);
	dir = opendir(path);
	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
			n++;
			if (name)
				snprintf(name, len, "%.60s", entry->d_name);
		}
	if (dir)
		closedir(dir);
	return dir ? n : 0;
}

/* (): joins what must not be there, and so clears away what the killed have left. */
static inline int64_t op_sweep(const int64_t *arg)
{
	struct rcumem_options opts = peer_options();

	(void)arg;
	opts.prefix = peer_asked.text;
	opts.attach = RCUMEM_ATTACH_JOIN;
	return rcumem_init(&opts) == -1 && rte_errno == ENOENT ? 0 : -1;
}

/* 0, or -1 with a message: something is left. */
static inline int peer_sweep(void)
{
	static struct peer sweeper;
	const int64_t none[PEER_ARGS] = {0};
	char name[64] = "";
	int bad = 0;

	while (!bad && names_in("", name, sizeof(name)) > 0) {
		bad = peer_try(&sweeper, "sweeper", &(struct peer_how){0});
		if (bad)
			break;
		peer_begin_text(&sweeper, op_sweep, name, none);
		bad = peer_wait(&sweeper, PEER_TIMEOUT_MS) != PEER_ANSWERED ||
		      sweeper.reply.value != 0 || names_in(name, NULL, 0) != 0;
		kill(sweeper.pid, SIGKILL);
		peer_reap(&sweeper);
		if (bad)
			print_error(
				"what is left of \"%s\" does not go: %s", name, peer_log(&sweeper));
		peer_delist();
	}
	if (rmdir(peer_case.dir) != 0) {
		print_error("%s: %s\n", peer_case.dir, strerror(errno));
		bad = -1;
	}
	return bad ? -1 : 0;
}

/* Does another process map the lists of a runtime?  Then the figures tell nothing about this one.
 */
static inline bool others_have_lists(void)
{
	DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	while (proc && !found && (entry = readdir(proc))) {
		char path[300], line[512];
		FILE *maps;

		if (atoi(entry->d_name) <= 0)
			continue;
		snprintf(path, sizeof(path), "/proc/%s/maps", entry->d_name);
		maps = fopen(path, "re");
		while (maps && !found && fgets(line, sizeof(line), maps))
			found = strstr(line, "/memfd:memseg") != NULL;
		if (maps)
			fclose(maps);
	}
	if (proc)
		closedir(proc);
	return found;
}

static inline bool shmem_is_back(void)
{
	bool others = false;

	for (int i = 0; i < 100; i++) {
		if (shmem_kib() <= peer_case.shmem_kib + 4096)
			return true;
		others |= others_have_lists();
		sleep_ms(50);
	}
	if (others) {
		print_message("shared memory: others take some as well, not compared\n");
		return true;
	}
	print_error("shared memory: %ld KiB before, %ld after\n", peer_case.shmem_kib, shmem_kib());
	return false;
}

static inline int peer_teardown(void **state)
{
	int bad = 0;

	(void)state;
	for (unsigned int i = 0; i < n_peers; i++) {
		if (peers[i]->pid > 0)
			kill(peers[i]->pid, SIGKILL);
		peer_reap(peers[i]);
		close(peers[i]->log_fd);
	}
	n_peers = 0;
	if (peer_sweep() != 0)
		bad = -1;
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD) {
		print_error("a child is left\n");
		bad = -1;
	}
	if (baseline_check() != 0 || !shmem_is_back())
		bad = -1;
	return bad;
}

#define PEER_CASE(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

/* ---- The run ---- */

/* The whole program again as a user without privilege: its exit status. */
static inline int peer_run_as_nobody(void)
{
	int status = 0;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		if (become_nobody() == 0 && setenv("RCUMEM_TEST_PAGES", "4k", 1) == 0)
			execl("/proc/self/exe", "unprivileged", NULL);
		_exit(121);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static inline int run_peer_cases(
	int argc, char **argv, const char *name, const struct CMUnitTest *cases, size_t n)
{
	const char *pages = getenv("RCUMEM_TEST_PAGES");
	bool root = geteuid() == 0;
	char title[64];
	int failed;

	(void)argc;
	(void)argv;
	snprintf(title, sizeof(title), "%s%s", name, root ? "" : ", unprivileged");
	failed = run_cases(title, cases, n);
	if (root && (!pages || strcmp(pages, "2m") != 0))
		failed |= peer_run_as_nobody();
	return failed;
}

/* All of main(). */
#define PEER_MAIN(name, cases)                                                                     \
	int main(int argc, char **argv)                                                            \
	{                                                                                          \
		peer_main(argc, argv);                                                             \
		return run_peer_cases(argc, argv, name, cases, ARRAY_LEN(cases));                  \
	}

#endif /* PEER_CASE_H */
