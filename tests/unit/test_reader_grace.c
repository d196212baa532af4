/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Grace periods: what sections and QSBR readers hold, and whom they hold up.
 */

#include "support_call.h"
#include "support_walk.h"

static struct rcumem_stats stats(void)
{
	struct rcumem_stats now = {.sz = sizeof(now)};

	assert_int_equal(rcumem_stats_get(&now), 0);
	return now;
}

/* A QSBR reader in a thread of its own that does one thing when told. */
static struct {
	sem_t told, done;
	void (*todo)(void);
	bool end;
} servant;

static void *serve(void *arg)
{
	*(int *)arg = rcumem_reader_register();
	sem_post(&servant.done);
	for (;;) {
		while (sem_wait(&servant.told) != 0)
			;
		if (servant.end)
			break;
		servant.todo();
		sem_post(&servant.done);
	}
	rcumem_reader_unregister();
	return NULL;
}

static void tell_servant(void (*todo)(void))
{
	servant.todo = todo;
	sem_post(&servant.told);
	while (sem_wait(&servant.done) != 0)
		;
}

static void qsbr_reader_holds_up_until_it_is_quiescent_or_offline(void **state)
{
	pthread_t thread;
	int registered = -1;

	(void)state;
	memset(&servant, 0, sizeof(servant));
	sem_init(&servant.told, 0, 0);
	sem_init(&servant.done, 0, 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, &registered), 0);
	while (sem_wait(&servant.done) != 0)
		;
	assert_int_equal(registered, 0);
	assert_fails(rcumem_synchronize(0), ETIMEDOUT);
	assert_fails(rcumem_synchronize(20), ETIMEDOUT);
	tell_servant(rcumem_reader_offline);
	assert_int_equal(rcumem_synchronize(0), 0);
	tell_servant(rcumem_reader_quiescent);
	assert_int_equal(rcumem_synchronize(0), 0);
	tell_servant(rcumem_reader_online);
	assert_fails(rcumem_synchronize(0), ETIMEDOUT);
	tell_servant(rcumem_reader_offline);
	assert_int_equal(rcumem_synchronize(0), 0);
	servant.end = true;
	sem_post(&servant.told);
	pthread_join(thread, NULL);
}

static void *free_two(void *pages)
{
	return (void *)(intptr_t)rcumem_pages_free(pages, 2 * page_sz);
}

static void quiescent_state_lets_a_waiting_free_finish(void **state)
{
	struct rcumem_options opts = test_options();
	pthread_t reader, writer;
	int registered = -1;
	void *pages, *freed;

	(void)state;
	opts.free_timeout_ms = 20000;
	runtime_start(&opts);
	memset(&servant, 0, sizeof(servant));
	sem_init(&servant.told, 0, 0);
	sem_init(&servant.done, 0, 0);
	assert_int_equal(pthread_create(&reader, NULL, serve, &registered), 0);
	while (sem_wait(&servant.done) != 0)
		;
	assert_int_equal(registered, 0);
	pages = pages_get(2);
	assert_int_equal(pthread_create(&writer, NULL, free_two, pages), 0);
	while (segs_now() != 0)
		sleep_ms(1);
	tell_servant(rcumem_reader_quiescent);
	pthread_join(writer, &freed);
	assert_null(freed);
	assert_int_equal(stats().quarantined_bytes, 0);
	servant.end = true;
	sem_post(&servant.told);
	pthread_join(reader, NULL);
	runtime_stop();
}

/* ---- Grace periods ---- */

static void synchronize_waits_for_sections_of_other_threads_only(void **state)
{
	struct holder holder;
	int err_at_once, err_later;

	(void)state;
	assert_int_equal(rcumem_synchronize(0), 0);
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	rte_errno = 0;
	rcumem_synchronize(0);
	err_at_once = rte_errno;
	rte_errno = 0;
	rcumem_synchronize(30);
	err_later = rte_errno;
	holder_stop(&holder);
	assert_int_equal(holder.result, 0);
	assert_int_equal(err_at_once, ETIMEDOUT);
	assert_int_equal(err_later, ETIMEDOUT);
	assert_int_equal(rcumem_synchronize(1000), 0);
}

