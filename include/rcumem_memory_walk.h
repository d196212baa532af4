/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_MEMORY_WALK_H
#define RCUMEM_MEMORY_WALK_H

/**
 * @file
 * Part of rte_memory.h: visiting all segments, all contiguous runs, all lists.
 *
 * A walk visits the picture that was published when it began: of an operation
 * on many pages it sees all or nothing, and pages that come or go meanwhile
 * neither appear nor vanish.  What the picture shows stays good until the section
 * ends: a page that is being freed is still mapped, and its slot still filled.
 * (DPDK keeps hotplug away during a walk; here a walk delays the reuse of memory.)
 *
 * Lists are visited by index, pages by address within their list.  External
 * lists are included, and told by `msl->external`; those that are not attached in
 * this process are left out.
 *
 * A callback may call every reader, walks included.  Writers fail with EDEADLK.
 */

#include <rcumem_api.h>
#include <rcumem_memory_types.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Called for one segment in use.
 *
 * @param msl
 *   Its list: the live record, not a copy.
 * @param ms
 *   Its slot: the live one.
 * @param arg
 *   What the caller of the walk gave.
 * @return
 *   0 to go on; any other value ends the walk, which returns it.
 */
typedef int (*rte_memseg_walk_t)(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg);

/**
 * Called for one run: [ms->addr, ms->addr + len).
 *
 * @param msl
 *   The list that the whole run is in.
 * @param ms
 *   The slot of the run's first page; those of the others follow it.
 * @param len
 *   Bytes, whole pages.
 * @param arg
 *   What the caller of the walk gave.
 * @return
 *   0 to go on; any other value ends the walk, which returns it.
 */
typedef int (*rte_memseg_contig_walk_t)(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg);

/**
 * Called for one list.
 *
 * @param msl
 *   The live record.
 * @param arg
 *   What the caller of the walk gave.
 * @return
 *   0 to go on; any other value ends the walk, which returns it.
 */
typedef int (*rte_memseg_list_walk_t)(const struct rte_memseg_list *msl, void *arg);

/**
 * Visit every segment in use.
 *
 * Costs time for each segment; where neighbours may be taken together,
 * rte_memseg_contig_walk() is cheaper.
 *
 * @param func
 *   Called for each.
 * @param arg
 *   Handed to `func`.
 * @return
 *   0 after the last one; what `func` returned, unchanged, if that was not 0; or
 *   -1 with rte_errno; nothing was visited then, unless it is ENOTRECOVERABLE.
 *
 * Errors     EINVAL (`func` NULL), the section error; ENOTRECOVERABLE (the
 *            control region is damaged: what was visited may be wrong).
 * Ownership  Slots and memory stay good until the section ends: the walk's own,
 *            or the caller's around it.
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   Wait-free but for `func`.  Nothing that threads share is written.
 * Ordering   Sees every hotplug operation that completed before the call.
 * Source     seed rte_memory.h; contract rows W1-W9.  Differs: never deadlocks;
 *            NULL is an error, not a crash.
 */
RCUMEM_API __rte_experimental int rte_memseg_walk(rte_memseg_walk_t func, void *arg);

/**
 * Visit every run of neighbouring segments in use.
 *
 * A run is as long as the pages in use of one list follow each other without a
 * hole, whenever and however they were allocated.  It never spans lists, even
 * where these meet.  Contiguous is the virtual address only: the IO addresses of
 * a run may be scattered.
 *
 * @param func
 *   Called for each run.
 * @param arg
 *   Handed to `func`.
 * @return
 *   As rte_memseg_walk().
 *
 * Errors     EINVAL (`func` NULL), the section error, ENOTRECOVERABLE.
 * Ownership  As rte_memseg_walk().
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   Wait-free but for `func`; the cost grows with runs, not with pages.
 * Ordering   Sees every hotplug operation that completed before the call.
 * Source     seed rte_memory.h; contract rows W1-W10, section 7.
 */
RCUMEM_API __rte_experimental int rte_memseg_contig_walk(rte_memseg_contig_walk_t func, void *arg);

/**
 * Visit every list, those without a page in use included.
 *
 * @param func
 *   Called for each list.
 * @param arg
 *   Handed to `func`.
 * @return
 *   As rte_memseg_walk().
 *
 * Errors     EINVAL (`func` NULL), the section error, ENOTRECOVERABLE.
 * Ownership  Records of external lists stay good until the section ends, the
 *            others until rcumem_fini().
 * Context    Any thread, registered or not; walks and callbacks included.
 * Progress   Wait-free but for `func`.
 * Ordering   Sees every registration that completed before the call.  Members
 *            that count, as `memseg_arr.count`, are live and may run ahead of the
 *            picture.
 * Source     seed rte_memory.h; contract rows W1-W6.  Differs: lists not attached
 *            in this process are left out.
 */
RCUMEM_API __rte_experimental int rte_memseg_list_walk(rte_memseg_list_walk_t func, void *arg);

/**
 * rte_memseg_walk() for a caller that is inside a section already.
 *
 * Saves entering one.  Outside every section the picture may be reused during
 * the walk, and what it visits is undefined.
 *
 * @param func
 *   Called for each segment in use.
 * @param arg
 *   Handed to `func`.
 * @return
 *   As rte_memseg_walk().
 *
 * Errors     EINVAL (`func` NULL), ENOTRECOVERABLE.
 * Ownership  As rte_memseg_walk(); the section is the caller's.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   Wait-free but for `func`.  Nothing shared is written.
 * Ordering   As rte_memseg_walk().
 * Source     seed rte_memory.h; contract rows W1-W6, W9.
 */
RCUMEM_API __rte_experimental int rte_memseg_walk_thread_unsafe(rte_memseg_walk_t func, void *arg);

/**
 * rte_memseg_contig_walk() for a caller that is inside a section already.
 *
 * @param func
 *   Called for each run.
 * @param arg
 *   Handed to `func`.
 * @return
 *   As rte_memseg_walk().
 *
 * Errors     EINVAL (`func` NULL), ENOTRECOVERABLE.
 * Ownership  As rte_memseg_walk(); the section is the caller's.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   Wait-free but for `func`.  Nothing shared is written.
 * Ordering   As rte_memseg_walk().
 * Source     seed rte_memory.h; contract rows W1-W6, W9, W10, section 7.
 */
RCUMEM_API __rte_experimental int rte_memseg_contig_walk_thread_unsafe(
	rte_memseg_contig_walk_t func, void *arg);

/**
 * rte_memseg_list_walk() for a caller that is inside a section already.
 *
 * @param func
 *   Called for each list.
 * @param arg
 *   Handed to `func`.
 * @return
 *   As rte_memseg_walk().
 *
 * Errors     EINVAL (`func` NULL), ENOTRECOVERABLE.
 * Ownership  As rte_memseg_list_walk(); the section is the caller's.
 * Context    Where raw readers may be called: see rte_memory.h.
 * Progress   Wait-free but for `func`.  Nothing shared is written.
 * Ordering   As rte_memseg_list_walk().
 * Source     seed rte_memory.h; contract rows W1-W6, W9.
 */
RCUMEM_API __rte_experimental int rte_memseg_list_walk_thread_unsafe(
	rte_memseg_list_walk_t func, void *arg);

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_MEMORY_WALK_H */
