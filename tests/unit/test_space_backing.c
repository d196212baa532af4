/* SPDX-License-Identifier: BSD-3-Clause */
/* Address spaces: the files behind regions, when they are mapped, and when not any more. */

#include <sys/wait.h>

#include "support_space.h"

/* The bytes at an IO address are those of the file at an offset (a multiple of 8). */
static void check_stamp(const struct rcumem_space *space, uint64_t iova, uint64_t tag, uint64_t off)
{
	uint64_t word = 0;

	assert_works(rcumem_read_lock());
	memcpy(&word, rcumem_iova2virt(space, iova, NULL), sizeof(word));
	rcumem_read_unlock();
	assert_true(word == stamp_at(tag, off));
}

/* ---- What is mapped ---- */

static void a_region_shows_its_part_of_the_file(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(4);

	(void)state;
	file_stamp(fd, 4, 7);
	add_fd(space, 0x1003, 3 * page_sz, fd, 8);           /* No alignment is asked for. */
	add_fd(space, 1ull << 40, page_sz, fd, 3 * page_sz); /* The last page. */
	add_fd(space, 2ull << 40, 1, fd, 4 * page_sz - 1);   /* The last byte. */
	add_fd(space, 3ull << 40, page_sz, fd, page_sz / 2);
	check_stamp(space, 0x1003, 7, 8);
	check_stamp(space, 0x1003 + 3 * page_sz - 8, 7, 3 * page_sz);
	check_stamp(space, 1ull << 40, 7, 3 * page_sz);
	check_stamp(space, 3ull << 40, 7, page_sz / 2);
	check_stamp(space, (3ull << 40) + page_sz - 8, 7, page_sz + page_sz / 2 - 8);
	assert_null(virt_of(space, 0x1003 + 3 * page_sz));
	assert_null(virt_of(space, 0x1002));
	assert_int_equal(
		*(unsigned char *)virt_of(space, 2ull << 40), stamp_at(7, 4 * page_sz - 8) >> 56);
	assert_null(virt_of(space, (2ull << 40) + 1));
	assert_int_equal(mapped_pages(fd), 4 + 1 + 1 + 2); /* An unaligned end takes a page more. */
	assert_works(rcumem_space_destroy(space));
	assert_int_equal(mapped_pages(fd), 0);
	close(fd);
}

