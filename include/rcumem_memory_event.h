/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_EVENT_H
#define RCUMEM_MEMORY_EVENT_H

/**
 * @file
 * Part of rte_memory.h: being told of hotplug, and having a say in it.
 *
 * Both registries belong to this process.  They may be filled before
 * rcumem_init(), and are emptied by rcumem_fini().  Memory that the options of
 * rcumem_init() ask for is neither announced nor judged; nor is external memory.
 *
 * Callbacks and validators run inside a read section, without the writer mutex.
 * They may call every reader; writers fail with EDEADLK.  They hold up the
 * operation that caused them, and events of one process come one after another.
 * An allocation that waits for its turn longer than the lock timeout is taken back
 * and fails with ETIMEDOUT, unless a callback has pinned its pages; a free fails
 * with EINPROGRESS and is done later.  So they should be short.  Both need a reader
 * slot of the thread: ENOSPC, and nothing changed, where there is none.  The
 * library's own thread, which tells of what other processes do, goes on without a
 * section then.
 */

#include <stddef.h>

#include <rcumem_api.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Events ------------------------------------------------------------- */

/** What happened to memory. */
enum rte_mem_event {
	RTE_MEM_EVENT_ALLOC = 0, /**< It is in use from now on, and can be found already. */
	RTE_MEM_EVENT_FREE = 1,  /**< It is about to go, and can still be found. */
};

/** Bytes of a callback's name, the closing NUL included. */
#define RTE_MEM_EVENT_CALLBACK_NAME_LEN 64

/**
 * Called for each contiguous run of pages that one operation allocates or frees.
 *
 * In both events the pages are mapped, in use, complete and shown by lookups and
 * walks.  An allocation that fails, or is taken back, is not announced.
 *
 * @param event_type
 *   Allocated, or about to be freed.
 * @param addr
 *   The first page's address.
 * @param len
 *   Bytes, whole pages.
 * @param arg
 *   What was registered.
 */
typedef void (*rte_mem_event_callback_t)(
	enum rte_mem_event event_type, const void *addr, size_t len, void *arg);

/**
 * Have a callback called for every allocation and free from now on.
 *
 * All callbacks are called, in the order in which they were registered, for both
 * kinds of events.  Memory that is there already is not announced: register first,
 * then walk, and expect to meet what is allocated in between both ways.
 *
 * @param name
 *   1 to 63 bytes.  Name and `arg` together name the callback.
 * @param clb
 *   The callback.
 * @param arg
 *   Handed to it, never followed.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`name` NULL or empty, `clb` NULL), ENAMETOOLONG, EEXIST
 *            (this name with this `arg`, whatever the callback), ENOMEM, EDEADLK
 *            (inside an event callback), EAGAIN (the library's thread cannot be
 *            started).  ENOTSUP does not occur.
 * Ownership  `name` is copied; `arg` must stay as long as the callback needs it.
 * Context    Any thread; inside sections, walks and validators too.
 * Progress   Waits for other registrations only.
 * Ordering   Operations that begin after the return are announced; one that goes
 *            on meanwhile may be.
 * Source     seed rte_memory.h; contract rows E1-E8, sections 2.1-2.3.  Differs:
 *            supported always; EDEADLK where DPDK hangs.
 */
RCUMEM_API __rte_experimental int rte_mem_event_callback_register(
	const char *name, rte_mem_event_callback_t clb, void *arg);

/**
 * Have a callback called no more.
 *
 * @param name
 *   As registered.
 * @param arg
 *   As registered.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`name` NULL or empty), ENAMETOOLONG, ENOENT (no callback of
 *            this name with this `arg`), EDEADLK (inside an event callback or
 *            validator).
 * Ownership  After the return the callback is not running in any thread and
 *            will not be called: what `arg` names may be freed.
 * Context    Any thread; inside sections and walks too.
 * Progress   Waits for calls of callbacks and validators that are going on.
 * Ordering   Those calls happen before the return.
 * Source     seed rte_memory.h; contract rows E1-E5, E8.
 */
RCUMEM_API __rte_experimental int rte_mem_event_callback_unregister(const char *name, void *arg);

/* ---- Validators --------------------------------------------------------- */

/** Bytes of a validator's name, the closing NUL included. */
#define RTE_MEM_ALLOC_VALIDATOR_NAME_LEN 64

/**
 * Called when an allocation would bring a socket to a limit or above it.
 *
 * @param socket_id
 *   The socket.
 * @param cur_limit
 *   The limit that was registered, in bytes.
 * @param new_len
 *   Bytes in use on the socket if the allocation succeeds: the library's own
 *   pages and those asked for, whole pages.  External memory does not count.
 * @return
 *   Below 0 to refuse; anything else to allow.
 */
typedef int (*rte_mem_alloc_validator_t)(int socket_id, size_t cur_limit, size_t new_len);

/**
 * Have a validator asked before allocations of this process on a socket.
 *
 * It is asked when `new_len` reaches `limit`, equality included; every validator
 * that applies is asked, even after one refused.  A refused allocation fails with
 * EPERM before anything was changed or announced.
 *
 * @param name
 *   1 to 63 bytes.  Name and socket together name the validator.
 * @param clb
 *   The validator.
 * @param socket_id
 *   NUMA node, 0 or more; it need not exist.  SOCKET_ID_ANY is refused.
 * @param limit
 *   Bytes; 0: ask always.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`name` NULL or empty, `clb` NULL, `socket_id` negative),
 *            ENAMETOOLONG, EEXIST (this name on this socket), ENOMEM, EDEADLK
 *            (inside a validator).  ENOTSUP does not occur.
 * Ownership  `name` is copied.
 * Context    Any thread; inside sections, walks and event callbacks too.
 * Progress   Waits for other registrations only.
 * Ordering   Allocations that begin after the return are judged; one that goes on
 *            meanwhile may be.
 * Source     seed rte_memory.h; contract rows A1-A7.  Differs: supported always,
 *            and every process judges its own allocations; there is no primary.
 */
RCUMEM_API __rte_experimental int rte_mem_alloc_validator_register(
	const char *name, rte_mem_alloc_validator_t clb, int socket_id, size_t limit);

/**
 * Have a validator asked no more.
 *
 * @param name
 *   As registered.
 * @param socket_id
 *   As registered.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`name` NULL or empty, `socket_id` negative), ENAMETOOLONG,
 *            ENOENT (no validator of this name on this socket), EDEADLK (inside a
 *            validator or event callback).
 * Ownership  After the return the validator is not running in any thread and
 *            will not be called.
 * Context    Any thread; inside sections and walks too.
 * Progress   Waits for calls of validators and callbacks that are going on.
 * Ordering   Those calls happen before the return.
 * Source     seed rte_memory.h; contract rows A1, A7.
 */
RCUMEM_API __rte_experimental int rte_mem_alloc_validator_unregister(
	const char *name, int socket_id);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_EVENT_H */
