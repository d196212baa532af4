/* SPDX-License-Identifier: BSD-3-Clause */

/*
 * What may be called inside a walk or a callback: every reader works there,
 * every writer is refused, nothing hangs.
 */

#include "support_call.h"
#include "support_walk.h"

static struct visits seen;

/* What a walk callback found: it must not assert. */
static struct {
	unsigned int calls;
	unsigned int nested; /* Segments, runs and lists that nested walks showed. */
	int result;
	const char *not_refused;
	bool fini_refused;
	bool init_refused;
} inside;

static void look_inside(void)
{
	struct rcumem_options opts = test_options();

	inside.calls++;
	memset(&seen, 0, sizeof(seen));
	inside.result |= rte_memseg_walk(record_seg, &seen);
	inside.result |= rte_memseg_contig_walk(record_run, &seen);
	inside.result |= rte_memseg_list_walk(record_list, &seen);
	inside.nested += seen.n;
	inside.not_refused = writer_not_refused(EDEADLK);
	rte_errno = 0;
	inside.fini_refused = rcumem_fini() == -1 && rte_errno == EBUSY;
	rte_errno = 0;
	/* Two reasons to refuse; either may be told. */
	inside.init_refused =
		rcumem_init(&opts) == -1 && (rte_errno == EALREADY || rte_errno == EDEADLK);
}

static int inside_seg(const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	(void)msl;
	(void)ms;
	(void)arg;
	look_inside();
	return 1;
}

static int inside_run(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, size_t len, void *arg)
{
	(void)len;
	return inside_seg(msl, ms, arg);
}

static int inside_list(const struct rte_memseg_list *msl, void *arg)
{
	return inside_seg(msl, NULL, arg);
}

static void assert_inside(int result)
{
	assert_int_equal(result, 1);
	assert_int_equal(inside.calls, 1);
	assert_true(inside.nested >= 3);
	assert_int_equal(inside.result, 0);
	assert_null(inside.not_refused);
	assert_true(inside.fini_refused);
	assert_true(inside.init_refused);
	memset(&inside, 0, sizeof(inside));
}

/* rows W7, W8 */
static void walks_nest_and_writers_are_refused_inside_them(void **state)
{
	char *page = pages_get(1);

	(void)state;
	writer_page = page;
	memset(&inside, 0, sizeof(inside));
	assert_inside(rte_memseg_walk(inside_seg, NULL));
	assert_inside(rte_memseg_walk_thread_unsafe(inside_seg, NULL));
	assert_inside(rte_memseg_contig_walk(inside_run, NULL));
	assert_inside(rte_memseg_contig_walk_thread_unsafe(inside_run, NULL));
	assert_inside(rte_memseg_list_walk(inside_list, NULL));
	assert_inside(rte_memseg_list_walk_thread_unsafe(inside_list, NULL));
	pages_put(page, 1);
}

static void *free_page(void *page)
{
	return (void *)(intptr_t)rcumem_pages_free(page, page_sz);
}

static int start_a_writer_and_walk(
	const struct rte_memseg_list *msl, const struct rte_memseg *ms, void *arg)
{
	void *page = ms->addr;

	(void)msl;
	if (pthread_create(arg, NULL, free_page, page) != 0)
		return -1;
	for (int i = 0; i < 1000 && segs_now() != 0; i++)
		sleep_ms(1);
	/* The page is unpublished, and its writer waits for this very walk. */
	inside.nested = segs_now();
	memset(page, 1, 8);
	return 1;
}

/* rows W7 */
static void walks_nest_while_a_writer_waits_for_them(void **state)
{
	pthread_t writer;
	void *freed;

	(void)state;
	pages_get(1);
	memset(&inside, 0, sizeof(inside));
	inside.nested = 99;
	assert_int_equal(rte_memseg_walk(start_a_writer_and_walk, &writer), 1);
	pthread_join(writer, &freed);
	assert_null(freed);
	assert_int_equal(inside.nested, 0);
}

static void inside_event(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	(void)event;
	(void)addr;
	(void)len;
	(void)arg;
	look_inside();
}

static int inside_validator(int socket_id, size_t cur_limit, size_t new_len)
{
	(void)socket_id;
	(void)cur_limit;
	(void)new_len;
	look_inside();
	return 0;
}

/* rows W9, H5 */
static void walks_work_and_writers_are_refused_inside_callbacks(void **state)
{
	char *page = pages_get(1);
	int socket = rte_mem_virt2memseg(page, NULL)->socket_id;
	char *more;

	(void)state;
	writer_page = page;
	memset(&inside, 0, sizeof(inside));
	assert_int_equal(rte_mem_event_callback_register("inside", inside_event, NULL), 0);
	more = pages_get(1);
	assert_inside(1);
	pages_put(more, 1);
	assert_inside(1);
	assert_int_equal(rte_mem_event_callback_unregister("inside", NULL), 0);
	assert_int_equal(
		rte_mem_alloc_validator_register("inside", inside_validator, socket, 0), 0);
	more = pages_get(1);
	assert_inside(1);
	assert_int_equal(rte_mem_alloc_validator_unregister("inside", socket), 0);
	pages_put(more, 1);
	pages_put(page, 1);
}

static void *found_in_event;

static void look_up(enum rte_mem_event event, const void *addr, size_t len, void *arg)
{
	event_ignore(event, addr, len, arg);
	found_in_event = rte_mem_iova2virt((uintptr_t)addr + 3);
}

/* rows L20 */
static void iova2virt_works_inside_a_memory_callback(void **state)
{
	char *page;

	(void)state;
	assert_int_equal(rte_mem_event_callback_register("look", look_up, NULL), 0);
	found_in_event = NULL;
	page = pages_get(1);
	assert_ptr_equal(found_in_event, page + 3);
	found_in_event = NULL;
	pages_put(page, 1);
	assert_ptr_equal(found_in_event, page + 3);
	assert_int_equal(rte_mem_event_callback_unregister("look", NULL), 0);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(walks_nest_and_writers_are_refused_inside_them),
		CASE(walks_nest_while_a_writer_waits_for_them),
		CASE(walks_work_and_writers_are_refused_inside_callbacks),
		CASE(iova2virt_works_inside_a_memory_callback),
	};

	return RUN_CASES("contract: nesting", cases);
}
