/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * rcumem_fini(), and what everything answers before, between and after
 * runtimes.
 */

#include <rte_eal.h>
#include <rte_eal_memconfig.h>

#include "os.h"
#include "support_call.h"
#include "support_walk.h"

static struct visits seen;

static void second_start_is_refused_and_the_first_goes_on(void **state)
{
	struct rcumem_options opts = test_options();
	char *page = pages_get(1);

	(void)state;
	assert_fails(rcumem_init(&opts), EALREADY);
	assert_fails(rcumem_init(NULL), EALREADY);
	assert_int_equal(segs_now(), 1);
	pages_put(page, 1);
}

/* rows N4, N5 */
static void assert_no_runtime(void)
{
	int on_stack;

	writer_page = &on_stack;
	memset(&seen, 0, sizeof(seen));
	assert_null(writer_not_refused(ENODEV));
	assert_fails(rcumem_fini(), ENODEV);
	assert_null(rte_mem_virt2memseg_list(&on_stack));
	assert_null(rte_mem_virt2memseg(&on_stack, NULL));
	assert_null(rte_mem_virt2memseg_list((void *)(4 * GIB)));
	assert_null(rte_mem_iova2virt(4 * GIB));
	assert_int_equal(rte_memseg_walk(record_seg, &seen), 0);
	assert_int_equal(rte_memseg_contig_walk(record_run, &seen), 0);
	assert_int_equal(rte_memseg_list_walk(record_list, &seen), 0);
	assert_int_equal(seen.n, 0);
	assert_int_equal(rte_eal_get_physmem_size(), 0);
	assert_int_equal(rte_eal_iova_mode(), RTE_IOVA_DC);
}

/* rows N4, N5: a crash in DPDK after cleanup */
static void without_a_runtime_writers_fail_and_readers_find_nothing(void **state)
{
	struct rcumem_options opts = test_options();
	char *page;

	(void)state;
	assert_no_runtime();
	runtime_start(&opts);
	page = pages_get(2);
	runtime_stop();
	assert_no_runtime();
	assert_null(rte_mem_virt2memseg_list(page));
	runtime_start(&opts);
	assert_int_equal(segs_now(), 0);
	pages_put(pages_get(2), 2);
	runtime_stop();
	assert_no_runtime();
}

static int fini_errno(void)
{
	rte_errno = 0;
	rcumem_fini();
	return rte_errno;
}

/* While another thread is inside: the holder leaves before anything is asserted. */
static int fini_errno_beside(int (*enter_fn)(void), void (*leave_fn)(void))
{
	struct holder holder;
	int err;

	holder_start(&holder, enter_fn, leave_fn);
	err = fini_errno();
	holder_stop(&holder);
	assert_int_equal(holder.result, 0);
	return err;
}

static void fini_inside_a_section_is_busy(void **state)
{
	int err;

	(void)state;
	assert_int_equal(rcumem_read_lock(), 0);
	err = fini_errno();
	rcumem_read_unlock();
	assert_int_equal(err, EBUSY);
	assert_int_equal(fini_errno_beside(rcumem_read_lock, rcumem_read_unlock), EBUSY);
	pages_put(pages_get(1), 1);
}

static int write_lock(void)
{
	rte_mcfg_mem_write_lock();
	return rte_errno ? -1 : 0;
}

/* What the lock stands in would be unmapped under its owner. */
static void fini_beside_the_owner_of_the_write_lock_is_busy(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	opts.lock_timeout_ms = 50;
	runtime_start(&opts);
	assert_int_equal(fini_errno_beside(write_lock, rte_mcfg_mem_write_unlock), EBUSY);
	pages_put(pages_get(1), 1);
	runtime_stop();
}

static void count_calls(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	++*(unsigned int *)arg;
}

/* Runtimes of this thread's own, in turn with those of others: how many did not keep a callback. */
static void *runtimes_in_turn(void *arg)
{
	struct rcumem_options opts = test_options();
	unsigned long *lost = arg;
	uint64_t end = os_now_ns() + 2000000000;

	while (os_now_ns() < end) {
		unsigned int called = 0;
		void *page;

		while (rcumem_init(&opts))
			if (rte_errno != EALREADY)
				abort();
		rte_mem_event_callback_register("mine", count_calls, &called);
		page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
		*lost += !page || called != 1 || rcumem_pages_free(page, page_sz) ||
			 rte_mem_event_callback_unregister("mine", &called);
		while (rcumem_fini())
			if (rte_errno != EBUSY)
				abort();
	}
	return NULL;
}

static void fini_forgets_no_callback_of_the_next_runtime(void **state)
{
	unsigned long lost[3] = {0};
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, runtimes_in_turn, &lost[i]), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(lost[0] + lost[1] + lost[2], 0);
}

static void leave_qsbr(void)
{
	rcumem_reader_unregister();
}

static void fini_beside_an_online_qsbr_reader_is_busy(void **state)
{
	(void)state;
	assert_int_equal(fini_errno_beside(rcumem_reader_register, leave_qsbr), EBUSY);
}

/* As every writer call, it is a quiescent state of the caller. */
static void fini_of_an_online_qsbr_reader_itself_works(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	runtime_start(&opts);
	assert_int_equal(rcumem_reader_register(), 0);
	runtime_stop();
	assert_fails(rcumem_reader_unregister(), EINVAL);
	runtime_start(&opts);
	assert_int_equal(rcumem_reader_register(), 0);
	assert_int_equal(rcumem_reader_unregister(), 0);
	runtime_stop();
}

static void *fail_elsewhere(void *arg)
{
	int *errs = arg;

	errs[0] = rte_errno;
	rcumem_pages_alloc(0, page_sz, SOCKET_ID_ANY, 0);
	errs[1] = rte_errno;
	return NULL;
}

/* rows N1 */
static void failure_in_one_thread_is_not_seen_by_another(void **state)
{
	pthread_t thread;
	int errs[2];

	(void)state;
	rte_errno = ERRNO_UNTOUCHED;
	assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, errs), 0);
	pthread_join(thread, NULL);
	assert_int_equal(errs[0], 0);
	assert_int_equal(errs[1], EINVAL);
	assert_int_equal(rte_errno, ERRNO_UNTOUCHED);
}

static void features_and_version_need_no_runtime(void **state)
{
	struct rcumem_features features = {.sz = sizeof(features)};
	int major, minor, patch;

	(void)state;
	assert_fails(rcumem_features_get(NULL), EINVAL);
	assert_fails(rcumem_features_get(&(struct rcumem_features){.sz = 0}), EINVAL);
	assert_int_equal(rcumem_features_get(&features), 0);
	assert_true(features.page_sizes & RTE_PGSIZE_4K);
	assert_true(features.numa_nodes >= 1);
	assert_true(features.hugepages_usable == 0 || features.hugepages_usable == 1);
	assert_int_equal(sscanf(rcumem_version(), "%d.%d.%d", &major, &minor, &patch), 3);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(second_start_is_refused_and_the_first_goes_on),
		BARE_CASE(without_a_runtime_writers_fail_and_readers_find_nothing),
		CASE(fini_inside_a_section_is_busy),
		CASE(fini_beside_an_online_qsbr_reader_is_busy),
		BARE_CASE(fini_beside_the_owner_of_the_write_lock_is_busy),
		BARE_CASE(fini_forgets_no_callback_of_the_next_runtime),
		BARE_CASE(fini_of_an_online_qsbr_reader_itself_works),
		CASE(failure_in_one_thread_is_not_seen_by_another),
		BARE_CASE(features_and_version_need_no_runtime),
	};

	return RUN_CASES("end", cases);
}
