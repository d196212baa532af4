/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control region as hostile input: a sound region with the changes that the
 * input asks for is a file that is refused, or one that the checker, the
 * observer and a joiner get to the end of.
 *
 * The region is that of the checker's tests: pages in use and in quarantine,
 * external memory, an array of a user, a reader.
 */

#include <fcntl.h>
#include <sys/mman.h>

#include "fuzz.h"
#include "observer.h"
#include "os.h"
#include "point.h"
#include "region_check.h"
#include "support_check.h"
#include "support_original.h"

#define EDITS_MAX 64u
#define PARTS     18u
#define VIEWS_MAX (256u << 20)
#define LOOKS_MAX 65536u /* Segments that a walk of the picture is shown. */

enum mode {
	MODE_FILE = 1,     /* Through a file and the observer; else straight into the checker. */
	MODE_JOIN = 2,     /* And as somebody who joins. */
	MODE_TRUNCATE = 4, /* The file is shorter. */
	MODE_SHAPE = 8,    /* The header is of another shape, and sound. */
	MODE_LATE = 48,    /* Not 0: the second half of the changes comes while it is read. */
};

static struct original original;
static struct region_layout sound;
static uint64_t parts[PARTS + 1]; /* Offsets where parts begin; the last is the end. */
static int file;
static char *base; /* Of the file, mapped. */

/* The pages that this input changed, one for each change. */
static uint64_t strange[EDITS_MAX];
static unsigned int n_strange;

static void change(const char *point);

static void find_parts(const struct region_layout *layout)
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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	FUZZ_ASSERT(scene_setup(NULL) == 0, "no runtime");
	original_take(&original);
	FUZZ_ASSERT(region_layout_make(&sound, &runtime_region()->shape) == 0, "no layout");
	/* The region's address is to be free, for those who join. */
	FUZZ_ASSERT(scene_teardown(NULL) == 0, "the runtime does not end");
	find_parts(&sound);
	file = memfd_create("hostile", MFD_CLOEXEC);
	FUZZ_ASSERT(file >= 0 && ftruncate(file, (off_t)sound.len) == 0, "no file");
	base = mmap(NULL, sound.len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, file, 0);
	FUZZ_ASSERT(base != MAP_FAILED, "no mapping");
	original_restore(&original, base);
	test_point_hook = change;
	return 0;
}

/* ---- Making it hostile ---- */

/* Any place that is a multiple of `align`: most often one that is used, else one of any part. */
static uint64_t place(struct fuzz_input *input, uint64_t align)
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

static void touch(uint64_t off)
{
	uint64_t page = off / OS_PAGE * OS_PAGE;

	strange[n_strange++] = page;
	original.data[page / OS_PAGE / 64] |= 1ull << (page / OS_PAGE % 64);
}

static void edit(struct fuzz_input *input)
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
static int reshape(struct fuzz_input *input, struct region_layout *layout)
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

static void edit_until(struct fuzz_input *input, size_t left)
{
	while (n_strange < EDITS_MAX && fuzz_left(input) > left)
		edit(input);
}

/* ---- While it is read ---- */

static struct fuzz_input *late; /* NULL: nothing changes any more. */
static const char *late_point;

static void change(const char *point)
{
	struct fuzz_input *input = late;

	if (input == NULL || strcmp(point, late_point))
		return;
	late = NULL;
	edit_until(input, 0);
}

/* As it was before. */
static void restore(void)
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

/* ---- Looking at it ---- */

struct seen {
	unsigned int told;
	unsigned int shown;
	size_t text; /* So that every string is read to its end. */
};

static void told(void *arg, const char *finding)
{
	((struct seen *)arg)->told++;
	((struct seen *)arg)->text += strlen(finding);
}

static int list_shown(const struct rte_memseg_list *msl, void *arg)
{
	((struct seen *)arg)->text += strlen(msl->memseg_arr.name);
	return 0;
}

static int segment_shown(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	((struct seen *)arg)->text += (ms->addr_64 ^ msl->addr_64) & 1;
	return ++((struct seen *)arg)->shown == LOOKS_MAX;
}

static void assert_told(int ret, const struct seen *seen)
{
	unsigned int most = ret < CHECK_FINDINGS_TOLD ? (unsigned int)ret : CHECK_FINDINGS_TOLD;

	FUZZ_ASSERT(ret >= 0, "error %d of the checker", ret);
	FUZZ_ASSERT(seen->told == most, "%d findings, %u told", ret, seen->told);
}

