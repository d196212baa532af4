/* SPDX-License-Identifier: BSD-3-Clause */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "os.h"
#include "point.h"
#include "rundir.h"

#define OPEN_ATTEMPTS  100 /* The last process of a runtime may remove its directory meanwhile. */
#define LISTEN_BACKLOG 64

/* 0, or -ENAMETOOLONG with a message. */
static int fits(int len)
{
	if (len >= 0 && len < RUNDIR_PATH_LEN)
		return 0;
	log_message(LOG_ERROR, "the path of the runtime directory is too long");
	return -ENAMETOOLONG;
}

static int root_path(char path[RUNDIR_PATH_LEN])
{
	const char *own = getenv("RCUMEM_RUNTIME_DIR");
	const char *xdg = getenv("XDG_RUNTIME_DIR");
	int len;

	if (own && own[0])
		len = snprintf(path, RUNDIR_PATH_LEN, "%s", own);
	else if (xdg && xdg[0])
		len = snprintf(path, RUNDIR_PATH_LEN, "%s/rcumem", xdg);
	else if (geteuid() == 0)
		len = snprintf(path, RUNDIR_PATH_LEN, "/run/rcumem");
	else
		len = snprintf(path, RUNDIR_PATH_LEN, "/tmp/rcumem-%u", (unsigned int)geteuid());
	return fits(len);
}

/* A directory of ours that others cannot enter: its fd. */
static int open_own(const char *path)
{
	struct stat st;
	int fd;

	if (mkdir(path, 0700) && errno != EEXIST)
		return -errno;
	fd = os_fd_keep(open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
	if (fd < 0)
		return fd == -ENOTDIR || fd == -ELOOP ? -EACCES : fd;
	if (fstat(fd, &st) || st.st_uid != geteuid() || (st.st_mode & 077)) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

/* True when the locked directory is still the one of its path. */
static bool is_current(const struct rundir *dir)
{
	struct stat here, there;

	return fstat(dir->fd, &here) == 0 && stat(dir->path, &there) == 0 &&
	       here.st_ino == there.st_ino && here.st_dev == there.st_dev;
}

int rundir_lock(struct rundir *dir, uint64_t timeout_ns)
{
	uint64_t begin = os_now_ns();

	while (flock(dir->fd, LOCK_EX | LOCK_NB)) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return -errno;
		if (os_now_ns() - begin >= timeout_ns)
			return -ETIMEDOUT;
		nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
	}
	return 0;
}

void rundir_unlock(struct rundir *dir)
{
	flock(dir->fd, LOCK_UN);
}

static int open_and_lock(struct rundir *dir, uint64_t timeout_ns)
{
	int root = open_own(dir->root);
	int err;

	if (root < 0)
		return root;
	close(root);
	TEST_POINT("rundir.root");
	dir->fd = open_own(dir->path);
	if (dir->fd < 0)
		return dir->fd;
	TEST_POINT("rundir.made");
	err = rundir_lock(dir, timeout_ns);
	if (!err && !is_current(dir))
		err = -ENOENT;
	if (err) {
		close(dir->fd);
		dir->fd = -1;
	}
	return err;
}

int rundir_open(struct rundir *dir, const char *prefix, uint64_t timeout_ns)
{
	int err = root_path(dir->root);
	int len;

	dir->fd = -1;
	if (err)
		return err;
	len = snprintf(dir->path, sizeof(dir->path), "%s/%s", dir->root, prefix);
	err = fits(len);
	if (err)
		return err;
	for (int i = 0; i < OPEN_ATTEMPTS; i++) {
		err = open_and_lock(dir, timeout_ns);
		if (err != -ENOENT)
			break;
	}
	if (err == -EACCES)
		log_message(LOG_ERROR, "%s: not a directory of this user's alone", dir->path);
	if (err == -ETIMEDOUT)
		log_message(LOG_ERROR,
			"%s: another process has been joining or leaving for too long", dir->path);
	return err;
}

void rundir_close(struct rundir *dir, bool locked)
{
	if (dir->fd < 0)
		return;
	TEST_POINT("rundir.remove");
	/* Both fail where something is left.  Without the lock, somebody may be about to listen. */
	if (locked && rmdir(dir->path) == 0 && getenv("RCUMEM_RUNTIME_DIR") == NULL)
		rmdir(dir->root);
	TEST_POINT("rundir.removed");
	if (locked)
		rundir_unlock(dir); /* A child that was forked just now may have the descriptor. */
	close(dir->fd);
	dir->fd = -1;
}

/* The end of a directory leaves errno alone. */
static const struct dirent *next_entry(DIR *list)
{
	errno = 0;
	return readdir(list);
}

int rundir_each(const struct rundir *dir, int (*fn)(void *ctx, uint32_t slot), void *ctx)
{
	int fd = openat(dir->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry = NULL;
	int ret = 0;

	if (list == NULL) {
		ret = -errno;
		if (fd >= 0)
			close(fd);
		return ret;
	}
	while (ret == 0 && (entry = next_entry(list)) != NULL) {
		char *end;
		unsigned long slot = strtoul(entry->d_name, &end, 10);

		if (end != entry->d_name && *end == 0 && slot <= UINT32_MAX)
			ret = fn(ctx, (uint32_t)slot);
	}
	if (entry == NULL) /* What cannot be read is not empty. */
		ret = -errno;
	closedir(list);
	return ret;
}

static int new_socket(const struct rundir *dir, uint32_t slot, struct sockaddr_un *addr)
{
	int fd = os_fd_keep(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));

	*addr = (struct sockaddr_un){.sun_family = AF_UNIX};
	snprintf(addr->sun_path, sizeof(addr->sun_path), "%s/%u", dir->path, slot);
	return fd;
}

int rundir_listen(const struct rundir *dir, uint32_t slot)
{
	struct sockaddr_un addr;
	int fd = new_socket(dir, slot, &addr);
	int err;

	if (fd < 0)
		return fd;
	rundir_unlink(dir, slot);
	TEST_POINT("rundir.bind");
	if (bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, LISTEN_BACKLOG)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int rundir_connect(const struct rundir *dir, uint32_t slot)
{
	struct sockaddr_un addr;
	int fd = new_socket(dir, slot, &addr);
	int err;

	if (fd >= 0 && connect(fd, (struct sockaddr *)&addr, sizeof(addr))) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

void rundir_unlink(const struct rundir *dir, uint32_t slot)
{
	char name[16];

	snprintf(name, sizeof(name), "%u", slot);
	unlinkat(dir->fd, name, 0);
}
