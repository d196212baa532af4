/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PEER_OPS_H
#define PEER_OPS_H

/*
 * What peers are asked to do most often: functions for peer_call().  Each
 * returns -1 when it fails; they run in the peer and assert nothing.
 */

#include <dirent.h>
#include <sys/stat.h>

#include <rte_eal_memconfig.h>
#include <rte_fbarray.h>

#include "peer.h"
#include "segment.h"
#include "support_walk.h"

#define PEER_PREFIX "case" /* The runtime of most cases. */

/* ---- The life of its runtime ---- */

static inline struct rcumem_options peer_options(void)
{
	struct rcumem_options opts = test_options();

	opts.prefix = PEER_PREFIX;
	opts.event_timeout_ms = 200;
	return opts;
}

/* (attach, free, event, lock timeout): zeros are as in most cases; the text is the prefix. */
static inline int64_t op_init(const int64_t *arg)
{
	struct rcumem_options opts = peer_options();

	opts.attach = (enum rcumem_attach)arg[0];
	if (arg[1])
		opts.free_timeout_ms = (unsigned int)arg[1];
	if (arg[2])
		opts.event_timeout_ms = (unsigned int)arg[2];
	if (arg[3])
		opts.lock_timeout_ms = (unsigned int)arg[3];
	if (peer_asked.text[0])
		opts.prefix = peer_asked.text;
	return rcumem_init(&opts);
}

static inline int64_t op_fini(const int64_t *arg)
{
	(void)arg;
	return rcumem_fini();
}

/* CPU time of all its threads. */
static inline int64_t op_cpu_ns(const int64_t *arg)
{
	struct timespec ts;

	(void)arg;
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return ts.tv_sec * 1000000000ll + ts.tv_nsec;
}

/* ---- The writer mutex ---- */

static inline int64_t op_write_lock(const int64_t *arg)
{
	(void)arg;
	rte_mcfg_mem_write_lock();
	return rte_errno ? -1 : 0;
}

static inline int64_t op_write_unlock(const int64_t *arg)
{
	(void)arg;
	rte_mcfg_mem_write_unlock();
	return 0;
}

/* ---- Pages ---- */

/* (n): the address. */
static inline int64_t op_alloc(const int64_t *arg)
{
	void *va = rcumem_pages_alloc((size_t)arg[0] * page_sz, page_sz, SOCKET_ID_ANY, 0);

	return va ? (int64_t)(uintptr_t)va : -1;
}

/* (address, n) */
static inline int64_t op_free(const int64_t *arg)
{
	return rcumem_pages_free((void *)(uintptr_t)arg[0], (size_t)arg[1] * page_sz);
}

/* (address, n, byte) */
static inline int64_t op_fill(const int64_t *arg)
{
	memset((void *)(uintptr_t)arg[0], (int)arg[2], (size_t)arg[1] * page_sz);
	return 0;
}

/* (address, n, byte): 1 when all bytes are that. */
static inline int64_t op_holds(const int64_t *arg)
{
	const char *bytes = (const char *)(uintptr_t)arg[0];
	size_t len = (size_t)arg[1] * page_sz;

	for (size_t i = 0; i < len; i++)
		if (bytes[i] != (char)arg[2])
			return 0;
	return 1;
}

/* ---- Looking ---- */

/* Is the page with this byte in use?  Its slot is there in any case. */
static inline bool is_used(const void *va)
{
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(va);
	const struct rte_memseg *ms = rte_mem_virt2memseg(va, msl);
	int idx = ms ? rte_fbarray_find_idx(&msl->memseg_arr, ms) : -1;

	return idx >= 0 && rte_fbarray_is_used(&msl->memseg_arr, (unsigned int)idx) == 1;
}

/* Without a section: what is there now, or 0. */
static inline uint64_t addr_told(const struct rte_memseg *ms)
{
	/* Acquire pairs with segment_describe(). */
	return rcu_load_acquire(&((const struct segment_mirror *)ms)->addr);
}

