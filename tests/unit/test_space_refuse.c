/* SPDX-License-Identifier: BSD-3-Clause */
/* Address spaces: every errno of every function, and that nothing has changed. */

#include "support_space.h"

/* What must still be there after a call that failed. */
static void check_unchanged(const struct rcumem_space *space, const void *user)
{
	assert_int_equal(count_of(space), 2);
	assert_ptr_equal(user_of(space), user);
	assert_ptr_equal(virt_of(space, 0x10000), nowhere);
	assert_ptr_equal(virt_of(space, 0x10fff), nowhere + 0xfff);
	assert_ptr_equal(virt_of(space, 0x20000), nowhere + 0x1000);
	assert_null(virt_of(space, 0xffff));
	assert_null(virt_of(space, 0x11000));
	assert_null(virt_of(space, 0));
}

static struct rcumem_space *space_of_two(void *user)
{
	struct rcumem_space *space = space_new();
	struct rcumem_region set[2];

	set[0] = region_va(0x10000, 0x1000, nowhere);
	set[1] = region_va(0x20000, 0x1000, nowhere + 0x1000);
	assert_works(rcumem_space_replace(space, set, 2, user));
	return space;
}

static void an_overlap_of_one_byte_is_eexist(void **state)
{
	/* Of [0x10000, 0x10fff] and [0x20000, 0x20fff]. */
	const uint64_t bad[][2] = {{0x10000, 0x1000}, {0x10000, 1}, {0x10fff, 1}, {0xffff, 2},
		{0x10fff, 2}, {0x10800, 0x10}, {0xf000, 0x3000}, {0, UINT64_MAX}, {0x10fff, 0xf002},
		{0x20fff, UINT64_MAX - 0x20ffe}, {0x11000, 0xf001}};
	struct rcumem_space *space = space_of_two(&page_sz);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct rcumem_region region = region_va(bad[i][0], bad[i][1], nowhere + 1);
		struct rcumem_region set[3];

		if (region.len > 1ull << 62)
			region.va = (void *)1; /* Where it does not wrap. */
		assert_fails(rcumem_space_register(space, &region), EEXIST);
		set[0] = region_va(0x20000, 0x1000, nowhere);
		set[1] = region;
		set[2] = region_va(0x10000, 0x1000, nowhere);
		assert_fails(rcumem_space_replace(space, set, 3, NULL), EEXIST);
		check_unchanged(space, &page_sz);
	}
	assert_works(rcumem_space_destroy(space));
}

static void neighbours_without_a_common_byte_are_no_overlap(void **state)
{
	struct rcumem_space *space = space_of_two(NULL);

	(void)state;
	add_va(space, 0x11000, 0xf000, nowhere);
	add_va(space, 0, 0x10000, nowhere);
	add_va(space, 0x21000, UINT64_MAX - 0x21000 + 1, (void *)1);
	assert_int_equal(count_of(space), 5);
	assert_works(rcumem_space_destroy(space));
}

static void what_is_no_region_is_einval(void **state)
{
	int fd = file_new(1);
	const struct rcumem_region bad[] = {
		region_va(1ull << 40, 0, nowhere),                        /* No bytes. */
		region_va(UINT64_MAX, 2, nowhere),                        /* Wraps. */
		region_va(2, UINT64_MAX, (void *)1),                      /* Wraps by one. */
		region_va(1ull << 40, 0x1000, NULL),                      /* No backing. */
		region_va(1ull << 40, 0x1000, (void *)(UINTPTR_MAX - 5)), /* Its memory wraps. */
		region_fd(1ull << 40, 0x1000, -2, 0),                     /* No descriptor. */
		region_fd(1ull << 40, 0x1000, 1 << 20, 0),                /* Not an open one. */
		region_fd(1ull << 40, page_sz + 1, fd, 0),                /* The file is shorter. */
		region_fd(1ull << 40, page_sz, fd, 1),
		region_fd(1ull << 40, 1, fd, page_sz),
		region_fd(1ull << 40, 0x1000, fd, UINT64_MAX - 0xff), /* Offset and length wrap. */
		region_fd(UINT64_MAX, 2, fd, 0),
	};
	struct rcumem_space *space = space_of_two(&page_sz);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_fails(rcumem_space_register(space, &bad[i]), EINVAL);
		assert_fails(rcumem_space_replace(space, &bad[i], 1, NULL), EINVAL);
		check_unchanged(space, &page_sz);
	}
	assert_fails(rcumem_space_register(space, NULL), EINVAL);
	assert_fails(rcumem_space_replace(space, NULL, 1, NULL), EINVAL);
	check_unchanged(space, &page_sz);
	assert_int_equal(mapped_pages(fd), 0);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void a_file_that_cannot_be_written_is_einval(void **state)
{
	struct rcumem_space *space = space_of_two(NULL);
	int fd = file_new(1), read_only, pipes[2];
	struct rcumem_region region;
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_only = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(read_only >= 0);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	region = region_fd(0x5000, 0x1000, read_only, 0);
	assert_fails(rcumem_space_register(space, &region), EINVAL);
	region.fd = pipes[0];
	assert_fails(rcumem_space_register(space, &region), EINVAL);
	check_unchanged(space, NULL);
	close(pipes[0]);
	close(pipes[1]);
	close(read_only);
	close(fd);
	assert_works(rcumem_space_destroy(space));
}

