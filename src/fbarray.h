/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FBARRAY_H
#define FBARRAY_H

/*
 * The storage of an fbarray, and what the library does with its own ones.
 *
 *   data                                       offset 0
 *   len elements of elt_sz bytes, then padding
 *   struct fbarray_header                      the next multiple of 64
 *   words of the mask                          right behind it
 *
 * INV-FBARRAY-1  `name`, `len`, `elt_sz`, `data` and the header do not change
 *                between init and destroy.
 * INV-FBARRAY-2  No function takes a lock.  The mask changes by one atomic
 *                operation on one word (INV-FBMASK-3), so each index is
 *                linearizable on its own, and a find while others change the
 *                mask is what INV-FBMASK-1 says.  `rwlock` stays 0: it is there
 *                for the layout only.
 * INV-FBARRAY-3  `count` is raised before a bit is set and lowered after one
 *                was cleared: it runs ahead of the mask by what is in progress
 *                and never falls below 0.  It is exact when nobody changes it.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_fbarray.h>

/* Bytes that the storage takes.  Cannot overflow: below 2^64 for any arguments. */
size_t fbarray_storage_size(unsigned int len, unsigned int elt_sz);

/* The words of the mask; the array must be a sound one. */
uint64_t *fbarray_mask_words(const struct rte_fbarray *arr);

/*
 * Lay an array over zeroed storage of fbarray_storage_size() bytes, aligned
 * to 8.  Returns 0, -EINVAL (name, len, elt_sz or data), -ENAMETOOLONG or
 * -ENOENT (a name with a slash); on failure nothing is changed.
 *
 * The array is the library's own: users may read its marks, but changing them
 * is EPERM until fbarray_allow_changes(), which is for arrays of users.
 */
int fbarray_setup(struct rte_fbarray *arr, const char *name, unsigned int len, unsigned int elt_sz,
	void *data);
void fbarray_allow_changes(struct rte_fbarray *arr);

/* Offset of these words from the first element, for arrays of this shape. */
size_t fbarray_mask_off(unsigned int len, unsigned int elt_sz);

/* True when the storage of a library's own array of this shape has the header that it must have. */
bool fbarray_storage_sound(const void *storage, unsigned int len, unsigned int elt_sz);

/*
 * 0, or -EINVAL: no array, or a damaged one.  Tells what can be told from the
 * struct and the header of its storage; never reads elsewhere.
 */
int fbarray_check(const struct rte_fbarray *arr);

/*
 * Use or free an index below `len` of a sound array, the library's own
 * included.  Using publishes the element; both are idempotent.
 */
void fbarray_mark_used(struct rte_fbarray *arr, unsigned int idx);
void fbarray_mark_free(struct rte_fbarray *arr, unsigned int idx);

#endif /* FBARRAY_H */
