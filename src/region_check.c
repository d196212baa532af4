/* SPDX-License-Identifier: BSD-3-Clause */
/* The immutable part of a control region, member by member. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rcumem.h>

#include "log.h"
#include "os.h"
#include "region_check.h"

#define VA_END      (1ull << 47)
#define TIMEOUT_MAX (UINT32_MAX * 1000000ull) /* Options are milliseconds in 32 bits. */

/* Where a pointer of the region leads, counted from its base. */
static uint64_t offset_of(const struct region *region, const void *pointer)
{
	return (uint64_t)(uintptr_t)pointer - region->base;
}

static const char *pointer_fault(const struct region *region, const struct region_layout *layout)
{
	const struct {
		const char *fault;
		const void *pointer;
		uint64_t off;
	} members[] = {
		{"the readers are not where they belong", region->domain, layout->domain},
		{"the index by virtual address is not where it belongs", region->va_index,
			layout->trees[0]},
		{"the index by IO address is not where it belongs", region->iova_index,
			layout->trees[1]},
		{"the index of external memory is not where it belongs", region->ext_index,
			layout->trees[2]},
		{"the lists are not where they belong", region->lists, layout->lists},
		{"the list states are not where they belong", region->states, layout->states},
		{"the snapshots are not where they belong", region->snapshots, layout->pool},
		{"the arena is not where it belongs", region->arena, layout->arena},
	};

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		if (offset_of(region, members[i].pointer) != members[i].off)
			return members[i].fault;
	if (region->views_begin - region->base != layout->views_begin ||
		region->views_end - region->base != layout->views_end)
		return "the segment arrays are not where they belong";
	return NULL;
}

static const char *value_fault(const struct region *region)
{
	size_t len = strnlen(region->prefix, sizeof(region->prefix));

	if (len == sizeof(region->prefix))
		return "the prefix has no end";
	for (; len < sizeof(region->prefix); len++)
		if (region->prefix[len])
			return "there is something behind the prefix";
	if (region->iova_mode != RTE_IOVA_PA && region->iova_mode != RTE_IOVA_VA)
		return "there is no such IOVA mode";
	if (region->nrank > 16 || region->membarrier > 1)
		return "an option is out of range";
	if (region->free_timeout_ns > TIMEOUT_MAX || region->lock_timeout_ns > TIMEOUT_MAX ||
		region->event_timeout_ns > TIMEOUT_MAX)
		return "a timeout is out of range";
	return NULL;
}

static const char *place_fault(
	const struct region *region, const struct region_layout *layout, uint64_t file_len)
{
	if (region->len != layout->len)
		return "its length is not that of its shape";
	if (file_len != region->len)
		return file_len < region->len ? "the file is too short" : "the file is too long";
	if (region->base == 0 || region->base % REGION_ALIGN || region->base >= VA_END ||
		layout->span > VA_END - region->base)
		return "its address is out of range";
	if (region->shape.base && region->shape.base != region->base)
		return "its address is not the one asked for";
	if (region->max_lists != region->shape.max_lists ||
		region->n_internal != layout->n_internal)
		return "its numbers of lists are not those of its shape";
	return NULL;
}

const char *region_header_fault(const struct region *region, uint64_t file_len, int *err)
{
	struct region_layout layout;
	const char *fault;

	*err = -EBADMSG;
	if (file_len < sizeof(*region))
		return "the file is shorter than a header";
	if (region->magic != REGION_MAGIC)
		return "it is no control region";
	if (region->version != REGION_VERSION || region->fingerprint != region_fingerprint()) {
		*err = -EPROTO;
		return "it belongs to another build of the library";
	}
	if (region_layout_make(&layout, &region->shape))
		return "its shape is out of range";
	fault = place_fault(region, &layout, file_len);
	if (fault == NULL)
		fault = pointer_fault(region, &layout);
	if (fault == NULL)
		fault = value_fault(region);
	if (fault == NULL)
		*err = 0;
	return fault;
}

int region_check_header(const struct region *region, uint64_t file_len)
{
	int err;
	const char *fault = region_header_fault(region, file_len, &err);

	if (fault)
		log_message(LOG_ERROR, "control region refused: %s", fault);
	return err;
}

int region_check_file(
	int fd, struct region_layout *layout, struct region_shape *shape, uint64_t *base)
{
	struct region *region = calloc(1, sizeof(*region));
	uint64_t len;
	int err = region ? os_file_len(fd, &len) : -ENOMEM;

	if (!err && len >= sizeof(*region))
		err = os_file_read(fd, region, sizeof(*region), 0);
	if (!err)
		err = region_check_header(region, len);
	if (!err)
		err = region_layout_make(layout, &region->shape);
	if (!err) {
		memcpy(shape, &region->shape,
			sizeof(*shape)); /* With its padding, to be compared. */
		*base = region->base;
	}
	free(region);
	return err;
}
