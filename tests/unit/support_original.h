/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_ORIGINAL_H
#define SUPPORT_ORIGINAL_H

/* A copy of the live control region, from which hostile ones are made. */

#include "os.h"
#include "support_check.h"

/* The pages of the live region that are no holes. */
struct original {
	uint64_t len;
	uint32_t n_pages;
	uint64_t *offs;
	char *bytes;
	uint64_t *data; /* As region_image has it. */
};

static inline void original_take(struct original *original)
{
	struct region_image image;
	uint64_t pages;

	assert_int_equal(region_image_take(&image, runtime.region_fd, NULL, 0), 0);
	original->len = image.layout.len;
	pages = original->len / OS_PAGE;
	original->offs = calloc(pages, sizeof(uint64_t));
	original->data = calloc(pages / 64, sizeof(uint64_t));
	memcpy(original->data, image.data, pages / 8);
	for (uint64_t page = 0; page < pages; page++)
		if (image_has(&image, page * OS_PAGE))
			original->offs[original->n_pages++] = page * OS_PAGE;
	original->bytes = malloc(original->n_pages * OS_PAGE);
	for (uint32_t i = 0; i < original->n_pages; i++)
		memcpy(original->bytes + i * OS_PAGE, image.base + original->offs[i], OS_PAGE);
	region_image_free(&image);
}

static inline void original_release(struct original *original)
{
	free(original->offs);
	free(original->data);
	free(original->bytes);
}

/* Its pages, at `base`. */
static inline void original_restore(const struct original *original, char *base)
{
	for (uint32_t i = 0; i < original->n_pages; i++)
		memcpy(base + original->offs[i], original->bytes + i * OS_PAGE, OS_PAGE);
}

#endif /* SUPPORT_ORIGINAL_H */
