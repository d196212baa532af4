/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RCUMEM_FBARRAY_FIND_H
#define RCUMEM_FBARRAY_FIND_H

/**
 * @file
 * The searches of rte_fbarray.h.
 *
 * For all of them:
 *
 * @param arr
 *   The array, which is not changed.
 * @param start
 *   Index to begin at, 0 to `len` - 1; it is part of the search.
 *
 * Errors     EINVAL (NULL array, index or number out of range); "nothing found"
 *            is ENOENT in a search for used elements, ENOSPC in one for free
 *            ones.
 * Context    Any thread, callbacks included; views of the library's own tables
 *            too.
 * Progress   Wait-free: one load for 64 marks, each looked at once.
 * Ordering   A mark found used was set after its element was written.  What
 *            spans more than 64 aligned indexes may mix instants beside changes,
 *            and a free run may be taken by another before the caller has it.
 * Source     contract Appendix A.
 *
 * `next`, `contig` and `biggest` look towards higher indexes; `prev` and `rev_`
 * look towards lower ones.
 */

#include <rte_fbarray.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * @name Next element
 * Find the first element of its kind at or after `start`.
 *
 * @return
 *   Its index, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_next_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_next_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

/**
 * @name Previous element
 * Find the last element of its kind at or before `start`.
 *
 * @return
 *   Its index, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_prev_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_prev_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

/**
 * @name Next run of n
 * Find the lowest `n` consecutive elements of a kind in [start, len).
 *
 * @param n
 *   Elements, 1 to `len`; more than there are after `start` is not an error
 *   but "nothing found".
 * @return
 *   The lowest index of the run, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_next_n_free(
	struct rte_fbarray *arr, unsigned int start, unsigned int n);
RCUMEM_API __rte_experimental int rte_fbarray_find_next_n_used(
	struct rte_fbarray *arr, unsigned int start, unsigned int n);
/** @} */

/**
 * @name Previous run of n
 * Find the highest `n` consecutive elements of a kind in [0, start].
 *
 * @param n
 *   Elements, 1 to `len`; more than there are up to `start` is not an error
 *   but "nothing found".
 * @return
 *   The lowest index of the run, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_prev_n_free(
	struct rte_fbarray *arr, unsigned int start, unsigned int n);
RCUMEM_API __rte_experimental int rte_fbarray_find_prev_n_used(
	struct rte_fbarray *arr, unsigned int start, unsigned int n);
/** @} */

/**
 * @name Length of the run that begins here
 * Count the consecutive elements of a kind from `start` upwards.
 *
 * @return
 *   How many, `start` included; 0 when `start` itself is of the other kind,
 *   which is an answer and no error; -1 with EINVAL.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_contig_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_contig_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

/**
 * @name Length of the run that ends here
 * Count the consecutive elements of a kind from `start` downwards.
 *
 * @return
 *   How many, `start` included; 0 when `start` itself is of the other kind,
 *   which is an answer and no error; -1 with EINVAL.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_rev_contig_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_rev_contig_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

/**
 * @name Longest run from here on
 * Find the longest run of a kind in [start, len); of equal ones the lowest.
 *
 * Looks at every mark from `start` on.  A run that began before `start` counts
 * with the part from `start` on.
 *
 * @return
 *   The lowest index of the run within the range, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_biggest_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_biggest_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

/**
 * @name Longest run up to here
 * Find the longest run of a kind in [0, start]; of equal ones the highest.
 *
 * Looks at every mark up to `start`.  A run that goes on after `start` counts
 * with the part up to `start`.
 *
 * @return
 *   The lowest index of the run, or -1 with rte_errno.
 * @{
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_rev_biggest_free(
	struct rte_fbarray *arr, unsigned int start);
RCUMEM_API __rte_experimental int rte_fbarray_find_rev_biggest_used(
	struct rte_fbarray *arr, unsigned int start);
/** @} */

#ifdef __cplusplus
}
#endif

#endif /* RCUMEM_FBARRAY_FIND_H */
