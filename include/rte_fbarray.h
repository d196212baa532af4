/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef RTE_FBARRAY_H
#define RTE_FBARRAY_H

/**
 * @file
 * Named arrays of equal elements, each with a used mark, at the same address in
 * every process.
 *
 * The name stands for "file-backed array"; here no file is behind it: elements
 * and marks live in the runtime's shared control region.
 *
 * Caveats first:
 * - The marks and the elements are apart: marking never touches an element, and
 *   writing an element marks nothing.
 * - `struct rte_fbarray` is a handle.  Another process copies the creator's and
 *   calls rte_fbarray_attach(); the handle keeps its values after detach.
 * - `memseg_arr` of a list is a view of the library's own table.  Queries work
 *   on it; set_used, set_free, detach and destroy fail with EPERM.
 * - There is no lock.  A change is one atomic operation, at any time, from any
 *   thread.  A query beside changes may see some and not others; what it finds
 *   within 64 aligned indexes was so at one instant.  `count` may be ahead.
 *
 * Unless said otherwise a NULL or damaged handle is EINVAL, an index at or above
 * `len` is EINVAL, a function that fails has changed nothing, and success leaves
 * rte_errno alone.  "Writer errors" are explained in rte_memory.h.
 *
 * This header has the life of arrays and single elements; the searches are in
 * rcumem_fbarray_find.h, which it includes.
 */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rcumem_api.h>
#include <rte_compat.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Bytes of an array's name, the closing NUL included. */
#define RTE_FBARRAY_NAME_LEN 64

/** Handle of an array, 96 bytes.  Filled by rte_fbarray_init(); for users, read only. */
struct rte_fbarray {
	char name[RTE_FBARRAY_NAME_LEN]; /**< Immutable. */
	unsigned int count;              /**< Elements marked used; follows the marks. */
	unsigned int len;                /**< Elements there are; immutable. */
	unsigned int elt_sz;             /**< Bytes of one element; immutable. */
	void *data;                      /**< The first element; immutable. */
	int32_t rwlock;                  /**< Part of the layout, always 0: there is no lock. */
};

/**
 * Create an array of cleared elements, none of them used, and attach it here.
 *
 * The space is taken at once.  The name is taken in every process of the
 * runtime until the array is destroyed or the last process leaves.
 *
 * @param arr
 *   The handle to fill.
 * @param name
 *   At most 63 bytes, none of them '/'; "" is a name like any other.
 * @param len
 *   Elements, 1 to INT_MAX.
 * @param elt_sz
 *   Bytes of one element, at least 1.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL (`arr` or `name` NULL, `len` or `elt_sz` out of range),
 *            ENAMETOOLONG, ENOENT (the name has a '/'), EBUSY (the name is
 *            taken, by whatever process), ENOMEM, and the writer errors.
 * Ownership  The elements are the user's; `name` may go away after the call.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).
 * Progress   Waits for another writer, at most the runtime's lock timeout.
 * Ordering   Another process finds the array by name once the call returned.
 * Source     contract Appendix A.  Differs: sizes are computed in 64 bits.
 */
RCUMEM_API __rte_experimental int rte_fbarray_init(
	struct rte_fbarray *arr, const char *name, unsigned int len, unsigned int elt_sz);

/**
 * Attach an array that another process created.
 *
 * @param arr
 *   A copy of the creator's handle; its name, length and element size count.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL and ENAMETOOLONG (fields that rte_fbarray_init() would
 *            refuse), ENOENT (no such array, or of another size), EEXIST
 *            (attached here already), and the writer errors.
 * Ownership  As rte_fbarray_init(); elements and marks are left as they are.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).
 * Progress   Waits for another writer, at most the runtime's lock timeout.
 * Ordering   Sees what was written before the creator passed the handle on.
 * Source     contract Appendix A.  Differs: the address is never taken by
 *            something else, so EADDRNOTAVAIL does not occur.
 */
RCUMEM_API __rte_experimental int rte_fbarray_attach(struct rte_fbarray *arr);

