/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The control region as hostile input: a sound region with the changes that the
 * input asks for is a file that is refused, or one that the checker, the
 * observer and a joiner get to the end of.
 *
 * The region is that of the checker's tests: pages in use and in quarantine,
 * external memory, an array of a user, a reader.
 */

#include "fuzz_region_edit.h"
#include "observer.h"
#include "point.h"
#include "region_check.h"

#define LOOKS_MAX 65536u /* Segments that a walk of the picture is shown. */

enum mode {
	MODE_FILE = 1,     /* Through a file and the observer; else straight into the checker. */
	MODE_JOIN = 2,     /* And as somebody who joins. */
	MODE_TRUNCATE = 4, /* The file is shorter. */
	MODE_SHAPE = 8,    /* The header is of another shape, and sound. */
	MODE_LATE = 48,    /* Not 0: the second half of the changes comes while it is read. */
};

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

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	region_file_make();
	test_point_hook = change;
	return 0;
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
