/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef VHOST_BACKEND_H
#define VHOST_BACKEND_H

/*
 * The vhost-fwd process of a test program: starting it, ending it, and what
 * can be seen of it from outside.  Every step asserts.
 */

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- The back end ---- */

struct backend {
	char dir[64], path[96], log[96], program[256];
	pid_t pid;
};

/* The one that a test program talks to. */
static struct backend backend;

#define ENDS() backend_said("connection closed")

/* A program of the build: tests and tools lie side by side in it. */
static inline void build_path(char *out, size_t len, const char *name)
{
	char self[192];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	assert_true(n > 0);
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	snprintf(out, len, "%s/../../tools/vhost-fwd/%s", self, name);
}

static inline void backend_start(char *const *extra)
{
	char *argv[16] = {backend.program, "--quiet", "--socket", backend.path};
	int argc = 4;

	while (extra && *extra && argc < 15)
		argv[argc++] = *extra++;
	backend.pid = fork();
	assert_true(backend.pid >= 0);
	if (backend.pid == 0) {
		int log = open(backend.log, O_WRONLY | O_CREAT | O_APPEND, 0600);

		dup2(log, STDERR_FILENO);
		execv(backend.program, argv);
		_exit(127);
	}
	for (unsigned int i = 0; i < 500 && access(backend.path, F_OK); i++)
		usleep(10000);
	assert_int_equal(access(backend.path, F_OK), 0);
}

static inline void backend_init(void)
{
	strcpy(backend.dir, "/tmp/test-vhost.XXXXXX");
	assert_non_null(mkdtemp(backend.dir));
	snprintf(backend.path, sizeof(backend.path), "%s/sock", backend.dir);
	snprintf(backend.log, sizeof(backend.log), "%s/log", backend.dir);
	build_path(backend.program, sizeof(backend.program), "vhost-fwd");
}

/* It must end well: neither killed nor failed. */
static inline void backend_stop(void)
{
	int status = -1;

	kill(backend.pid, SIGTERM);
	assert_int_equal(waitpid(backend.pid, &status, 0), backend.pid);
	assert_int_equal(status, 0);
}

static inline void backend_fini(void)
{
	unlink(backend.log);
	rmdir(backend.dir);
}

/* How often `text` stands in the log. */
static inline unsigned int backend_said(const char *text)
{
	static char log[1 << 16];
	FILE *file = fopen(backend.log, "r");
	unsigned int cnt = 0;

	if (!file)
		return 0;
	log[fread(log, 1, sizeof(log) - 1, file)] = '\0';
	fclose(file);
	for (const char *at = log; (at = strstr(at, text)); at++)
		cnt++;
	return cnt;
}

/* ---- What a peer must not be able to leave behind ---- */

static inline unsigned int count_descriptors(void)
{
	unsigned int cnt = 0;
	char path[64];
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)backend.pid);
	dir = opendir(path);
	assert_non_null(dir);
	while (readdir(dir))
		cnt++;
	closedir(dir);
	return cnt;
}

/* Mappings of files that clients made. */
static inline unsigned int count_mappings(void)
{
	char path[64], line[512];
	unsigned int cnt = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)backend.pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof(line), file))
		cnt += strstr(line, "memfd:client") != NULL;
	fclose(file);
	return cnt;
}

static unsigned int descriptors_at_start;

static inline int setup(void **state)
{
	backend_init();
	backend_start(NULL);
	descriptors_at_start = count_descriptors();
	*state = &descriptors_at_start;
	return 0;
}

static inline int teardown(void **state)
{
	backend_stop();
	backend_fini();
	return 0;
}

#endif /* VHOST_BACKEND_H */
