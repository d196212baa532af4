/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>

#include "inject.h"
#include "kinds.h"

#define FAILS(name, ...)                                                                           \
	{                                                                                          \
		__NR_##name, #name, false, {__VA_ARGS__}, NULL                                     \
	}
#define DONE(name, ...)                                                                            \
	{                                                                                          \
		__NR_##name, #name, true, {__VA_ARGS__}, NULL                                      \
	}
#define NEVER(name, why)                                                                           \
	{                                                                                          \
		__NR_##name, #name, false, {0}, why                                                \
	}

static const struct kind kinds[] = {
	{INJECT_MALLOC, "malloc", false, {ENOMEM}, NULL},
	FAILS(accept4, EMFILE),
	FAILS(bind, EROFS),
	FAILS(brk, ENOMEM),
	FAILS(clock_nanosleep, EINTR),
	FAILS(clone3, EAGAIN),
	DONE(close, EIO),
	FAILS(connect, EAGAIN, EACCES),
	FAILS(eventfd2, EMFILE),
	FAILS(fallocate, ENOSPC, EINTR),
	FAILS(fcntl, ENOLCK),
	FAILS(flock, ENOLCK, EINTR),
	FAILS(ftruncate, ENOMEM),
	FAILS(get_mempolicy, ENOSYS),
	FAILS(getdents64, ENOMEM),
	FAILS(getsockopt, ENOMEM),
	FAILS(ioctl, EINVAL),
	FAILS(listen, EADDRINUSE),
	FAILS(lseek, EINVAL),
	FAILS(madvise, ENOMEM, EINTR),
	FAILS(membarrier, ENOSYS),
	FAILS(memfd_create, EMFILE),
	FAILS(mkdir, EROFS),
	FAILS(mmap, ENOMEM),
	FAILS(mprotect, ENOMEM),
	FAILS(munlock, ENOMEM),
	FAILS(munmap, ENOMEM),
	FAILS(newfstatat, ENOMEM),
	FAILS(openat, EMFILE),
	FAILS(poll, EINTR, ENOMEM),
	FAILS(pread64, EIO, EINTR),
	FAILS(prlimit64, EPERM),
	FAILS(read, EIO),
	FAILS(recvfrom, EAGAIN),
	FAILS(recvmsg, ECONNRESET),
	FAILS(rmdir, EROFS),
	FAILS(sched_getaffinity, EINVAL),
	FAILS(sendmsg, ETOOMANYREFS),
	FAILS(sendto, EPIPE),
	FAILS(setsockopt, ENOMEM),
	FAILS(socket, EMFILE),
	FAILS(unlinkat, EROFS),
	FAILS(userfaultfd, EPERM),
	NEVER(futex, "a wake has no errors, and a wait only ones that mean: look again"),
	NEVER(geteuid, "it has no errors"),
	NEVER(getpid, "it has no errors"),
	NEVER(gettid, "it has no errors"),
	NEVER(rseq, "the C library ends the program, and no call of ours asks for it"),
	NEVER(rt_sigprocmask, "only for addresses and numbers that are constants"),
	NEVER(sched_yield, "it has no errors"),
	NEVER(write, "one to an eventfd that is written once"),
	NEVER(set_robust_list, "only for a length that is a constant"),
};

#define ARRAY_LEN(array) (sizeof(array) / sizeof((array)[0]))

const struct kind *kind_of(int nr)
{
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
		if (kinds[i].nr == nr)
			return &kinds[i];
	return NULL;
}