/* The header first, in memory of its own size, so that no byte behind it is read. */
static void look_at_memory(void)
{
	struct region *header = malloc(sizeof(*header));
	struct region_image image = {.base = base, .data = original.data};
	struct seen seen = {0};
	const char *fault;
	int err;

	memcpy(header, base, sizeof(*header));
	fault = region_header_fault(header, sound.len, &err);
	FUZZ_ASSERT((fault != NULL) == (err != 0), "error %d without words", err);
	FUZZ_ASSERT(err == 0 || err == -EBADMSG || err == -EPROTO, "error %d", err);
	if (!err) {
		FUZZ_ASSERT(region_layout_make(&image.layout, &header->shape) == 0, "shape");
		FUZZ_ASSERT(image.layout.len == sound.len, "another length");
		assert_told(check_image(&image, told, &seen), &seen);
	}
	free(header);
}

static void look_through(const struct rcumem_observer *observer)
{
	struct rcumem_observer_info info = {.sz = sizeof(info)};
	struct rcumem_stats stats = {.sz = sizeof(stats)};
	struct rcumem_observer_process processes[REGION_PROCESSES];
	struct seen seen = {0};

	if (rcumem_observer_info_get(observer, &info)) /* There is no picture: a header's fault. */
		return;
	FUZZ_ASSERT(memchr(info.prefix, 0, sizeof(info.prefix)), "the prefix has no end");
	FUZZ_ASSERT(rcumem_observer_stats_get(observer, &stats) == 0, "no statistics");
	FUZZ_ASSERT(rcumem_observer_processes(observer, processes, REGION_PROCESSES) <=
			    REGION_PROCESSES,
		"too many processes");
	FUZZ_ASSERT(rcumem_observer_list_walk(observer, list_shown, &seen) == 0, "lists");
	FUZZ_ASSERT(rcumem_observer_walk(observer, segment_shown, &seen) >= 0, "segments");
}

static void finding_told(const char *finding, void *arg)
{
	told(arg, finding);
}

static void look_at_file(void)
{
	struct rcumem_observer *observer = calloc(1, sizeof(*observer));
	struct seen seen = {0};
	int ret;

	observer->gift.fds[0] = file;
	observer->gift.n_fds = JOIN_LISTS;
	ret = rcumem_observer_check(observer, finding_told, &seen);
	if (ret < 0)
		FUZZ_ASSERT(rte_errno == EBADMSG || rte_errno == EPROTO || rte_errno == EAGAIN,
			"errno %d of the observer", rte_errno);
	else
		assert_told(ret, &seen);
	look_through(observer);
	observer->gift.n_fds = 0; /* The file is kept. */
	rcumem_observer_close(observer);
}

/* Sealed, as somebody who joins wants it: a copy. */
static void join_it(uint64_t len)
{
	/* What is offered is what the header says, if the file has one. */
	bool whole = len >= sizeof(struct region);
	uint64_t at = whole ? ((struct region *)base)->base : 0;
	uint64_t own = whole ? ((struct region *)base)->len : len;
	struct region *region = NULL;
	int fd = os_memfd("hostile", OS_PAGE, len);
	off_t off = 0, end;
	int err;

	FUZZ_ASSERT(fd >= 0, "no file");
	while ((off = lseek(file, off, SEEK_DATA)) >= 0 && (uint64_t)off < len) {
		end = lseek(file, off, SEEK_HOLE);
		FUZZ_ASSERT(pwrite(fd, base + off, (size_t)(end - off), off) == end - off, "copy");
		off = end;
	}
	err = region_join(fd, at, own, &region);
	FUZZ_ASSERT((err == 0) == (region != NULL), "error %d and a region", err);
	if (region) {
		region_unmap(region);
		FUZZ_ASSERT(os_range_free(at, own) == 0, "something is left of it");
	}
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct fuzz_input input = {data, len};
	uint8_t mode = fuzz_u8(&input);
	struct region_layout layout = sound;
	bool as_file = mode & MODE_FILE;

	if (mode & MODE_TRUNCATE && as_file)
		layout.len = fuzz_u64(&input) % sound.len;
	else if (mode & MODE_SHAPE && as_file && reshape(&input, &layout))
		layout = sound;
	late_point = mode & 16 ? "image.checked" : "image.read";
	edit_until(&input, as_file && mode & MODE_LATE ? fuzz_left(&input) / 2 : 0);
	if (!as_file) {
		look_at_memory();
	} else {
		FUZZ_ASSERT(ftruncate(file, (off_t)layout.len) == 0, "no such length");
		late = &input;
		look_at_file();
		late = NULL;
		if (mode & MODE_JOIN)
			join_it(layout.len);
	}
	restore();
	return 0;
}
