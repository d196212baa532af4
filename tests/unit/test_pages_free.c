/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_pages_free(); contract 2.3.  What readers hold up stands in
 * test_reader_grace.c.
 */

#include "support_call.h"
#include "support_walk.h"

/* rows H6 */
static void pages_are_freed_in_any_pieces(void **state)
{
	char *a = pages_get(5);
	char *b = pages_get(3);

	(void)state;
	assert_ptr_equal(b, a + 5 * page_sz);
	pages_put(a + 2 * page_sz, 1);
	assert_int_equal(segs_now(), 7);
	pages_put(a, 2);
	/* Across two allocations. */
	pages_put(a + 3 * page_sz, 4);
	assert_int_equal(segs_now(), 1);
	memset(b + 2 * page_sz, 1, page_sz);
	pages_put(b + 2 * page_sz, 1);
	assert_int_equal(segs_now(), 0);
}

static void free_of_what_are_no_pages_of_ours_is_invalid(void **state)
{
	char *pages = pages_get(2);
	struct rte_memseg_list *msl = rte_mem_virt2memseg_list(pages);
	char *end = (char *)msl->base_va + msl->len;
	char *va = ext_reserve(2);
	int on_stack;

	(void)state;
	assert_int_equal(ext_register(va, 2, 0x1000), 0);
	assert_fails(rcumem_pages_free(NULL, page_sz), EINVAL);
	assert_fails(rcumem_pages_free(pages, 0), EINVAL);
	assert_fails(rcumem_pages_free(pages, page_sz / 2), EINVAL);
	assert_fails(rcumem_pages_free(pages, page_sz + 1), EINVAL);
	assert_fails(rcumem_pages_free(pages + 8, page_sz), EINVAL);
	assert_fails(rcumem_pages_free(pages + page_sz / 2, page_sz), EINVAL);
	assert_fails(rcumem_pages_free(&on_stack, page_sz), EINVAL);
	assert_fails(rcumem_pages_free(va, EXT_PAGE), EINVAL);
	assert_fails(rcumem_pages_free(end - page_sz, 2 * page_sz), EINVAL);
	assert_fails(rcumem_pages_free(pages, SIZE_MAX - page_sz + 1), EINVAL);
	assert_int_equal(segs_now(), 4);
	assert_int_equal(ext_unregister(va, 2), 0);
	ext_release(va, 2);
	pages_put(pages, 2);
}

static void free_of_a_page_not_in_use_frees_nothing(void **state)
{
	char *pages = pages_get(4);

	(void)state;
	pages_put(pages + 2 * page_sz, 1);
	memset(pages, 'x', page_sz);
	assert_fails(rcumem_pages_free(pages + 2 * page_sz, page_sz), ENOENT);
	assert_fails(rcumem_pages_free(pages, 4 * page_sz), ENOENT);
	assert_fails(rcumem_pages_free(pages + 3 * page_sz, 2 * page_sz), ENOENT);
	assert_int_equal(segs_now(), 3);
	assert_int_equal(pages[0], 'x');
	pages_put(pages, 2);
	pages_put(pages + 3 * page_sz, 1);
}

/* rows H8 */
static void page_flagged_do_not_free_is_busy_with_all_that_goes_with_it(void **state)
{
	char *a = pages_get(2);
	char *pinned =
		rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, RCUMEM_ALLOC_DO_NOT_FREE);
	char *b = pages_get(1);

	(void)state;
	assert_ptr_equal(pinned, a + 2 * page_sz);
	assert_ptr_equal(b, a + 3 * page_sz);
	assert_int_equal(rte_mem_virt2memseg(pinned, NULL)->flags, RTE_MEMSEG_FLAG_DO_NOT_FREE);
	assert_int_equal(rte_mem_virt2memseg(a, NULL)->flags, 0);
	assert_fails(rcumem_pages_free(pinned, page_sz), EBUSY);
	assert_fails(rcumem_pages_free(a, 4 * page_sz), EBUSY);
	assert_int_equal(segs_now(), 4);
	pages_put(a, 2);
	pages_put(b, 1);
}

/* ---- Beside the callbacks of another thread ---- */

static struct {
	char *pages; /* Being freed by the case. */
	sem_t done;
	int rc, err;
	bool waited;
	pthread_t thread;
} beside;

static void *free_the_same(void *arg)
{
	rte_errno = 0;
	beside.rc = rcumem_pages_free(beside.pages, page_sz);
	beside.err = rte_errno;
	sem_post(&beside.done);
	return arg;
}

static void *alloc_another(void *arg)
{
	rte_errno = 0;
	beside.rc = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0) ? 0 : -1;
	beside.err = rte_errno;
	sem_post(&beside.done);
	return arg;
}

/* In the first FREE event: let another thread do `arg`, and wait for it at most 10 s. */
static void wait_for_another_thread(
	enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	struct timespec until;

	event_ignore(event, addr, len, arg);
	if (event != RTE_MEM_EVENT_FREE || addr != beside.pages || beside.thread)
		return;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += 10;
	if (pthread_create(&beside.thread, NULL, *(void *(**)(void *))arg, NULL) == 0)
		beside.waited = sem_timedwait(&beside.done, &until) == 0;
}

static void free_beside(void *(*todo)(void *))
{
	memset(&beside, 0, sizeof(beside));
	sem_init(&beside.done, 0, 0);
	beside.pages = pages_get(2);
	assert_int_equal(
		rte_mem_event_callback_register("beside", wait_for_another_thread, &todo), 0);
	pages_put(beside.pages, 2);
	pthread_join(beside.thread, NULL);
	assert_int_equal(rte_mem_event_callback_unregister("beside", &todo), 0);
	sem_destroy(&beside.done);
}

/* rows H4 */
static void range_that_another_thread_frees_is_busy(void **state)
{
	(void)state;
	free_beside(free_the_same);
	assert_true(beside.waited);
	assert_int_equal(beside.rc, -1);
	assert_int_equal(beside.err, EBUSY);
	assert_int_equal(segs_now(), 0);
}

/* rows H4: events come one after another, but nobody waits for ever */
static void callback_that_waits_for_another_thread_times_it_out_and_is_no_hang(void **state)
{
	(void)state;
	free_beside(alloc_another);
	assert_true(beside.waited);
	assert_int_equal(beside.rc, -1);
	assert_int_equal(beside.err, ETIMEDOUT);
	assert_int_equal(segs_now(), 0);
	pages_put(pages_get(2), 2);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(pages_are_freed_in_any_pieces),
		CASE(free_of_what_are_no_pages_of_ours_is_invalid),
		CASE(free_of_a_page_not_in_use_frees_nothing),
		CASE(page_flagged_do_not_free_is_busy_with_all_that_goes_with_it),
		CASE(range_that_another_thread_frees_is_busy),
		CASE(callback_that_waits_for_another_thread_times_it_out_and_is_no_hang),
	};

	return RUN_CASES("freeing pages", cases);
}
