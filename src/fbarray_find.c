/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sixteen searches of rte_fbarray.h: arguments are checked here, the
 * searching is done in fbarray_mask.c.  What a search sees while others change
 * the array: INV-FBARRAY-2.
 */

#include <errno.h>

#include "api.h"
#include "fbarray.h"
#include "fbarray_mask.h"

/* The mask to search for used or free indexes: 0 or -EINVAL. */
static int mask_of(
	const struct rte_fbarray *arr, unsigned int start, uint64_t want, struct fbmask *mask)
{
	if (fbarray_check(arr) || start >= arr->len)
		return -EINVAL;
	*mask = (struct fbmask){fbarray_mask_words(arr), arr->len, want};
	return 0;
}

/* An index or a length as it is; nothing found is named after what was looked for. */
static int answer(uint32_t found, uint64_t want)
{
	if (found != FBMASK_NONE)
		return (int)found;
	return want == FBMASK_USED ? -ENOENT : -ENOSPC;
}

static int search(const struct rte_fbarray *arr, unsigned int start, uint64_t want,
	uint32_t (*find)(const struct fbmask *, uint32_t))
{
	struct fbmask mask;
	int err = mask_of(arr, start, want, &mask);

	return api_result(err ? err : answer(find(&mask, start), want));
}

static int search_n(const struct rte_fbarray *arr, unsigned int start, unsigned int n,
	uint64_t want, uint32_t (*find)(const struct fbmask *, uint32_t, uint32_t))
{
	struct fbmask mask;
	int err = mask_of(arr, start, want, &mask);

	if (!err && (n == 0 || n > arr->len))
		err = -EINVAL;
	return api_result(err ? err : answer(find(&mask, start, n), want));
}

int rte_fbarray_find_next_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_next);
}

int rte_fbarray_find_next_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_next);
}

int rte_fbarray_find_prev_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_prev);
}

int rte_fbarray_find_prev_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_prev);
}

int rte_fbarray_find_next_n_free(struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	return search_n(arr, start, n, FBMASK_FREE, fbmask_next_n);
}

int rte_fbarray_find_next_n_used(struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	return search_n(arr, start, n, FBMASK_USED, fbmask_next_n);
}

int rte_fbarray_find_prev_n_free(struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	return search_n(arr, start, n, FBMASK_FREE, fbmask_prev_n);
}

int rte_fbarray_find_prev_n_used(struct rte_fbarray *arr, unsigned int start, unsigned int n)
{
	return search_n(arr, start, n, FBMASK_USED, fbmask_prev_n);
}

int rte_fbarray_find_contig_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_run);
}

int rte_fbarray_find_contig_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_run);
}

int rte_fbarray_find_rev_contig_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_rev_run);
}

int rte_fbarray_find_rev_contig_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_rev_run);
}

int rte_fbarray_find_biggest_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_biggest);
}

int rte_fbarray_find_biggest_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_biggest);
}

int rte_fbarray_find_rev_biggest_free(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_FREE, fbmask_rev_biggest);
}

int rte_fbarray_find_rev_biggest_used(struct rte_fbarray *arr, unsigned int start)
{
	return search(arr, start, FBMASK_USED, fbmask_rev_biggest);
}