static const struct outcome outcomes[] = {
	{"", __NR_close, 0, 0, NULL, "the kernel closes a descriptor even if it tells an error"},
	{"", __NR_munlock, 0, 0, NULL, "nothing was locked"},
	{"", __NR_clock_nanosleep, 0, 0, NULL, "a nap between two looks"},
	{"", __NR_fallocate, EINTR, 0, NULL, "it is called again"},
	{"", __NR_flock, EINTR, 0, NULL, "it is called again"},
	{"", __NR_poll, 0, 0, NULL, "it is called again"},
	{"", __NR_pread64, EINTR, 0, NULL, "it is called again"},
	{"", __NR_unlinkat, 0, 0, NULL,
		"a socket of somebody who died: bind() says if it is in the way"},
	{"", __NR_madvise, EINTR, 0, NULL, "populating is called again; else as ENOMEM"},
	{"", __NR_sendto, 0, 0, NULL, "asked again"},
	{"", __NR_recvmsg, 0, 0, NULL, "asked again"},
	{"", __NR_connect, EAGAIN, 0, NULL, "somebody lives, and is asked again"},
	{"", __NR_getsockopt, 0, EACCES, NULL, "whose process it is is not known"},
	{"", __NR_userfaultfd, 0, 0, NULL, "holes are not guarded"},
	{"", __NR_ioctl, 0, 0, NULL, "holes are not guarded; pages come by fallocate()"},
	{"attach", __NR_membarrier, 0, 0, NULL, "its readers fence themselves in any case"},
	{"init", __NR_membarrier, 0, 0, NULL, "sections cost a fence"},
	{"answer who attaches", __NR_membarrier, 0, 0, NULL, "it is hung up on, and asks again"},
	{"free beside a reader", __NR_membarrier, 0, 0, NULL,
		"nobody counts as passed until the next barrier"},
	{"init", __NR_get_mempolicy, 0, 0, NULL, "a machine without NUMA"},
	{"init", __NR_prlimit64, 0, 0, NULL, "a limit that is not known counts as none"},
	{"init", __NR_mmap, 0, 0, NULL,
		"the next address is tried; a list is mapped without a guard"},
	{"init", __NR_mprotect, 0, 0, NULL, "as mmap"},
	{"init", __NR_madvise, ENOMEM, 0, NULL, "as mmap"},
	{"attach", __NR_mmap, 0, 0, NULL, "a list is mapped without a guard"},
	{"attach", __NR_mprotect, 0, 0, NULL, "as mmap"},
	{"attach", __NR_madvise, ENOMEM, 0, NULL, "as mmap"},
	{"init", __NR_mmap, 0, EAGAIN, NULL, "pthread_create() says so when it has no stack"},
	{"init", __NR_mprotect, 0, EAGAIN, NULL, "as mmap"},
	{"attach", __NR_mmap, 0, EAGAIN, NULL, "pthread_create() says so when it has no stack"},
	{"attach", __NR_mprotect, 0, EAGAIN, NULL, "as mmap"},
	{"register callback", __NR_mmap, 0, EAGAIN, NULL,
		"pthread_create() says so when it has no stack"},
	{"register callback", __NR_mprotect, 0, EAGAIN, NULL, "as mmap"},
	{"subscribe", __NR_mmap, 0, EAGAIN, NULL, "pthread_create() says so when it has no stack"},
	{"subscribe", __NR_mprotect, 0, EAGAIN, NULL, "as mmap"},
	{"init", __NR_munmap, 0, 0, "map ", "a reservation stays, and the next address is tried"},
	{"attach", __NR_munmap, 0, 0, "map ", "memory of malloc() stays: free() has no errors"},
	{"observe", __NR_munmap, 0, 0, "map ", "memory of malloc() stays: free() has no errors"},
	{"init", __NR_getdents64, 0, 0, NULL,
		"no page sizes but 4 KiB are known; libnuma finds one node"},
	{"init", __NR_openat, 0, 0, NULL, "as getdents64; a limit of memory is not known"},
	{"init", __NR_newfstatat, 0, 0, NULL, "as openat; the directory is opened again"},
	{"init", __NR_newfstatat, 0, EACCES, "entries of|entry ",
		"whose directory it is is not known; empty, it stays for the next start"},
	{"init", __NR_openat, 0, EMFILE, "entries of|entry ",
		"the directory stays, empty, for the next start"},
	{"init", __NR_flock, ENOLCK, ENOLCK, "entries of|entry ",
		"the directory stays, empty, for the next start"},
	{"init", __NR_flock, ENOLCK, 0, NULL, "unlocking: the descriptor's end does it"},
	{"init", __NR_fcntl, 0, 0, NULL, "the slot of the process: it takes the next one"},
	{"init with memory", __NR_read, 0, 0, NULL,
		"a limit of memory that cannot be read counts as none"},
	{"init with memory", __NR_fallocate, ENOSPC, ENOMEM, NULL,
		"the file system's word for no memory"},
	{"init by physical", __NR_openat, 0, EPERM, NULL, "physical addresses are not told"},
	{"init by physical", __NR_pread64, 0, EPERM, NULL, "physical addresses are not told"},
	{"attach", __NR_fcntl, 0, EBADMSG, NULL, "seals that are not told are none"},
	{"attach", __NR_fcntl, 0, 0, NULL, "nobody is taken for dead; the slot: the next one"},
	{"attach", __NR_newfstatat, 0, EACCES, NULL, "whose directory it is is not known"},
	{"attach", __NR_newfstatat, 0, EBADMSG, NULL, "a list's file of unknown length is none"},
	{"attach", __NR_newfstatat, 0, 0, NULL,
		"libnuma finds one node; the directory is opened again"},
	{"attach", __NR_openat, 0, 0, NULL, "libnuma finds one node"},
	{"attach", __NR_getdents64, 0, 0, NULL, "libnuma finds one node"},
	{"attach", __NR_flock, ENOLCK, 0, NULL, "unlocking: the descriptor's end does it"},
	{"observe", __NR_flock, ENOLCK, 0, NULL, "unlocking: the descriptor's end does it"},
	{"answer", __NR_accept4, 0, 0, NULL, "tried again a moment later"},
	{"answer", __NR_recvfrom, 0, 0, NULL, "who asks is not answered, and asks again"},
	{"answer", __NR_sendmsg, 0, 0, NULL, "who asks is not answered, and asks again"},
	{"answer", __NR_setsockopt, 0, 0, NULL, "who does not ask is waited for longer"},
	{"observe", __NR_brk, 0, 0, "map ", "malloc() takes memory elsewhere, and keeps it"},
	{"observe", __NR_mmap, 0, 0, NULL, "malloc() takes memory elsewhere"},
	{"observe", __NR_newfstatat, 0, EACCES, NULL, "whose directory it is is not known"},
	{"observe", __NR_newfstatat, 0, 0, NULL, "the directory is opened again"},
	{"observe", __NR_rmdir, 0, 0, NULL, "the directory is another's"},
	{"alloc", __NR_openat, 0, 0, NULL, "a limit of memory that cannot be read counts as none"},
	{"alloc", __NR_newfstatat, 0, 0, NULL, "as openat"},
	{"alloc", __NR_read, 0, 0, NULL, "as openat"},
	{"alloc", __NR_fallocate, ENOSPC, ENOMEM, NULL, "the file system's word for no memory"},
	{"register memory", __NR_openat, 0, 0, NULL,
		"a limit of memory that cannot be read counts as none"},
	{"register memory", __NR_newfstatat, 0, 0, NULL, "as openat"},
	{"register memory", __NR_read, 0, 0, NULL, "as openat"},
	{"register memory", __NR_fallocate, ENOSPC, ENOMEM, NULL,
		"the file system's word for no memory"},
	{"make an array", __NR_openat, 0, 0, NULL,
		"a limit of memory that cannot be read counts as none"},
	{"make an array", __NR_newfstatat, 0, 0, NULL, "as openat"},
	{"make an array", __NR_read, 0, 0, NULL, "as openat"},
	{"make an array", __NR_fallocate, ENOSPC, ENOMEM, NULL,
		"the file system's word for no memory"},
	{"alloc", __NR_madvise, ENOMEM, 0, NULL, "what is not populated now is at its first use"},
	{"alloc by threads", __NR_clone3, 0, 0, NULL, "fewer threads"},
	{"alloc by threads", __NR_mmap, 0, 0, NULL, "no threads"},
	{"alloc by threads", __NR_mprotect, 0, 0, NULL, "no threads"},
	{"alloc by threads", __NR_sched_getaffinity, 0, 0, NULL, "no threads"},
	{"alloc by threads", __NR_munmap, 0, OUTCOME_DIES, NULL,
		"the C library ends a program whose stacks cannot be unmapped"},
	{"free", __NR_fallocate, ENOSPC, 0, "list 0",
		"the pages stay with the file until the next plug, which punches first"},
	{"unregister memory", __NR_fallocate, ENOSPC, 0, NULL, "cleared by hand"},
	{"destroy an array", __NR_fallocate, ENOSPC, 0, NULL, "cleared by hand"},
	{"subscribe", INJECT_MALLOC, 0, ENOMEM, "map |entries of /proc/self/task",
		"the thread that tells events stays until fini()"},
	{"fini", __NR_munmap, 0, 0, "*", "the mapping stays, and its address is not free"},
	{"fini", __NR_munmap, 0, OUTCOME_DIES, NULL,
		"the C library ends a program whose stacks cannot be unmapped"},
	{"fini", __NR_madvise, 0, 0, NULL, "a stack of the C library's"},
	{"fini", __NR_fcntl, 0, 0, NULL, "nobody is taken for dead"},
	{"fini", __NR_flock, ENOLCK, 0, NULL, "without the lock the directory stays"},
	{"fini", __NR_getdents64, 0, 0, NULL, "sockets of the dead stay"},
	{"fini", __NR_openat, 0, 0, NULL, "sockets of the dead stay"},
	{"fini", __NR_newfstatat, 0, 0, NULL, "as openat"},
	{"fini", __NR_rmdir, 0, 0, NULL, "the directory stays, empty"},
};

static unsigned int used[ARRAY_LEN(outcomes)];

const struct outcome *outcome_of(const char *operation, int nr, int err, int result)
{
	for (size_t i = 0; i < ARRAY_LEN(outcomes); i++) {
		const struct outcome *row = &outcomes[i];

		if (strncmp(row->operation, operation, strlen(row->operation)) != 0 ||
			row->nr != nr || (row->err && row->err != err) || row->result != result)
			continue;
		used[i]++;
		return row;
	}
	return NULL;
}

const struct outcome *outcome_unused(unsigned int *at)
{
	while (*at < ARRAY_LEN(outcomes) && used[*at])
		(*at)++;
	return *at < ARRAY_LEN(outcomes) ? &outcomes[(*at)++] : NULL;
}
