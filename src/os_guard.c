/* SPDX-License-Identifier: BSD-3-Clause */
/* userfaultfd as a guard: an access to a hole raises SIGBUS (EFAULT in a system call) instead of
 * taking a page. */

#include <errno.h>
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "os.h"

#ifndef UFFD_USER_MODE_ONLY
#define UFFD_USER_MODE_ONLY 1
#endif

int os_guard_open(void)
{
	struct uffdio_api api = {
		.api = UFFD_API,
		.features = UFFD_FEATURE_SIGBUS | UFFD_FEATURE_MISSING_HUGETLBFS |
			    UFFD_FEATURE_MISSING_SHMEM,
	};
	/* User mode only: needs no privilege, and a fault inside the kernel fails at once, which is
	 * what a guard wants. */
	int fd = os_fd_keep(
		(int)syscall(__NR_userfaultfd, O_CLOEXEC | O_NONBLOCK | UFFD_USER_MODE_ONLY));
	int err;

	if (fd < 0)
		return fd;
	if (ioctl(fd, UFFDIO_API, &api)) {
		err = -errno;
		close(fd);
		return err;
	}
	return fd;
}

int os_guard_add(int guard_fd, void *va, uint64_t len)
{
	struct uffdio_register reg = {
		.range = {.start = (uint64_t)(uintptr_t)va, .len = len},
		.mode = UFFDIO_REGISTER_MODE_MISSING,
	};

	return ioctl(guard_fd, UFFDIO_REGISTER, &reg) ? -errno : 0;
}

int os_guard_fill(int guard_fd, void *va, uint64_t len)
{
	struct uffdio_zeropage zero = {
		.range = {.start = (uint64_t)(uintptr_t)va, .len = len},
	};

	while (zero.range.len && ioctl(guard_fd, UFFDIO_ZEROPAGE, &zero)) {
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		/* It was interrupted, and tells how far it came. */
		if (zero.zeropage > 0) {
			zero.range.start += (uint64_t)zero.zeropage;
			zero.range.len -= (uint64_t)zero.zeropage;
		}
	}
	return 0;
}
