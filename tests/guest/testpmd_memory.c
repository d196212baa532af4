/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Loaded into an unmodified dpdk-testpmd (LD_PRELOAD), which has no option for
 * memory of others: where it asks the kernel for anonymous hugepages for
 * --mp-alloc=xmemhuge, it gets the file that EXTMEM_PATH and EXTMEM_OFF name.
 */

#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

PUBLIC void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	const char *path = getenv("EXTMEM_PATH"), *at = getenv("EXTMEM_OFF");

	/* DPDK's EAL says where it wants its own. */
	if (path && at && addr == NULL && fd == -1 && (flags & MAP_HUGETLB)) {
		fd = open(path, O_RDWR | O_CLOEXEC);
		off = (off_t)strtoull(at, NULL, 0);
		flags = MAP_SHARED;
	}
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, off);
}

PUBLIC void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t off)
{
	return mmap(addr, len, prot, flags, fd, off);
}