/* rows H9 */
static void pages_that_a_section_may_hold_stay_until_it_ends(void **state)
{
	struct rcumem_options opts = test_options();
	struct holder holder;
	char *pages, *others;

	(void)state;
	opts.free_timeout_ms = 30;
	runtime_start(&opts);
	pages = pages_get(2);
	memset(pages, 'x', 2 * page_sz);
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	assert_int_equal(holder.result, 0);
	pages_put(pages, 2);
	assert_int_equal(stats().quarantined_bytes, 2 * page_sz);
	assert_true(stats().grace_timeouts >= 1);
	assert_int_equal(segs_now(), 0);
	assert_null(rte_mem_iova2virt((uintptr_t)pages));
	assert_fails(rcumem_pages_free(pages, page_sz), ENOENT);
	/* Still mapped, still the same bytes: a reader may be in the middle of them. */
	assert_int_equal(pages[0], 'x');
	assert_int_equal(pages[2 * page_sz - 1], 'x');
	others = pages_get(2);
	assert_ptr_not_equal(others, pages);
	holder_stop(&holder);
	pages_put(others, 2);
	assert_int_equal(stats().quarantined_bytes, 0);
	assert_ptr_equal(pages_get(2), pages);
	assert_int_equal(pages[0], 0);
	runtime_stop();
}

/* Plug, and unplug unless `keep`, single pages until a call fails: its errno, or 0. */
static int err_of_hotplug(bool keep)
{
	for (int i = 0; i < 100000; i++) {
		void *page = rcumem_pages_alloc(RTE_PGSIZE_4K, RTE_PGSIZE_4K, SOCKET_ID_ANY, 0);

		if (!page || (!keep && rcumem_pages_free(page, RTE_PGSIZE_4K) != 0))
			return rte_errno;
	}
	return 0;
}

/* The first writer that does not say "try again", or NULL; a list stands at va. */
static const char *writer_that_goes_on(char *va)
{
	if (call_pages_alloc() != -1 || rte_errno != EAGAIN)
		return "rcumem_pages_alloc";
	if (call_pages_free() != -1 || rte_errno != EAGAIN)
		return "rcumem_pages_free";
	if (ext_register(va + EXT_PAGE, 1, 0x2000) != -1 || rte_errno != EAGAIN)
		return "rte_extmem_register";
	if (ext_unregister(va, 1) != -1 || rte_errno != EAGAIN)
		return "rte_extmem_unregister";
	return NULL;
}

static void stuck_reader_ends_in_try_again_and_not_in_a_hang(void **state)
{
	struct rcumem_options opts = test_options();
	char *va = ext_reserve(2);
	struct holder holder;
	const char *goes_on;
	int err;

	(void)state;
	opts.free_timeout_ms = 1;
	runtime_start(&opts);
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	writer_page = pages_get(1);
	/* First so many pictures wait that there is no room for another one. */
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	err = err_of_hotplug(true);
	goes_on = writer_that_goes_on(va);
	holder_stop(&holder);
	assert_int_equal(err, EAGAIN);
	assert_null(goes_on);
	/* As soon as the reader leaves, all goes on. */
	pages_put(writer_page, 1);
	assert_int_equal(ext_unregister(va, 1), 0);
	/* Then so many freed ranges. */
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	err = err_of_hotplug(false);
	holder_stop(&holder);
	assert_int_equal(err, EAGAIN);
	pages_put(pages_get(1), 1);
	assert_int_equal(stats().quarantined_bytes, 0);
	runtime_stop();
	ext_release(va, 2);
}

/* rows H9 */
static void lists_that_a_section_may_hold_end_in_try_again(void **state)
{
	struct rcumem_options opts = test_options();
	struct holder holder;
	char *va = ext_reserve(1);
	int err = 0;

	(void)state;
	opts.free_timeout_ms = 1;
	opts.max_lists = 8;
	runtime_start(&opts);
	holder_start(&holder, rcumem_read_lock, rcumem_read_unlock);
	for (int i = 0; i < 16 && !err; i++) {
		rte_errno = 0;
		if (ext_register(va, 1, 0x1000) || ext_unregister(va, 1))
			err = rte_errno;
	}
	holder_stop(&holder);
	assert_int_equal(err, EAGAIN);
	/* As soon as the reader leaves, all goes on. */
	assert_int_equal(ext_register(va, 1, 0x1000), 0);
	assert_int_equal(ext_unregister(va, 1), 0);
	runtime_stop();
	ext_release(va, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(qsbr_reader_holds_up_until_it_is_quiescent_or_offline),
		BARE_CASE(quiescent_state_lets_a_waiting_free_finish),
		CASE(synchronize_waits_for_sections_of_other_threads_only),
		BARE_CASE(pages_that_a_section_may_hold_stay_until_it_ends),
		BARE_CASE(stuck_reader_ends_in_try_again_and_not_in_a_hang),
		BARE_CASE(lists_that_a_section_may_hold_end_in_try_again),
	};

	return RUN_CASES("grace periods", cases);
}