static void what_is_written_reaches_the_file(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(1);
	char *view = mmap(NULL, page_sz, PROT_READ, MAP_SHARED, fd, 0);

	(void)state;
	assert_true(view != MAP_FAILED);
	add_fd(space, 0, 100, fd, 50);
	*virt_of(space, 99) = 'x';
	assert_int_equal(view[149], 'x');
	munmap(view, page_sz);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void the_descriptor_may_be_closed_after_the_call(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(1), dup_fd = dup(fd);

	(void)state;
	file_stamp(fd, 1, 3);
	add_fd(space, 0, page_sz, fd, 0);
	close(fd);
	check_stamp(space, 16, 3, 16);
	assert_works(rcumem_space_unregister(space, 0, page_sz));
	assert_int_equal(mapped_pages(dup_fd), 0);
	close(dup_fd);
	assert_works(rcumem_space_destroy(space));
}

static void a_region_is_faulted_in_before_it_is_published(void **state)
{
	struct rcumem_space *space = space_new();
	unsigned char present[16];
	int fd = file_new(16);
	struct stat st;

	(void)state;
	add_fd(space, 0, 5 * page_sz, fd, 2 * page_sz + 100);
	assert_int_equal(fstat(fd, &st), 0);
	/* Pages 2 to 7, and no other. */
	assert_int_equal((uint64_t)st.st_blocks * 512, 6 * page_sz);
	if (page_sz == RTE_PGSIZE_4K) {
		assert_int_equal(mincore(virt_of(space, 0) - 100, 6 * page_sz, present), 0);
		for (unsigned int i = 0; i < 6; i++)
			assert_true(present[i] & 1);
	}
	assert_works(rcumem_space_destroy(space));
	close(fd);
}

/* ---- What is kept ---- */

static void an_equal_region_keeps_its_mapping_through_a_replace(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(4), other = file_new(4), again = dup(fd);
	char *kept, *moved, *first;
	struct rcumem_region set[4];

	(void)state;
	set[0] = region_fd(0x100000000, page_sz, fd, 0);
	set[1] = region_fd(0x200000000, page_sz, fd, page_sz);
	set[2] = region_fd(0x300000000, page_sz, fd, 0);
	set[3] = region_fd(0, page_sz, other, 0);
	assert_works(rcumem_space_replace(space, set, 3, NULL));
	first = virt_of(space, set[0].iova);
	kept = virt_of(space, set[1].iova);
	moved = virt_of(space, set[2].iova);
	set[0].fd_off = 8;        /* Another offset: another mapping. */
	set[1].fd = again;        /* Another descriptor of the same file: equal. */
	set[2].len = page_sz - 1; /* Another length: another mapping. */
	assert_works(rcumem_space_replace(space, set, 4, &page_sz));
	assert_ptr_equal(virt_of(space, set[1].iova), kept);
	assert_ptr_not_equal(virt_of(space, set[0].iova), first);
	assert_ptr_not_equal(virt_of(space, set[2].iova), moved);
	assert_int_equal(mapped_pages(fd), 2 + 1 + 1); /* The first begins within a page. */
	assert_int_equal(mapped_pages(other), 1);
	set[1].fd = other; /* Another file: another mapping. */
	assert_works(rcumem_space_replace(space, set, 4, &page_sz));
	assert_int_equal(mapped_pages(fd), 2 + 1);
	assert_int_equal(mapped_pages(other), 2);
	assert_works(rcumem_space_replace(space, set, 0, NULL));
	assert_int_equal(mapped_pages(fd) + mapped_pages(other), 0);
	assert_works(rcumem_space_destroy(space));
	close(fd);
	close(other);
	close(again);
}

static void an_identical_set_publishes_nothing(void **state)
{
	struct rcumem_space *space = space_new();
	const struct rcumem_map *before, *after;
	struct rcumem_region set[2];
	int fd = file_new(2);

	(void)state;
	set[0] = region_fd(page_sz * 8, page_sz, fd, 0);
	set[1] = region_fd(0, page_sz, fd, page_sz);
	assert_works(rcumem_space_replace(space, set, 2, NULL));
	before = rcumem_space_map(space);
	assert_works(rcumem_space_replace(space, set, 2, NULL));
	after = rcumem_space_map(space);
	assert_ptr_equal(before, after);
	assert_works(rcumem_space_replace(space, set, 2, &page_sz));
	after = rcumem_space_map(space);
	assert_ptr_not_equal(before, after);
	assert_int_equal(mapped_pages(fd), 2);
	assert_works(rcumem_space_destroy(space));
	close(fd);
}

/* ---- What is given back ---- */

static void a_set_that_is_refused_leaves_no_mapping(void **state)
{
	struct rcumem_space *space = space_new();
	int fd = file_new(2), short_fd = file_new(1);
	struct rcumem_region set[3];

	(void)state;
	add_fd(space, 0, page_sz, fd, 0);
	set[0] = region_fd(0, page_sz, fd, 0);
	set[1] = region_fd(1ull << 40, page_sz, fd, page_sz);
	set[2] = region_fd(2ull << 40, 2 * page_sz, short_fd, 0);
	assert_fails(rcumem_space_replace(space, set, 3, NULL), EINVAL);
	assert_int_equal(mapped_pages(fd), 1);
	assert_int_equal(mapped_pages(short_fd), 0);
	set[2] = region_fd(1, page_sz, fd, 0);
	assert_fails(rcumem_space_register(space, &set[2]), EEXIST);
	assert_int_equal(mapped_pages(fd), 1);
	assert_int_equal(count_of(space), 1);
	assert_works(rcumem_space_destroy(space));
	close(fd);
	close(short_fd);
}

static void more_than_the_pool_has_is_enomem(void **state)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region region;
	int fd;

	(void)state;
	if (page_sz == RTE_PGSIZE_4K)
		skip();          /* Only hugepages run out without harm. */
	fd = file_new(1u << 15); /* 64 GiB of 2 MiB pages. */
	region = region_fd(0, page_sz << 15, fd, 0);
	assert_fails(rcumem_space_register(space, &region), ENOMEM);
	assert_int_equal(mapped_pages(fd), 0);
	assert_int_equal(count_of(space), 0);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void fini_unmaps_what_spaces_hold(void **state)
{
	struct rcumem_options opts = test_options();
	struct rcumem_space *a, *b;
	int fd = file_new(3);

	(void)state;
	runtime_start(&opts);
	a = space_new();
	b = space_new();
	add_fd(a, 0, page_sz, fd, 0);
	add_fd(a, 1ull << 40, page_sz, fd, page_sz);
	add_fd(b, 0, page_sz, fd, 0);
	space_new();
	assert_int_equal(mapped_pages(fd), 3);
	runtime_stop();
	assert_int_equal(mapped_pages(fd), 0);
	runtime_start(&opts);
	a = space_new();
	assert_null(virt_of(a, 0));
	assert_works(rcumem_space_destroy(a));
	runtime_stop();
	close(fd);
}

/* In the child, which starts a runtime of its own: the space is there, and can be used. */
static int child_uses_it(struct rcumem_space *space, int fd)
{
	struct rcumem_options opts = test_options();
	struct rcumem_region region = region_fd(0x1000, page_sz, fd, 0);

	if (rcumem_init(&opts))
		return 11;
	if (rcumem_space_register(space, &region) || !virt_of(space, 0x1000))
		return 12;
	if (rcumem_space_destroy(space) || mapped_pages(fd))
		return 13;
	return rcumem_fini() ? 14 : 0;
}

/* In the child: 0 when it has nothing of the parent's. */
static int child_sees_nothing(struct rcumem_space *space, int fd)
{
	uint64_t len = 1;

	if (rcumem_iova2virt(space, 0, &len) || len)
		return 1;
	if (rcumem_map_count(rcumem_space_map(space)))
		return 2;
	if (rcumem_space_create() || rte_errno != ENODEV)
		return 3;
	return mapped_pages(fd) ? 4 : child_uses_it(space, fd);
}

static void a_forked_child_sees_an_empty_space(void **state)
{
	/* Static: the child, which cannot destroy it, has not lost it for memcheck. */
	static struct rcumem_space *space;
	int fd = file_new(1), status = -1;
	pid_t pid;

	(void)state;
	space = space_new();
	file_stamp(fd, 1, 9);
	add_fd(space, 0, page_sz, fd, 0);
	pid = fork();
	if (pid == 0)
		_exit(child_sees_nothing(space, fd));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	check_stamp(space, 8, 9, 8);
	assert_works(rcumem_space_destroy(space));
	close(fd);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(a_region_shows_its_part_of_the_file),
		CASE(what_is_written_reaches_the_file),
		CASE(the_descriptor_may_be_closed_after_the_call),
		CASE(a_region_is_faulted_in_before_it_is_published),
		CASE(an_equal_region_keeps_its_mapping_through_a_replace),
		CASE(an_identical_set_publishes_nothing),
		CASE(a_set_that_is_refused_leaves_no_mapping),
		CASE(more_than_the_pool_has_is_enomem),
		BARE_CASE(fini_unmaps_what_spaces_hold),
		CASE(a_forked_child_sees_an_empty_space),
	};

	return RUN_CASES("space_backing", cases);
}
