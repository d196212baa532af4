/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Preloaded into a program under memcheck, which looks at every byte of a
 * range that mprotect() makes accessible: the control region has 18 GiB of
 * them.  Such a range is mapped accessible at once, which costs it nothing.
 *
 * A child of fork() has nothing where MADV_DONTFORK was, of which memcheck does not
 * know: looking for leaks it would take a SIGSEGV for each word there.  It is told
 * by unmapping what is not mapped.
 */

#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
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

#define RANGES 2048 /* A space has 509 regions, and is replaced whole. */

/* Not for the child.  Tests change them in one thread at a time. */
static struct {
	char *va; /* NULL: none. */
	size_t len;
} ranges[RANGES];

int madvise(void *va, size_t len, int advice)
{
	for (int i = 0; advice == MADV_DONTFORK; i++) {
		if (i == RANGES)
			abort();
		if (ranges[i].va && ranges[i].va != va)
			continue;
		ranges[i].va = va;
		ranges[i].len = len;
		break;
	}
	return (int)syscall(__NR_madvise, va, len, advice);
}

int munmap(void *va, size_t len)
{
	for (int i = 0; i < RANGES; i++)
		if (ranges[i].va >= (char *)va && ranges[i].va + ranges[i].len <= (char *)va + len)
			ranges[i].va = NULL;
	return (int)syscall(__NR_munmap, va, len);
}

static void in_child(void)
{
	for (int i = 0; i < RANGES; i++)
		if (ranges[i].va)
			munmap(ranges[i].va, ranges[i].len);
}

__attribute__((constructor)) static void begin(void)
{
	pthread_atfork(NULL, NULL, in_child);
}