/**
 * Give an array up in this process; it lives on in the others.
 *
 * @param arr
 *   The handle; it keeps its values, but they lead nowhere.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL, ENOENT (not attached here), EPERM (a view of the
 *            library's own), and the writer errors.
 * Ownership  The elements must not be touched any more.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).
 * Progress   Waits for another writer, at most the runtime's lock timeout.
 * Ordering   No grace period: whoever shares the handle must be done with it.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_detach(struct rte_fbarray *arr);

/**
 * Destroy an array: free its space and its name, and clear the handle.
 *
 * @param arr
 *   The handle; all zero afterwards.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL, ENOENT (not attached here), EBUSY (another process is
 *            attached), EPERM (a view of the library's own), and the writer
 *            errors.
 * Ownership  The elements are gone.
 * Context    Any thread; not inside a section, walk or callback (EDEADLK).
 * Progress   Waits for another writer, at most the runtime's lock timeout.
 * Ordering   No grace period: whoever shares the handle must be done with it.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_destroy(struct rte_fbarray *arr);

/**
 * Find the address of an element, used or not.
 *
 * @param arr
 *   The array.
 * @param idx
 *   Index, 0 to `len` - 1.
 * @return
 *   The element's first byte, or NULL with rte_errno.
 *
 * Errors     EINVAL.
 * Ownership  Valid as long as the array is attached.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: arithmetic.
 * Ordering   None.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental void *rte_fbarray_get(
	const struct rte_fbarray *arr, unsigned int idx);

/**
 * Find the index of the element that contains an address.
 *
 * @param arr
 *   The array.
 * @param elt
 *   Any byte of an element, not only the first.
 * @return
 *   The index, or -1 with rte_errno.
 *
 * Errors     EINVAL (`elt` is NULL or outside the array).
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: arithmetic.
 * Ordering   None.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_find_idx(
	const struct rte_fbarray *arr, const void *elt);

/**
 * Mark an element used; one that is used stays so.
 *
 * @param arr
 *   The array.
 * @param idx
 *   Index, 0 to `len` - 1.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL, EPERM (a view of the library's own).
 * Context    Any thread, sections and callbacks included.
 * Progress   Wait-free: two atomic operations.
 * Ordering   What was written to the element before is seen by whoever finds
 *            the mark.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_set_used(struct rte_fbarray *arr, unsigned int idx);

/**
 * Mark an element free; one that is free stays so, its bytes are left alone.
 *
 * @param arr
 *   The array.
 * @param idx
 *   Index, 0 to `len` - 1.
 * @return
 *   0, or -1 with rte_errno.
 *
 * Errors     EINVAL, EPERM (a view of the library's own).
 * Context    Any thread, sections and callbacks included.
 * Progress   Wait-free: two atomic operations.
 * Ordering   What was read from the element before is over for whoever finds
 *            it free.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_set_free(struct rte_fbarray *arr, unsigned int idx);

/**
 * Tell whether an element is marked used.
 *
 * @param arr
 *   The array.
 * @param idx
 *   Index, 0 to `len` - 1.
 * @return
 *   1 used, 0 free, or -1 with rte_errno.
 *
 * Errors     EINVAL.
 * Context    Any thread, callbacks included.
 * Progress   Wait-free: one load.
 * Ordering   1 means that what was written before the mark is seen.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental int rte_fbarray_is_used(struct rte_fbarray *arr, unsigned int idx);

/**
 * Write an array's name, sizes and marks for a person to read.
 *
 * The format is no interface.
 *
 * @param arr
 *   The array.
 * @param f
 *   Where to write.
 *
 * Errors     In rte_errno, nothing written: EINVAL (`arr` or `f` NULL).
 * Ownership  `f` stays the caller's; failures to write show in ferror().
 * Context    Any thread, callbacks included.
 * Progress   As slow as the file.
 * Ordering   The marks are read one after another, not at one instant.
 * Source     contract Appendix A.
 */
RCUMEM_API __rte_experimental void rte_fbarray_dump_metadata(struct rte_fbarray *arr, FILE *f);

#ifdef __cplusplus
}
#endif

#include <rcumem_fbarray_find.h>

#endif /* RTE_FBARRAY_H */