/* (address, n): how many of the pages every reader finds, and -1 when readers disagree. */
static inline int64_t op_find(const int64_t *arg)
{
	static struct visits visits;
	int64_t found = 0;

	memset(&visits, 0, sizeof(visits));
	rte_memseg_walk(record_seg, &visits);
	for (int64_t i = 0; i < arg[1]; i++) {
		char *va = (char *)(uintptr_t)arg[0] + (size_t)i * page_sz;
		bool used = is_used(va + 5);

		if ((used && addr_told(rte_mem_virt2memseg(va, NULL)) != (uintptr_t)va) ||
			used != (rte_mem_iova2virt((uintptr_t)va + 7) == va + 7) ||
			used != (visits_find(&visits, va) >= 0))
			return -1;
		found += used;
	}
	return found;
}

/* Segments that a walk shows. */
static inline int64_t op_segs(const int64_t *arg)
{
	(void)arg;
	return segs_now();
}

/* (offset of a member of struct rcumem_stats) */
static inline int64_t op_stat(const int64_t *arg)
{
	struct rcumem_stats stats = {.sz = sizeof(stats)};

	if (rcumem_stats_get(&stats) != 0)
		return -1;
	return *(const int64_t *)(const void *)((const char *)&stats + arg[0]);
}

#define peer_stat(peer, member) peer_call(peer, op_stat, offsetof(struct rcumem_stats, member))

static inline int64_t op_physmem(const int64_t *arg)
{
	(void)arg;
	return (int64_t)rte_eal_get_physmem_size();
}

/* Bytes that the kernel keeps for the lists of the runtime. */
static inline int64_t op_backed(const int64_t *arg)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int64_t bytes = 0;

	(void)arg;
	while (dir && (entry = readdir(dir))) {
		char target[256] = "";
		struct stat st;

		if (readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1) > 0 &&
			strncmp(target, "/memfd:memseg", 13) == 0 &&
			fstat(atoi(entry->d_name), &st) == 0)
			bytes += st.st_blocks * 512;
	}
	if (dir)
		closedir(dir);
	return bytes;
}

/* ---- Sections, held from one call to the next ---- */

static inline int64_t op_read_lock(const int64_t *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static inline int64_t op_read_unlock(const int64_t *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static inline int64_t op_tid(const int64_t *arg)
{
	(void)arg;
	return syscall(SYS_gettid);
}

/* ---- In the case ---- */

#define assert_logged(peer, words)                                                                 \
	do {                                                                                       \
		if (!strstr(peer_log(peer), words))                                                \
			fail_msg("%s did not say \"%s\" but:\n%s", (peer)->name, words,            \
				peer_log(peer));                                                   \
	} while (0)

static const char *const peer_names[] = {"first", "second", "third", "fourth", "fifth", "sixth",
	"seventh", "eighth", "ninth", "tenth"};

/* Peers with a runtime, named by their places. */
static inline void peers_init(struct peer *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		peer_start(&all[i], peer_names[i % ARRAY_LEN(peer_names)]);
		peer_must(&all[i], op_init, 0);
	}
}

/* The same, with timeouts that only a hang meets: what takes no longer than SOON_MS met none. */
static inline void peers_init_patient(struct peer *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		peer_start(&all[i], peer_names[i % ARRAY_LEN(peer_names)]);
		peer_must(&all[i], op_init, 0, 20000, 20000, 20000);
	}
}

#define SOON_MS 2000

/* They leave in order, and what is in use is given back with the last. */
static inline void peers_fini(struct peer *all, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		if (all[i].pid) {
			peer_must(&all[i], op_fini, 0);
			assert_int_equal(peer_exit(&all[i]), 0);
		}
}

/* n pages, which must be there. */
static inline int64_t peer_alloc(struct peer *peer, int64_t n)
{
	peer_must(peer, op_alloc, n);
	return peer->reply.value;
}

#endif /* PEER_OPS_H */
