/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FUZZ_REGION_EDIT_H
#define FUZZ_REGION_EDIT_H

/* A sound control region in a file, and the changes that an input makes to it. */

#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "os.h"
#include "support_original.h"

#define EDITS_MAX 64u
#define PARTS     18u
#define VIEWS_MAX (256u << 20)

static struct original original;
static struct region_layout sound;
static uint64_t parts[PARTS + 1]; /* Offsets where parts begin; the last is the end. */
static int file;
static char *base; /* Of the file, mapped. */

/* The pages that this input changed, one for each change. */
static uint64_t strange[EDITS_MAX];
static unsigned int n_strange;

static inline void find_parts(const struct region_layout *layout)
{
	const uint64_t offs[PARTS + 1] = {0, layout->domain, layout->lists, layout->states,
		layout->trees[0], layout->windows[0], layout->nodes[0], layout->trees[1],
		layout->nodes[1], layout->trees[2], layout->nodes[2], layout->pool, layout->blocks,
		layout->born, layout->ring, layout->pieces, layout->arena_base, layout->views_begin,
		layout->len};

	for (unsigned int i = 0; i < PARTS; i++)
		FUZZ_ASSERT(offs[i] < offs[i + 1], "part %u", i);
	memcpy(parts, offs, sizeof(parts));
}

/* Take the original of the scene, which ends: the region's address is to be free. */
static inline void region_file_make(void)
{
	FUZZ_ASSERT(scene_setup(NULL) == 0, "no runtime");
	original_take(&original);
	FUZZ_ASSERT(region_layout_make(&sound, &runtime_region()->shape) == 0, "no layout");
	FUZZ_ASSERT(scene_teardown(NULL) == 0, "the runtime does not end");
	find_parts(&sound);
	file = memfd_create("hostile", MFD_CLOEXEC);
	FUZZ_ASSERT(file >= 0 && ftruncate(file, (off_t)sound.len) == 0, "no file");
	base = mmap(NULL, sound.len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
	FUZZ_ASSERT(base != MAP_FAILED, "no mapping");
	original_restore(&original, base);
}

/* Any place that is a multiple of `align`: most often one that is used, else one of any part. */
static inline uint64_t place(struct fuzz_input *input, uint64_t align)
{
	uint8_t kind = fuzz_u8(input);
	uint32_t value = fuzz_u32(input);
	uint64_t begin, end;

	if (kind & 128)
		return (original.offs[(value >> 12) % original.n_pages] + value % OS_PAGE) / align *
		       align;
	begin = parts[kind % PARTS];
	end = kind % PARTS ? parts[kind % PARTS + 1] : sizeof(struct region);
	return (begin + value % (end - begin)) / align * align;
}

static inline void touch(uint64_t off)
{
	uint64_t page = off / OS_PAGE * OS_PAGE;

	strange[n_strange++] = page;
	original.data[page / OS_PAGE / 64] |= 1ull << (page / OS_PAGE % 64);
}

static inline void edit(struct fuzz_input *input)
{
	uint8_t op = fuzz_u8(input);
	size_t len = 1u << op % 4;
	uint64_t off = place(input, len), value = 0;
	char *at = base + off;

	touch(off);
	switch (op / 4 % 6) {
	case 0:
		fuzz_bytes(input, &value, len);
		break;
	case 1: /* A little more or less. */
		memcpy(&value, at, len);
		value += (uint64_t)(int8_t)fuzz_u8(input);
		break;
	case 2: /* What stands elsewhere. */
		memcpy(&value, base + place(input, len), len);
		break;
	case 3: /* An address of the region, with a tag. */
		value = ((struct region *)base)->base + place(input, 8) + fuzz_u8(input) % 16;
		break;
	case 4:
		memcpy(&value, at, len);
		value ^= 1ull << fuzz_u8(input) % 64;
		break;
	default: /* All ones. */
		value = UINT64_MAX;
	}
	memcpy(at, &value, len);
}

/* A header that is sound for any shape, over what is there: 0, or there is no such layout. */
static inline int reshape(struct fuzz_input *input, struct region_layout *layout)
{
	struct region *region = (struct region *)base;
	struct region_shape *shape = &region->shape, right = *shape;
	int err;

	shape->max_lists = fuzz_u32(input) % (REGION_LISTS_MAX + 2);
	shape->max_readers = fuzz_u32(input) % ((1u << 20) + 2);
	shape->max_nodes = fuzz_u32(input) % ((1u << 24) + 2);
	shape->list_len = fuzz_u64(input) >> fuzz_u8(input) % 64;
	shape->page_sizes = fuzz_u64(input) & 0x7fffff000ull;
	err = region_layout_make(layout, shape);
	/* The checker looks at each page: what is too slow for a fuzzer is left out. */
	if (!err && layout->views_end - layout->views_begin > VIEWS_MAX)
		err = -E2BIG;
	if (err) {
		*shape = right;
		return err;
	}
	region->len = layout->len;
	region->max_lists = shape->max_lists;
	region->n_internal = layout->n_internal;
	region->domain = (void *)(region->base + layout->domain);
	region->va_index = (void *)(region->base + layout->trees[0]);
	region->iova_index = (void *)(region->base + layout->trees[1]);
	region->ext_index = (void *)(region->base + layout->trees[2]);
	region->lists = (void *)(region->base + layout->lists);
	region->states = (void *)(region->base + layout->states);
	region->snapshots = (void *)(region->base + layout->pool);
	region->arena = (void *)(region->base + layout->arena);
	region->views_begin = region->base + layout->views_begin;
	region->views_end = region->base + layout->views_end;
	return 0;
}

static inline void edit_until(struct fuzz_input *input, size_t left)
{
	while (n_strange < EDITS_MAX && fuzz_left(input) > left)
		edit(input);
}

/* As it was before. */
static inline void restore(void)
{
	FUZZ_ASSERT(ftruncate(file, (off_t)sound.len) == 0, "the file keeps its length");
	for (unsigned int i = 0; i < n_strange; i++) {
		uint64_t page = strange[i] / OS_PAGE;

		original.data[page / 64] &= ~(1ull << (page % 64));
		fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)strange[i],
			OS_PAGE);
	}
	n_strange = 0;
	original_restore(&original, base);
	for (uint32_t i = 0; i < original.n_pages; i++)
		original.data[original.offs[i] / OS_PAGE / 64] |=
			1ull << (original.offs[i] / OS_PAGE % 64);
}

#endif /* FUZZ_REGION_EDIT_H */
