/* SPDX-License-Identifier: BSD-3-Clause */
/* Files and mappings: memfds, sealed, at fixed addresses. */

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os.h"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif
#ifndef MFD_HUGE_SHIFT
#define MFD_HUGE_SHIFT 26
#endif

int os_fd_keep(int fd)
{
	int err = errno;
	int high = fd;

	if (fd >= 0 && fd <= STDERR_FILENO) {
		high = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		err = EMFILE; /* The kernel says EINVAL where the limit is so low. */
		close(fd);
	}
	return high < 0 ? -err : high;
}

int os_memfd(const char *name, uint64_t page_sz, uint64_t len)
{
	unsigned int flags = MFD_CLOEXEC | MFD_ALLOW_SEALING;
	struct rlimit limit;
	int fd, err;

	/* Beyond the limit on file sizes the kernel would send a signal instead of an error. */
	if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur < len)
		return -ENOMEM;
	if (page_sz > OS_PAGE)
		flags |= MFD_HUGETLB | ((unsigned int)__builtin_ctzll(page_sz) << MFD_HUGE_SHIFT);
	fd = os_fd_keep(memfd_create(name, flags));
	if (fd < 0)
		return fd;
	if (ftruncate(fd, (off_t)len) ||
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

/* A forked child would use the parent's memory without a guard; a core dump of it would be useless
 * and huge. */
static int keep_private(void *va, uint64_t len)
{
	return madvise(va, len, MADV_DONTFORK) || madvise(va, len, MADV_DONTDUMP) ? -errno : 0;
}

/* Map inaccessible memory at `va`: under mlockall(MCL_FUTURE) this takes no page. */
static int map_fixed(int fd, void *va, uint64_t len)
{
	void *got =
		mmap(va, len, PROT_NONE, MAP_SHARED | MAP_NORESERVE | MAP_FIXED_NOREPLACE, fd, 0);
	int err;

	if (got == MAP_FAILED)
		return -errno;
	if (got != va) { /* A kernel that does not know MAP_FIXED_NOREPLACE takes it as a hint. */
		munmap(got, len);
		return -EEXIST;
	}
	err = keep_private(va, len);
	if (err)
		munmap(va, len);
	return err;
}

/* What mlockall() would lock would also be filled: sparse memory is exempt. */
static int make_accessible(void *va, uint64_t len)
{
	munlock(va, len);
	return mprotect(va, len, PROT_READ | PROT_WRITE) ? -errno : 0;
}

int os_map_shared(int fd, void *va, uint64_t len)
{
	int err = map_fixed(fd, va, len);

	if (!err) {
		err = make_accessible(va, len);
		if (err)
			munmap(va, len);
	}
	return err;
}

int os_map_backing(int fd, void *va, uint64_t len, int guard_fd)
{
	int err = map_fixed(fd, va, len);

	if (err)
		return err;
	if (guard_fd >= 0)
		err = os_guard_add(guard_fd, va, len);
	if (!err)
		err = make_accessible(va, len);
	if (err)
		munmap(va, len);
	return err;
}

void *os_map_part(int fd, uint64_t off, uint64_t len)
{
	void *va = mmap(NULL, len, PROT_NONE, MAP_SHARED | MAP_NORESERVE, fd, (off_t)off);

	if (va == MAP_FAILED)
		return NULL;
	if (keep_private(va, len) == 0 && make_accessible(va, len) == 0)
		return va;
	munmap(va, len);
	return NULL;
}

int os_range_free(uint64_t base, uint64_t len)
{
	void *want = (void *)(uintptr_t)base;
	void *got = mmap(want, len, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

	if (got == MAP_FAILED)
		return -errno;
	munmap(got, len);
	return got == want ? 0 : -EEXIST;
}

void os_unmap(void *va, uint64_t len)
{
	munmap(va, len);
}

void *os_map_anonymous(uint64_t len)
{
	void *va = mmap(NULL, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (va == MAP_FAILED)
		return NULL;
	if (make_accessible(va, len) == 0)
		return va;
	munmap(va, len);
	return NULL;
}
