/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGION_IMAGE_H
#define REGION_IMAGE_H

/*
 * A private copy of a control region that others go on changing.
 *
 * It is read with read(), not through a mapping: touching a hole of a shared
 * file takes a page, reading one does not.  It is read twice: what is equal
 * both times was so at one instant in between, or was changed and changed back.
 *
 * INV-IMAGE-1  An image that was taken is of one instant, but for the readers'
 *              words and arrays of users, which change without the mutex: a word
 *              that changed meanwhile is left out, and arrays are not copied.
 */

#include <stdbool.h>
#include <stdint.h>

#include "region_layout.h"

struct region_image {
	const char *base;            /* Of the copy. */
	struct region_layout layout; /* Made from its own shape, which was checked. */
	const uint64_t *data;   /* A bit for each page that is no hole; NULL: any may be none. */
	const uint64_t *backed; /* Bytes that each internal list's file holds; NULL: unknown. */
};

static inline const struct region *image_region(const struct region_image *image)
{
	return (const struct region *)image->base;
}

/* False when the page of this offset is a hole: all zero. */
static inline bool image_has(const struct region_image *image, uint64_t off)
{
	return image->data == NULL || (image->data[off / 4096 / 64] >> (off / 4096 % 64) & 1);
}

/* The first page from `off` on that is no hole, or `end`. */
static inline uint64_t image_next(const struct region_image *image, uint64_t off, uint64_t end)
{
	while (off < end && !image_has(image, off)) {
		uint64_t word = off / 4096 / 64;

		/* 64 holes at a time. */
		off = image->data[word] >> (off / 4096 % 64) ? off + 4096 : (word + 1) * 64 * 4096;
	}
	return off < end ? off : end;
}

/*
 * Copy the region in `fd`; `list_fds` are those of its internal lists, which are
 * looked at if they are that many.
 * 0; -EPROTO, -EBADMSG (region_check.h, logged); -EAGAIN (it did not stand still in
 * 100 attempts); another -errno.
 */
int region_image_take(struct region_image *image, int fd, const int *list_fds, uint32_t n_list_fds);
void region_image_free(struct region_image *image);

#endif /* REGION_IMAGE_H */
