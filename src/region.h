/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGION_H
#define REGION_H

/*
 * The control region: everything that processes share, in one sealed memfd
 * that stands at the same address in each of them, so that it may contain
 * pointers into itself.  It is sparse: what is not used costs nothing.
 *
 * INV-REGION-1  Members marked immutable are written before the region is
 *               handed to anybody and never again.
 * INV-REGION-2  "Writer" members are written by the owner of `mutex` only.
 * INV-REGION-3  While `intent.op` is not INTENT_NONE, the shared state may be
 *               half changed, and intent_recover() can finish or undo it.
 */

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_eal.h>
#include <rte_memory.h>

#include "radix.h"
#include "section.h"

#define REGION_MAGIC     0x6d656d756372ull /* "rcumem" in little-endian memory */
#define REGION_VERSION   2
#define REGION_LISTS_MAX 4096
#define REGION_SOCKETS   32
#ifndef REGION_OPS
#define REGION_OPS 256 /* A test builds a library of another layout by another number. */
#endif
#define REGION_PROCESSES 64 /* One bit of a word each. */
#define REGION_EVENTS    1024
#define REGION_PINS      16384
#define REGION_ALIGN     (1ull << 30) /* Of lists and of the region itself. */

struct snapshot_pool;
struct arena;
struct piece;

/* What is being changed: written before the first change, cleared after the last. */
enum intent_op {
	INTENT_NONE,
	INTENT_ALLOC,      /* Undone unless its snapshot was published. */
	INTENT_UNPUBLISH,  /* First half of a free: always finished. */
	INTENT_RECLAIM,    /* Second half of a free: always finished. */
	INTENT_REGISTER,   /* External list: undone unless published. */
	INTENT_UNREGISTER, /* Always finished. */
	INTENT_TAKE_BACK,  /* New pages of an event that was cancelled: always finished. */
};

struct intent {
	uint32_t op;    /* Writer; release store last when set, first when cleared. */
	uint32_t list;  /* Writer, all of these. */
	uint32_t first; /* First page. */
	uint32_t n;     /* Pages. */
	uint64_t seq;   /* Sequence of the snapshot that publishes the operation. */
	uint64_t
		event; /* ALLOC, TAKE_BACK: the event that tells of new pages; 0: nobody listens. */
	uint32_t record; /* Index into ops[]. */
};

/* A range that is neither free nor simply in use. */
enum op_state {
	OP_FREE_SLOT,
	OP_ALLOC_EVENTS, /* Published; callbacks are being told: nobody else may free it. */
	OP_FREE_EVENTS,  /* Published; unpublished as soon as all callbacks have been told. */
	OP_QUARANTINE,   /* Unpublished; readers may still hold it. */
};

struct op_record {
	uint32_t state; /* Writer. */
	uint32_t list;  /* Writer, all of these. */
	uint32_t first;
	uint32_t n;
	uint64_t ticket; /* OP_QUARANTINE: readers before it may hold the range. */
	uint64_t event;  /* OP_*_EVENTS: its number in the log; kept in quarantine. */
	uint64_t owner;  /* OP_*_EVENTS: op_owner() of who sees to it; 0: any writer does. */
};

/* A thread of a process. */
static inline uint64_t op_owner(uint32_t process, int32_t tid)
{
	return (uint64_t)(process + 1) << 32 | (uint32_t)tid;
}

/*
 * Pages that a process has pinned.
 *
 * INV-PIN-1  A pinned page is in use, and nobody has begun to free it: pins are
 *            taken and looked for with the mutex, by a free before it tells anybody.
 * INV-PIN-2  A record counts from the store of `holder` on, which is the last when
 *            it is taken and the only one when it is given up: a process may die
 *            anywhere and leaves a whole pin, which goes with its slot, or none.
 */
struct pin_record {
	uint32_t holder; /* Process slot + 1; 0: the record is free.  Writer, like all of these. */
	uint32_t list;
	uint32_t first;
	uint32_t n;
	uint32_t count; /* Calls that have pinned exactly this range. */
};

enum list_kind {
	LIST_NONE,
	LIST_INTERNAL,
	LIST_EXTERNAL,
	LIST_DYING, /* External, unpublished; readers may still hold it. */
};

/* What rte_memseg_list has no room for; same index as the public record. */
struct list_state {
	uint32_t kind;       /* Writer; immutable for internal lists. */
	uint32_t page_shift; /* As kind. */
	uint32_t n_pages;    /* As kind. */
	int32_t socket;      /* As kind. */
	uint64_t base;       /* As kind. */
	/* Internal lists, all immutable pointers. */
	uint64_t *taken; /* Writer: pages in use or in quarantine; pagemask.h. */
	/* External lists: complete before the list is published, freed after a grace period. */
	struct piece *pieces; /* IO addresses, sorted and disjoint. */
	uint32_t n_pieces;
	uint64_t born;     /* Sequence of the snapshot that shows the list first. */
	uint64_t died;     /* ... that shows it no more; UINT64_MAX before. */
	uint64_t ticket;   /* LIST_DYING: readers before it may hold the list. */
	uint64_t attached; /* Writer: one bit for each process slot. */
};

/* Counters for rcumem_stats_get(): writer, relaxed, but for atomic adds of failures and grace
 * periods; read by anybody. */
struct region_stats {
	uint64_t allocs;
	uint64_t frees;
	uint64_t alloc_failures;
	uint64_t segments;
	uint64_t bytes;
	uint64_t lists;
	uint64_t quarantined_bytes;
	uint64_t grace_periods;
	uint64_t grace_timeouts;
	uint64_t recoveries;
};