static void a_region_that_is_not_exactly_there_is_enoent(void **state)
{
	const uint64_t bad[][2] = {{0x10000, 0xfff}, {0x10000, 0x1001}, {0x10001, 0xfff},
		{0xffff, 0x1000}, {0x30000, 0x1000}, {0, 0}, {0x10000, 0}, {UINT64_MAX, 1}};
	struct rcumem_space *space = space_of_two(&page_sz);

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_fails(rcumem_space_unregister(space, bad[i][0], bad[i][1]), ENOENT);
	check_unchanged(space, &page_sz);
	assert_works(rcumem_space_unregister(space, 0x10000, 0x1000));
	assert_fails(rcumem_space_unregister(space, 0x10000, 0x1000), ENOENT);
	assert_works(rcumem_space_destroy(space));
}

static void region_65536_is_enospc(void **state)
{
	struct rcumem_region *set = calloc(65536, sizeof(*set));
	struct rcumem_space *space = space_of_two(&page_sz);

	(void)state;
	assert_non_null(set);
	for (uint64_t i = 0; i < 65536; i++)
		set[i] = region_va(i * 0x3000, 0x1001, nowhere + i * 0x2000);
	assert_fails(rcumem_space_replace(space, set, 65536, NULL), ENOSPC);
	check_unchanged(space, &page_sz);
	assert_works(rcumem_space_replace(space, set, 65535, NULL));
	assert_int_equal(count_of(space), 65535);
	assert_fails(rcumem_space_register(space, &set[65535]), ENOSPC);
	assert_int_equal(count_of(space), 65535);
	for (uint64_t i = 0; i < 65535; i += 101) {
		assert_ptr_equal(
			virt_of(space, i * 0x3000 + 0x1000), nowhere + i * 0x2000 + 0x1000);
		assert_null(virt_of(space, i * 0x3000 + 0x1001));
	}
	assert_null(virt_of(space, 65535 * 0x3000));
	assert_works(rcumem_space_unregister(space, 0, 0x1001));
	assert_works(rcumem_space_register(space, &set[65535]));
	assert_works(rcumem_space_destroy(space));
	free(set);
}

static void a_null_space_is_einval(void **state)
{
	struct rcumem_region region = region_va(0, 1, nowhere);

	(void)state;
	assert_fails(rcumem_space_register(NULL, &region), EINVAL);
	assert_fails(rcumem_space_unregister(NULL, 0, 1), EINVAL);
	assert_fails(rcumem_space_replace(NULL, &region, 1, NULL), EINVAL);
	assert_fails(rcumem_space_destroy(NULL), EINVAL);
}

static void every_writer_is_edeadlk_inside_a_section(void **state)
{
	struct rcumem_region region = region_va(0x5000, 1, nowhere);
	struct rcumem_space *space = space_of_two(&page_sz);

	(void)state;
	assert_works(rcumem_read_lock());
	assert_fails_null(rcumem_space_create(), EDEADLK);
	assert_fails(rcumem_space_register(space, &region), EDEADLK);
	assert_fails(rcumem_space_unregister(space, 0x10000, 0x1000), EDEADLK);
	assert_fails(rcumem_space_replace(space, &region, 1, NULL), EDEADLK);
	assert_fails(rcumem_space_destroy(space), EDEADLK);
	rcumem_read_unlock();
	check_unchanged(space, &page_sz);
	assert_works(rcumem_space_destroy(space));
}

static void every_writer_is_enodev_without_a_runtime(void **state)
{
	struct rcumem_region region = region_va(0, 1, nowhere);

	(void)state;
	assert_fails_null(rcumem_space_create(), ENODEV);
	assert_fails(rcumem_space_register(NULL, &region), ENODEV);
	assert_fails(rcumem_space_unregister(NULL, 0, 1), ENODEV);
	assert_fails(rcumem_space_replace(NULL, NULL, 0, NULL), ENODEV);
	assert_fails(rcumem_space_destroy(NULL), ENODEV);
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		CASE(an_overlap_of_one_byte_is_eexist),
		CASE(neighbours_without_a_common_byte_are_no_overlap),
		CASE(what_is_no_region_is_einval),
		CASE(a_file_that_cannot_be_written_is_einval),
		CASE(a_region_that_is_not_exactly_there_is_enoent),
		CASE(region_65536_is_enospc),
		CASE(a_null_space_is_einval),
		CASE(every_writer_is_edeadlk_inside_a_section),
		BARE_CASE(every_writer_is_enodev_without_a_runtime),
	};

	return RUN_CASES("space_refuse", cases);
}
