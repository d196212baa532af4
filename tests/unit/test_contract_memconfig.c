/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Contract 1.10: the lock functions.  The read lock is a section, the write
 * lock is the writer mutex.
 */

#include <rte_eal_memconfig.h>

#include "support_call.h"
#include "support_walk.h"

/* rows K1 */
static void single_file_segments_are_always_on(void **state)
{
	struct rcumem_options opts = test_options();

	(void)state;
	assert_true(rte_mcfg_get_single_file_segments());
	runtime_start(&opts);
	assert_true(rte_mcfg_get_single_file_segments());
	runtime_stop();
}

/* rows K2 */
static void read_lock_nests_and_refuses_writers_of_its_thread(void **state)
{
	char *page = pages_get(1);
	const char *outer, *inner, *still;

	(void)state;
	writer_page = page;
	rte_mcfg_mem_read_lock();
	outer = writer_not_refused(EDEADLK);
	rte_mcfg_mem_read_lock();
	inner = writer_not_refused(EDEADLK);
	rte_mcfg_mem_read_unlock();
	still = writer_not_refused(EDEADLK);
	rte_mcfg_mem_read_unlock();
	assert_null(outer);
	assert_null(inner);
	assert_null(still);
	pages_put(page, 1);
}

static int enter_read_lock(void)
{
	rte_mcfg_mem_read_lock();
	return rte_errno == 0 ? 0 : -1;
}

static int enter_write_lock(void)
{
	rte_mcfg_mem_write_lock();
	return rte_errno == 0 ? 0 : -1;
}

/* rows K2: a reader keeps nobody away */
static void read_lock_does_not_keep_writers_of_other_threads_away(void **state)
{
	struct holder holder;
	char *page;

	(void)state;
	holder_start(&holder, enter_read_lock, rte_mcfg_mem_read_unlock);
	page = rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0);
	holder_stop(&holder);
	assert_int_equal(holder.result, 0);
	assert_non_null(page);
	pages_put(page, 1);
}

/* The first writer that the lock of another thread does not time out, or NULL. */
static const char *writer_not_timed_out(struct rte_fbarray *arr)
{
	rte_errno = 0;
	if (rte_fbarray_destroy(arr) != -1 || rte_errno != ETIMEDOUT)
		return "rte_fbarray_destroy";
	if (rte_fbarray_detach(arr) != -1 || rte_errno != ETIMEDOUT)
		return "rte_fbarray_detach";
	if (rte_fbarray_attach(arr) != -1 || rte_errno != ETIMEDOUT)
		return "rte_fbarray_attach";
	rte_mcfg_mem_write_lock();
	if (rte_errno != ETIMEDOUT)
		return "rte_mcfg_mem_write_lock";
	for (size_t i = 0; writer_calls[i].call != call_fbarray_attach; i++) {
		rte_errno = 0;
		if (writer_calls[i].call() != -1 || rte_errno != ETIMEDOUT)
			return writer_calls[i].name;
	}
	return NULL;
}

/* rows K3 */
static void write_lock_keeps_writers_of_other_threads_away(void **state)
{
	struct rcumem_options opts = test_options();
	struct rte_fbarray arr;
	struct holder holder;
	const char *not_timed_out;

	(void)state;
	opts.lock_timeout_ms = 20;
	runtime_start(&opts);
	memset(&arr, 0, sizeof(arr));
	assert_int_equal(rte_fbarray_init(&arr, "kept away", 8, 8), 0);
	writer_page = pages_get(1);
	holder_start(&holder, enter_write_lock, rte_mcfg_mem_write_unlock);
	not_timed_out = writer_not_timed_out(&arr);
	holder_stop(&holder);
	assert_int_equal(holder.result, 0);
	assert_null(not_timed_out);
	assert_int_equal(rte_fbarray_destroy(&arr), 0);
	pages_put(writer_page, 1);
	runtime_stop();
}

/* rows K3 */
static void write_lock_refuses_writers_of_its_own_thread(void **state)
{
	char *page = pages_get(1);
	const char *not_refused;
	int again;

	(void)state;
	writer_page = page;
	rte_errno = 0;
	rte_mcfg_mem_write_lock();
	assert_int_equal(rte_errno, 0);
	not_refused = writer_not_refused(EDEADLK);
	rte_errno = 0;
	rte_mcfg_mem_write_lock();
	again = rte_errno;
	rte_mcfg_mem_write_unlock();
	assert_null(not_refused);
	assert_int_equal(again, EDEADLK);
	pages_put(page, 1);
}

/* rows K3 */
static void write_lock_is_refused_inside_a_section(void **state)
{
	int err;

	(void)state;
	assert_int_equal(rcumem_read_lock(), 0);
	rte_errno = 0;
	rte_mcfg_mem_write_lock();
	err = rte_errno;
	rcumem_read_unlock();
	assert_int_equal(err, EDEADLK);
	pages_put(pages_get(1), 1);
}

/* rows K4: DPDK's readers wait here */
static void readers_go_on_while_another_thread_holds_the_write_lock(void **state)
{
	char *page = pages_get(1);
	struct rte_memseg *ms = rte_mem_virt2memseg(page, NULL);
	struct holder holder;
	size_t off;

	(void)state;
	holder_start(&holder, enter_write_lock, rte_mcfg_mem_write_unlock);
	assert_int_equal(segs_now(), 1);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page), page);
	assert_int_equal(rte_eal_get_physmem_size(), page_sz);
	assert_true(rte_memseg_get_fd(ms) >= 0);
	assert_int_equal(rte_memseg_get_fd_offset(ms, &off), 0);
	assert_int_equal(rte_mem_check_dma_mask(63), 0);
	holder_stop(&holder);
	assert_int_equal(holder.result, 0);
	pages_put(page, 1);
}

/* rows K2, K3 */
static void unlock_without_a_lock_is_ignored(void **state)
{
	(void)state;
	rte_mcfg_mem_read_unlock();
	rte_mcfg_mem_write_unlock();
	pages_put(pages_get(1), 1);
}

/* rows K2, K3, N4 */
static void locks_without_a_runtime_say_so(void **state)
{
	(void)state;
	rte_errno = 0;
	rte_mcfg_mem_read_lock();
	assert_int_equal(rte_errno, ENODEV);
	rte_mcfg_mem_read_unlock();
	rte_errno = 0;
	rte_mcfg_mem_write_lock();
	assert_int_equal(rte_errno, ENODEV);
	rte_mcfg_mem_write_unlock();
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(single_file_segments_are_always_on),
		CASE(read_lock_nests_and_refuses_writers_of_its_thread),
		CASE(read_lock_does_not_keep_writers_of_other_threads_away),
		BARE_CASE(write_lock_keeps_writers_of_other_threads_away),
		CASE(write_lock_refuses_writers_of_its_own_thread),
		CASE(write_lock_is_refused_inside_a_section),
		CASE(readers_go_on_while_another_thread_holds_the_write_lock),
		CASE(unlock_without_a_lock_is_ignored),
		BARE_CASE(locks_without_a_runtime_say_so),
	};

	return RUN_CASES("contract: locks", cases);
}
