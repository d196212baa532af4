/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * Read sections and QSBR readers: their life.  Whom they hold up stands in
 * test_reader_grace.c.
 */

#include <rte_eal_memconfig.h>

#include "support_call.h"
#include "support_walk.h"

static struct rcumem_stats stats(void)
{
	struct rcumem_stats now = {.sz = sizeof(now)};

	assert_int_equal(rcumem_stats_get(&now), 0);
	return now;
}

static void leave_qsbr(void)
{
	rcumem_reader_unregister();
}

/* ---- Sections ---- */

static void sections_nest_and_the_last_unlock_ends_them(void **state)
{
	char *page = pages_get(1);
	const char *inner, *outer;

	(void)state;
	writer_page = page;
	assert_int_equal(rcumem_read_lock(), 0);
	assert_int_equal(rcumem_read_lock(), 0);
	rcumem_read_unlock();
	inner = writer_not_refused(EDEADLK);
	rcumem_read_unlock();
	outer = writer_not_refused(EDEADLK);
	assert_null(inner);
	assert_non_null(outer);
	pages_put(pages_get(1), 1);
	assert_int_equal(rcumem_synchronize(0), 0);
}

static void unlock_without_a_section_is_ignored(void **state)
{
	char *page;

	(void)state;
	rcumem_read_unlock();
	rcumem_read_unlock();
	assert_int_equal(rcumem_read_lock(), 0);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), EDEADLK);
	rcumem_read_unlock();
	page = pages_get(1);
	pages_put(page, 1);
}

/* rows N4 */
static void sections_without_a_runtime_have_no_device(void **state)
{
	(void)state;
	assert_fails(rcumem_read_lock(), ENODEV);
	rcumem_read_unlock();
	assert_fails(rcumem_thread_init(), ENODEV);
	assert_fails(rcumem_reader_register(), ENODEV);
	assert_fails(rcumem_synchronize(0), ENODEV);
	assert_fails(rcumem_reader_unregister(), EINVAL);
	rcumem_reader_quiescent();
	rcumem_reader_offline();
	rcumem_reader_online();
}

/* Everything that needs a reader slot of its own says that there is none. */
static void assert_no_reader_slot(void)
{
	unsigned int n = 0;

	assert_fails(rcumem_thread_init(), ENOSPC);
	assert_fails(rcumem_reader_register(), ENOSPC);
	assert_fails(rcumem_read_lock(), ENOSPC);
	assert_fails(rte_memseg_walk(count_seg, &n), ENOSPC);
	assert_fails(rte_memseg_contig_walk(record_run, NULL), ENOSPC);
	assert_fails(rte_memseg_list_walk(record_list, NULL), ENOSPC);
	assert_fails(rte_mem_check_dma_mask(63), ENOSPC);
	rte_errno = 0;
	rte_mcfg_mem_read_lock();
	assert_int_equal(rte_errno, ENOSPC);
	rte_errno = 0;
	rte_dump_physmem_layout(stderr);
	assert_int_equal(rte_errno, ENOSPC);
	assert_int_equal(n, 0);
}

static int allow(int socket_id, size_t limit, size_t new_len)
{
	(void)socket_id;
	(void)limit;
	(void)new_len;
	return 0;
}

/* Callbacks run in a section: who has none to call them in changes nothing. */
static void assert_no_callbacks(char *page)
{
	assert_int_equal(rte_mem_event_callback_register("e", event_ignore, NULL), 0);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_fails(rcumem_pages_free(page, page_sz), ENOSPC);
	assert_int_equal(rte_mem_event_callback_unregister("e", NULL), 0);
	assert_int_equal(rte_mem_alloc_validator_register("v", allow, 0, 0), 0);
	assert_fails_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0), ENOSPC);
	assert_int_equal(rte_mem_alloc_validator_unregister("v", 0), 0);
	assert_int_equal(rte_eal_get_physmem_size(), page_sz);
}

