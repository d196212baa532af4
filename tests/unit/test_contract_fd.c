/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.3 and 5: rte_memseg_get_fd(), rte_memseg_get_fd_offset() and
 * their twins.
 */

#include <sys/mman.h>
#include <sys/stat.h>

#include "support_walk.h"

static struct visits seen;

/* Both descriptor calls and both offset calls fail with `err`, and write no offset. */
static void assert_no_fd(const struct rte_memseg *ms, int err)
{
	size_t off = 4711;

	assert_fails(rte_memseg_get_fd(ms), err);
	assert_fails(rte_memseg_get_fd_thread_unsafe(ms), err);
	assert_fails(rte_memseg_get_fd_offset(ms, &off), err);
	assert_fails(rte_memseg_get_fd_offset_thread_unsafe(ms, &off), err);
	assert_int_equal(off, 4711);
}

/* rows F1 */
static void fd_of_null_is_invalid(void **state)
{
	(void)state;
	assert_no_fd(NULL, EINVAL);
}

/* rows F1 */
static void offset_into_null_is_invalid_even_for_an_external_segment(void **state)
{
	char *page = pages_get(1);
	char *va = ext_reserve(1);

	(void)state;
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_fails(rte_memseg_get_fd_offset(rte_mem_virt2memseg(page, NULL), NULL), EINVAL);
	assert_fails(rte_memseg_get_fd_offset(rte_mem_virt2memseg(va, NULL), NULL), EINVAL);
	assert_fails(rte_memseg_get_fd_offset_thread_unsafe(rte_mem_virt2memseg(va, NULL), NULL),
		EINVAL);
	assert_fails(rte_memseg_get_fd_offset(NULL, NULL), EINVAL);
	assert_int_equal(ext_unregister(va, 1), 0);
	ext_release(va, 1);
	pages_put(page, 1);
}

/* rows F2, F9 */
static void fd_of_a_pointer_that_is_no_segment_is_invalid(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg *ms = rte_mem_virt2memseg(page, NULL);
	struct rte_memseg zero;
	struct rte_memseg copy = *ms;
	struct rte_memseg *on_heap = malloc(sizeof(*on_heap));

	(void)state;
	memset(&zero, 0, sizeof(zero));
	*on_heap = copy;
	assert_no_fd(&zero, EINVAL);
	assert_no_fd(&copy, EINVAL);
	assert_no_fd(on_heap, EINVAL);
	assert_no_fd((struct rte_memseg *)((char *)ms + 8), EINVAL);
	assert_no_fd((struct rte_memseg *)page, EINVAL);
	free(on_heap);
	pages_put(page, 1);
}

/* rows F9, N3 */
static void fd_of_a_pointer_to_nowhere_is_invalid(void **state)
{
	char *page = pages_get(1);
	char *hole = ext_reserve(1);

	(void)state;
	assert_no_fd((struct rte_memseg *)8, EINVAL);
	assert_no_fd((struct rte_memseg *)UINTPTR_MAX, EINVAL);
	assert_no_fd((struct rte_memseg *)hole, EINVAL);
	ext_release(hole, 1);
	pages_put(page, 1);
}

/* rows F2, F3: a slot of ours is known even when nothing is in it; DPDK says EINVAL for most */
static void fd_of_an_unused_slot_is_not_found(void **state)
{
	char *page = pages_get(2);
	struct rte_memseg *never = rte_mem_virt2memseg(page + 5 * page_sz, NULL);
	struct rte_memseg *freed = rte_mem_virt2memseg(page, NULL);

	(void)state;
	assert_no_fd(never, ENOENT);
	pages_put(page, 2);
	assert_no_fd(freed, ENOENT);
}

/* rows F4 */
static void fd_of_an_external_segment_is_not_supported(void **state)
{
	char *va = ext_reserve(2);

	(void)state;
	assert_int_equal(ext_register(va, 2, 0x1000), 0);
	assert_no_fd(rte_mem_virt2memseg(va, NULL), ENOTSUP);
	assert_no_fd(rte_mem_virt2memseg(va + EXT_PAGE, NULL), ENOTSUP);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
}

/* rows F5, F6, F7: there is no mode in which an internal page has no descriptor */
static void every_used_page_has_a_descriptor_and_an_offset(void **state)
{
	char *pages = pages_get(6);
	char *small = rcumem_pages_alloc(3 * RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);

	(void)state;
	assert_non_null(small);
	pages_put(pages + page_sz, 2);
	visit_segs(&seen);
	assert_int_equal(seen.n, 4 + 3);
	for (unsigned int i = 0; i < seen.n; i++) {
		size_t off = 4711;

		assert_true(rte_memseg_get_fd(seen.at[i].ms) >= 0);
		assert_int_equal(rte_memseg_get_fd_offset(seen.at[i].ms, &off), 0);
		assert_int_equal(
			off, (char *)seen.at[i].seg.addr - (char *)seen.at[i].msl->base_va);
	}
	pages_put(pages, 1);
	pages_put(pages + 3 * page_sz, 3);
	assert_int_equal(rcumem_pages_free(small, 3 * RTE_PGSIZE_4K), 0);
}

