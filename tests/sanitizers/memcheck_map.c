/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a program under memcheck, which looks at every byte of a
 * range that mprotect() makes accessible: the control region has 18 GiB of
 * them.  Such a range is mapped accessible at once, which costs it nothing.
 */

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LARGE (1ull << 24)

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	if (len >= LARGE && prot == PROT_NONE)
		prot = PROT_READ | PROT_WRITE;
	return (void *)(uintptr_t)syscall(__NR_mmap, addr, len, prot, flags, fd, off);
}

/* The same, on this machine, for programs built with _FILE_OFFSET_BITS. */
void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	return mmap(addr, len, prot, flags, fd, off);
}

int mprotect(void *addr, size_t len, int prot)
{
	if (len >= LARGE && prot == (PROT_READ | PROT_WRITE))
		return 0;
	return (int)syscall(__NR_mprotect, addr, len, prot);
}