static void readers_beyond_the_limit_find_no_space_until_one_ends(void **state)
{
	struct rcumem_options opts = test_options();
	static struct holder first, second, third;
	char *page;

	(void)state;
	opts.max_readers = 2;
	runtime_start(&opts);
	page = pages_get(1);
	holder_start(&first, rcumem_read_lock, rcumem_read_unlock);
	holder_start(&second, rcumem_reader_register, leave_qsbr);
	assert_int_equal(first.result, 0);
	assert_int_equal(second.result, 0);
	holder_start(&third, rcumem_read_lock, rcumem_read_unlock);
	holder_stop(&third);
	assert_int_equal(third.result, -1);
	assert_int_equal(third.err, ENOSPC);
	assert_no_reader_slot();
	assert_no_callbacks(page);
	/* Lookups and totals need no slot. */
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page), page);
	assert_int_equal(rte_eal_get_physmem_size(), page_sz);
	assert_int_equal(stats().readers, 2);
	holder_stop(&first);
	assert_int_equal(rcumem_thread_init(), 0);
	assert_int_equal(segs_now(), 1);
	holder_stop(&second);
	pages_put(page, 1);
	runtime_stop();
}

static void registering_ahead_is_allowed_any_number_of_times(void **state)
{
	uint64_t before = stats().readers;

	(void)state;
	assert_int_equal(rcumem_thread_init(), 0);
	assert_int_equal(rcumem_thread_init(), 0);
	assert_int_equal(rcumem_read_lock(), 0);
	assert_int_equal(rcumem_thread_init(), 0);
	rcumem_read_unlock();
	assert_true(stats().readers <= before + 1);
	assert_true(stats().readers >= 1);
}

/* ---- QSBR readers ---- */

static void qsbr_reader_registers_once_and_not_inside_a_section(void **state)
{
	(void)state;
	assert_int_equal(rcumem_read_lock(), 0);
	assert_fails(rcumem_reader_register(), EDEADLK);
	rcumem_read_unlock();
	assert_fails(rcumem_reader_unregister(), EINVAL);
	assert_int_equal(rcumem_reader_register(), 0);
	assert_fails(rcumem_reader_register(), EALREADY);
	assert_int_equal(rcumem_read_lock(), 0);
	assert_fails(rcumem_reader_unregister(), EDEADLK);
	rcumem_read_unlock();
	assert_int_equal(rcumem_reader_unregister(), 0);
	assert_fails(rcumem_reader_unregister(), EINVAL);
}

static int err_inside;

static int register_inside(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	(void)ms;
	(void)arg;
	rte_errno = 0;
	rcumem_reader_register();
	err_inside = rte_errno;
	return 0;
}

static void qsbr_reader_does_not_register_inside_a_walk(void **state)
{
	char *page = pages_get(1);

	(void)state;
	err_inside = 0;
	assert_int_equal(rte_memseg_walk(register_inside, NULL), 0);
	assert_int_equal(err_inside, EDEADLK);
	pages_put(page, 1);
}

static void writer_call_of_a_qsbr_reader_is_a_quiescent_state(void **state)
{
	struct rcumem_stats now;
	char *page;

	(void)state;
	assert_int_equal(rcumem_reader_register(), 0);
	page = pages_get(2);
	assert_ptr_equal(rte_mem_iova2virt((uintptr_t)page), page);
	pages_put(page, 2);
	assert_int_equal(rcumem_synchronize(100), 0);
	now = stats();
	assert_int_equal(now.quarantined_bytes, 0);
	assert_int_equal(now.grace_timeouts, 0);
	assert_int_equal(rcumem_reader_unregister(), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(sections_nest_and_the_last_unlock_ends_them),
		CASE(unlock_without_a_section_is_ignored),
		BARE_CASE(sections_without_a_runtime_have_no_device),
		BARE_CASE(readers_beyond_the_limit_find_no_space_until_one_ends),
		CASE(registering_ahead_is_allowed_any_number_of_times),
		CASE(qsbr_reader_registers_once_and_not_inside_a_section),
		CASE(qsbr_reader_does_not_register_inside_a_walk),
		CASE(writer_call_of_a_qsbr_reader_is_a_quiescent_state),
	};

	return RUN_CASES("readers", cases);
}
