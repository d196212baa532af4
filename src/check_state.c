/* SPDX-License-Identifier: BSD-3-Clause */
/* The checker's view of an image, and its findings. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "check_state.h"

void check_finding(struct check *check, const char *format, ...)
{
	char line[256];
	va_list args;

	if (check->findings < INT32_MAX)
		check->findings++;
	if (check->findings > CHECK_FINDINGS_TOLD)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	check->report(check->arg, line);
}

static int open_lists(struct check *check)
{
	const struct region_layout *layout = check->layout;

	check->internal = calloc(layout->n_internal, sizeof(*check->internal));
	check->shown = calloc(check->region->max_lists, sizeof(*check->shown));
	check->readable = calloc(check->region->max_lists, sizeof(*check->readable));
	if (!check->internal || !check->shown || !check->readable)
		return -ENOMEM;
	for (uint32_t i = 0; i < layout->n_internal; i++) {
		struct check_list *list = &check->internal[i];
		uint64_t words;

		list->at = region_layout_list(layout, &check->region->shape, i);
		words = ((uint64_t)list->at.n_pages + 63) / 64;
		list->in_use = calloc(words, sizeof(uint64_t));
		list->waiting = calloc(words, sizeof(uint64_t));
		if (!list->in_use || !list->waiting)
			return -ENOMEM;
	}
	return 0;
}

int check_open(struct check *check, const struct region_image *image)
{
	const char *base = image->base;
	int err;

	check->image = image;
	check->region = image_region(image);
	check->layout = &image->layout;
	check->domain = (const void *)(base + image->layout.domain);
	check->lists = (const void *)(base + image->layout.lists);
	check->states = (const void *)(base + image->layout.states);
	check->pool = (const void *)(base + image->layout.pool);
	check->blocks = (const void *)(base + image->layout.blocks);
	check->born = (const void *)(base + image->layout.born);
	check->free = (const void *)(base + image->layout.free);
	check->ring = (const void *)(base + image->layout.ring);
	check->arena = (const void *)(base + image->layout.arena);
	check->pieces = (const void *)(base + image->layout.pieces);
	check->still = check->region->intent.op == INTENT_NONE;
	check->idle = check->still && check->region->owner_tid == 0;
	err = open_lists(check);
	if (err)
		check_close(check);
	return err;
}

void check_close(struct check *check)
{
	for (uint32_t i = 0; check->internal && i < check->layout->n_internal; i++) {
		free(check->internal[i].in_use);
		free(check->internal[i].waiting);
	}
	free(check->internal);
	free(check->shown);
	free(check->readable);
	*check = (struct check){0};
}