enum process_state {
	PROCESS_FREE,
	PROCESS_ALIVE,
	PROCESS_DYING, /* Has left or was killed; what it held is being given back. */
};

struct region_process {
	uint32_t state; /* Writer. */
	int32_t pid;    /* Writer; for messages: other processes may know another number. */
	/* Events, stored by the process itself: all up to `told` are done. */
	uint64_t told __attribute__((aligned(RCU_CACHE_LINE)));
	uint32_t bell; /* Futex: changes when there is something to do. */
} __attribute__((aligned(RCU_CACHE_LINE)));

/* One memory event. */
struct region_event {
	uint64_t to; /* Process slots that are told; writer, like all but `decided`. */
	uint64_t decided[REGION_PROCESSES / 32]; /* Two bits for each: event_log_decide(). */
	uint32_t type;                           /* enum rte_mem_event */
	uint32_t list;
	uint32_t first;
	uint32_t n;
};

/* Events in the order of their numbers, from 1; number e stands in ring[e % REGION_EVENTS]. */
struct event_log {
	uint64_t head;      /* The last one; writer (release), processes (acquire). */
	uint64_t listeners; /* Processes with callbacks: each changes its own bit, process_reap()
			       clears. */
	uint32_t answered;  /* Futex: changes when a process has been told. */
	struct region_event ring[REGION_EVENTS];
};

/* What decides the layout of a region. */
struct region_shape {
	uint64_t base; /* Address wanted; 0: the default and, when it is taken, the next that is
			  free. */
	uint32_t max_lists;
	uint32_t max_readers;
	uint32_t max_nodes;
	uint64_t list_len; /* 0: the default of each page size. */
	uint64_t page_sizes;
	int n_sockets;
	int sockets[REGION_SOCKETS]; /* NUMA node numbers. */
};

struct region {
	uint64_t magic; /* Immutable, like all up to `domain`. */
	uint32_t version;
	uint32_t fingerprint; /* Of the sizes and offsets of shared structs: another build has
				 another. */
	uint64_t base;        /* Address of this struct in every process. */
	uint64_t len;         /* Bytes of the control region. */
	char prefix[64];
	uint32_t iova_mode; /* enum rte_iova_mode */
	uint32_t nchannel;
	uint32_t nrank;
	uint32_t max_lists;
	uint32_t n_internal;
	uint32_t membarrier; /* 1: whoever made it registered for it; joiners fence themselves. */
	uint64_t free_timeout_ns;
	uint64_t lock_timeout_ns;
	uint64_t event_timeout_ns;
	struct region_shape shape; /* What the layout was made from. */
	uint64_t socket_limit[REGION_SOCKETS];
	struct rcu_domain *domain;
	struct rcu_radix *va_index;   /* index.h tells what its words mean. */
	struct rcu_radix *iova_index; /* Internal segments. */
	struct rcu_radix *ext_index;  /* External pieces. */
	struct rte_memseg_list *lists;
	struct list_state *states;
	struct snapshot_pool *snapshots;
	struct arena *arena;
	uint64_t views_begin; /* Segment arrays of internal lists: [begin, end). */
	uint64_t views_end;

	/* The published picture: sequence << 24 | root block; see snapshot.h. */
	uint64_t root __attribute__((aligned(RCU_CACHE_LINE)));
	uint32_t list_high;    /* Lists ever used; writer (release, before its snapshot), readers
				  (acquire). */
	uint32_t external_cnt; /* External lists; writer (release), readers (acquire). */
	uint32_t dma_bits;     /* 0: no mask.  Any thread, relaxed compare-and-swap. */

	pthread_mutex_t mutex __attribute__((
		aligned(RCU_CACHE_LINE))); /* The writer mutex: robust, process-shared. */
	int32_t owner_pid;                 /* Writer; for messages. */
	int32_t owner_tid;
	uint32_t owner_process; /* Writer. */
	struct intent intent;
	uint32_t next_socket_id;               /* Writer: for external lists, from 256. */
	uint64_t socket_bytes[REGION_SOCKETS]; /* Writer: in use. */
	struct op_record ops[REGION_OPS];
	struct region_stats stats;
	struct event_log events;
	struct region_process processes[REGION_PROCESSES];
	uint32_t pin_high; /* Records ever used; writer. */
	struct pin_record pins[REGION_PINS];
};

/*
 * Create the region, map it, and lay out its internal lists (address ranges
 * and arrays; nothing is backed yet).  Returns 0 or -errno; *fd is the memfd.
 */
int region_create(const struct region_shape *shape, enum rte_iova_mode iova_mode,
	struct region **region, int *fd);

/*
 * Map a region that another process made, in full at its own address.  0,
 * -EADDRNOTAVAIL (something is there), -EPROTO, -EBADMSG, with a message.
 */
int region_join(int fd, uint64_t base, uint64_t len, struct region **region);

/* True when [va, va + len) is memory of the region. */
static inline bool region_holds(const struct region *region, const void *va, uint64_t len)
{
	uint64_t off = (uint64_t)(uintptr_t)va - region->base;

	return off < region->len && len <= region->len - off;
}

/* A number that differs between builds whose shared structs differ. */
uint32_t region_fingerprint(void);

/* Unmap it. */
void region_unmap(struct region *region);

#endif /* REGION_H */