/* rows F8 */
static void list_has_one_descriptor_and_each_page_its_offset(void **state)
{
	char *pages = pages_get(4);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(pages);
	int fd = rte_memseg_get_fd(rte_mem_virt2memseg(pages, NULL));

	(void)state;
	assert_true(fd >= 0);
	for (int i = 0; i < 4; i++) {
		struct rte_memseg *ms = rte_mem_virt2memseg(pages + i * page_sz, NULL);
		size_t off = 0, off_unsafe = 0;

		assert_int_equal(rte_memseg_get_fd(ms), fd);
		assert_int_equal(rte_memseg_get_fd_thread_unsafe(ms), fd);
		assert_int_equal(rte_memseg_get_fd_offset(ms, &off), 0);
		assert_int_equal(rte_memseg_get_fd_offset_thread_unsafe(ms, &off_unsafe), 0);
		assert_int_equal(off, page_sz * rte_fbarray_find_idx(&msl->memseg_arr, ms));
		assert_int_equal(off_unsafe, off);
	}
	pages_put(pages, 4);
}

/* rows F8 */
static void descriptor_shows_the_memory_itself(void **state)
{
	char *pages = pages_get(2);
	struct rte_memseg *ms = rte_mem_virt2memseg(pages + page_sz, NULL);
	int fd = rte_memseg_get_fd(ms);
	struct stat st;
	size_t off;
	char *other;

	(void)state;
	assert_int_equal(rte_memseg_get_fd_offset(ms, &off), 0);
	assert_int_equal(fstat(fd, &st), 0);
	assert_true((size_t)st.st_size >= off + page_sz);
	other = mmap(NULL, page_sz, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)off);
	assert_ptr_not_equal(other, MAP_FAILED);
	strcpy(pages + page_sz, "seen through both");
	assert_string_equal(other, "seen through both");
	strcpy(other + page_sz - 8, "back");
	assert_string_equal(pages + 2 * page_sz - 8, "back");
	munmap(other, page_sz);
	pages_put(pages, 2);
}

static int fds_in_event;

static void ask_fds(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct rte_memseg *ms = rte_mem_virt2memseg(addr, NULL);
	size_t off;

	(void)event;
	(void)len;
	(void)arg;
	fds_in_event += rte_memseg_get_fd(ms) >= 0;
	fds_in_event += rte_memseg_get_fd_thread_unsafe(ms) >= 0;
	fds_in_event += rte_memseg_get_fd_offset(ms, &off) == 0;
	fds_in_event += rte_memseg_get_fd_offset_thread_unsafe(ms, &off) == 0;
}

static int ask_fds_in_walk(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	ask_fds(RTE_MEM_EVENT_ALLOC, ms->addr, ms->len, arg);
	return 0;
}

/* rows F1, F8: a deadlock in DPDK */
static void descriptors_are_told_inside_walks_and_callbacks(void **state)
{
	char *page;

	(void)state;
	fds_in_event = 0;
	assert_int_equal(rte_mem_event_callback_register("fd", ask_fds, NULL), 0);
	page = pages_get(1);
	assert_int_equal(fds_in_event, 4);
	assert_int_equal(rte_memseg_walk(ask_fds_in_walk, NULL), 0);
	assert_int_equal(fds_in_event, 8);
	pages_put(page, 1);
	assert_int_equal(fds_in_event, 12);
	assert_int_equal(rte_mem_event_callback_unregister("fd", NULL), 0);
}

/* rows N4 */
static void fd_without_a_runtime_is_invalid(void **state)
{
	struct rte_memseg zero;

	(void)state;
	memset(&zero, 0, sizeof(zero));
	assert_no_fd(NULL, EINVAL);
	assert_no_fd(&zero, EINVAL);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(fd_of_null_is_invalid),
		CASE(offset_into_null_is_invalid_even_for_an_external_segment),
		CASE(fd_of_a_pointer_that_is_no_segment_is_invalid),
		CASE(fd_of_a_pointer_to_nowhere_is_invalid),
		CASE(fd_of_an_unused_slot_is_not_found),
		CASE(fd_of_an_external_segment_is_not_supported),
		CASE(every_used_page_has_a_descriptor_and_an_offset),
		CASE(list_has_one_descriptor_and_each_page_its_offset),
		CASE(descriptor_shows_the_memory_itself),
		CASE(descriptors_are_told_inside_walks_and_callbacks),
		BARE_CASE(fd_without_a_runtime_is_invalid),
	};

	return RUN_CASES("contract: descriptors", cases);
}
