/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OS_H
#define OS_H

/*
 * The seam to the kernel: every system call that memory needs, one function
 * each.  All return 0 (or what they say) or -errno, change nothing when they
 * fail, and retry EINTR themselves.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define OS_PAGE 4096ull

/* ---- os_map.c: files and mappings ---- */

/*
 * A descriptor that was just made, or -1 with errno, to be kept: never one of
 * the first three, to which programs print, open or not.  What it became, or
 * -errno, closed.
 */
int os_fd_keep(int fd);

/* A sealed memfd of `len` bytes (a multiple of page_sz) of this page size, close-on-exec. */
int os_memfd(const char *name, uint64_t page_sz, uint64_t len);

/* Map all of `fd` shared at `va` exactly, without reserving anything: -EEXIST when something is
 * there. */
int os_map_shared(int fd, void *va, uint64_t len);

/*
 * Map the backing of a list at `va`: first inaccessible, then guarded, then
 * accessible, so that mlockall(MCL_FUTURE) takes no page.  guard_fd -1: no guard.
 */
int os_map_backing(int fd, void *va, uint64_t len, int guard_fd);

/* Map a part of `fd` anywhere, without a guard, for a moment; NULL when that cannot be. */
void *os_map_part(int fd, uint64_t off, uint64_t len);

void os_unmap(void *va, uint64_t len);

/* 0 when nothing is mapped in [base, base + len) now; -EEXIST, or another -errno. */
int os_range_free(uint64_t base, uint64_t len);

/* Private zeroed memory, not locked and not reserved; NULL when there is no room. */
void *os_map_anonymous(uint64_t len);

/* ---- os_pages.c: pages of a backing file ---- */

/*
 * Give [off, off + len) of `fd` cleared pages: all of them or -ENOMEM.  The
 * caller's NUMA policy decides where they come from.
 */
int os_pages_plug(int fd, uint64_t off, uint64_t len, uint64_t page_sz);

/* Take them back: every process loses them at once. */
int os_pages_unplug(int fd, uint64_t off, uint64_t len);

/* OR of the page sizes the kernel offers, OS_PAGE included. */
uint64_t os_page_sizes(void);

/* Free hugepages of a size now; 0 for OS_PAGE. */
uint64_t os_hugepages_free(uint64_t page_sz);

/* ---- os_fill.c: clearing memory on all CPUs of the caller's ---- */

/*
 * Map the pages of a file behind [va, va + len) into this process ahead of
 * their first use, clearing those that were not: by several threads when it is
 * much.  What the kernel cannot do now happens at the first use.
 */
void os_fill(void *va, uint64_t len, uint64_t page_sz);

/*
 * Plug [va, va + len), guarded holes of ordinary pages, mapped and cleared: 0,
 * or -errno with some of them plugged.  By several threads when it is much;
 * the caller's NUMA policy decides where the pages come from.
 */
int os_fill_holes(int guard_fd, void *va, uint64_t len);

/*
 * Give a part of `fd` cleared pages, if several threads are faster at it than
 * os_pages_plug(), which the caller asks next: some may be missing.  The
 * threads have the caller's NUMA policy.
 */
void os_fill_file(int fd, uint64_t off, uint64_t len, uint64_t page_sz);

/* ---- os_file.c: reading a sparse file without filling its holes ---- */

/* Its length, and the bytes of memory it holds. */
int os_file_len(int fd, uint64_t *len);
int os_file_held(int fd, uint64_t *len);

/* All of [off, off + len): -ENODATA when the file ends before. */
int os_file_read(int fd, void *buffer, uint64_t len, uint64_t off);

/* The first part from `from` on that is no hole: -ENOENT when there is none. */
int os_file_data(int fd, uint64_t from, uint64_t *begin, uint64_t *end);

/* ---- os_guard.c: userfaultfd ---- */

/* A userfaultfd that turns accesses to holes into SIGBUS, or -errno. */
int os_guard_open(void);
int os_guard_add(int guard_fd, void *va, uint64_t len);

/* Put cleared ordinary pages into guarded holes: 0, or -errno, after which some may be there. */
int os_guard_fill(int guard_fd, void *va, uint64_t len);

/* ---- os_limits.c: memory cgroup ---- */

/* Bytes of ordinary memory on this node, -1 for any, that may be taken before it, the cgroup or the
 * machine is exhausted. */
uint64_t os_memory_headroom(int node);

/*
 * The same as a question before ordinary pages are taken, which others use too:
 * 0, or -ENOMEM, where the kernel would rather kill than refuse.  It is asked
 * again after a while or many bytes.  `node` is below OS_NODES; one thread at a
 * time.
 */
int os_memory_take(int node, uint64_t len);
#define OS_NODES 32

/* ---- os_phys.c: pagemap ---- */

#define OS_BAD_PHYS UINT64_MAX

/* The physical address behind `virt`, or OS_BAD_PHYS (not present, not permitted). */
uint64_t os_virt2phys(const void *virt);

/* ---- os_numa.c: libnuma ---- */

/* Nodes below `max` that have memory or CPUs, in order; at least node 0.  Returns how many. */
int os_numa_nodes(int *nodes, int max);

/* False: there is one node, and it is not worth asking which. */
bool os_numa_several(void);

/* All known nodes by distance from `here`, -1 for the caller's node; returns how many. */
int os_numa_order(int here, int *nodes, int max);

struct os_numa_policy {
	bool active;
	int mode;
	unsigned long mask[16];
};

/* Bind this thread's allocations to `node`, keeping the old policy; nothing on machines with one
 * node.  -ENOMEM: the node has no memory for this process. */
int os_numa_bind(int node, struct os_numa_policy *old);
void os_numa_restore(const struct os_numa_policy *old);

/* The node a mapped page is on, or -errno. */
int os_numa_node_of(void *va);

/* ---- os_wait.c ---- */

/* A thread of the library's: a small stack, and no signals, which are the program's. */
int os_thread_start(pthread_t *thread, void *(*main)(void *), void *arg);

/* CLOCK_MONOTONIC. */
uint64_t os_now_ns(void);

/* Lock, waiting no longer than this: 0, or what pthread_mutex_clocklock() says (EOWNERDEAD too). */
int os_mutex_lock(pthread_mutex_t *mutex, uint64_t timeout_ns);

/* Sleep while *word is `value`, in any process: 0 (also spuriously), or -ETIMEDOUT.  UINT64_MAX: no
 * limit. */
int os_futex_wait(uint32_t *word, uint32_t value, uint64_t timeout_ns);
void os_futex_wake(uint32_t *word);

#endif /* OS_H */
