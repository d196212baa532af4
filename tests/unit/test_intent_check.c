/* SPDX-License-Identifier: BSD-3-Clause */
/* A successor that cannot rely on what a dead writer left. */

#include "support_walk.h"

#include <pthread.h>

#include "intent.h"
#include "runtime.h"
#include "writer.h"

static void *die_as_writer(void *arg)
{
	*(int *)arg = writer_lock(runtime_region());
	return NULL;
}

static void writer_dies(void)
{
	pthread_t thread;
	int err = -1;

	assert_int_equal(pthread_create(&thread, NULL, die_as_writer, &err), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(err, 0);
}

/* Writers are refused from now on; what is there stays, and readers find it. */
static void assert_refused(const void *page)
{
	for (int i = 0; i < 2; i++) {
		rte_errno = 0;
		assert_null(rcumem_pages_alloc(page_sz, page_sz, SOCKET_ID_ANY, 0));
		assert_int_equal(rte_errno, ENOTRECOVERABLE);
		rte_errno = 0;
		assert_int_equal(rcumem_pages_free((void *)(uintptr_t)page, page_sz), -1);
		assert_int_equal(rte_errno, ENOTRECOVERABLE);
	}
	assert_ptr_equal(rte_mem_iova2virt(rte_mem_virt2memseg(page, NULL)->iova), page);
	assert_int_equal(segs_now(), 1);
}

static void damaged_intent_is_an_error_and_no_crash(void **state)
{
	const struct rcumem_options opts = test_options();
	const struct intent damaged[] = {
		{.op = INTENT_TAKE_BACK + 1},
		{.op = INTENT_ALLOC, .list = REGION_LISTS_MAX, .n = 1},
		{.op = INTENT_ALLOC, .first = UINT32_MAX, .n = 1},
		{.op = INTENT_UNPUBLISH, .n = UINT32_MAX},
		{.op = INTENT_UNPUBLISH, .n = 1, .record = REGION_OPS},
		{.op = INTENT_RECLAIM, .n = 1, .record = UINT32_MAX},
		{.op = INTENT_REGISTER, .list = UINT32_MAX},
		{.op = INTENT_UNREGISTER, .list = 0},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		char *page;

		runtime_start(&opts);
		page = pages_get(1);
		runtime_region()->intent = damaged[i];
		writer_dies();
		assert_refused(page);
		runtime_stop();
	}
}

static const struct op_record damaged[] = {
	{.state = OP_QUARANTINE + 1, .n = 1},
	{.state = OP_QUARANTINE, .list = UINT32_MAX, .n = 1},
	{.state = OP_QUARANTINE, .n = 0},
	{.state = OP_FREE_EVENTS, .first = UINT32_MAX, .n = 2},
};

static void damaged_record_is_an_error_and_no_crash(void **state)
{
	const struct rcumem_options opts = test_options();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		char *page;

		runtime_start(&opts);
		page = pages_get(1);
		runtime_region()->ops[7] = damaged[i];
		writer_dies();
		assert_refused(page);
		runtime_stop();
	}
}

/* Nobody has died: writers go on, and leave it to the checker. */
static void damaged_record_is_left_alone_by_writers(void **state)
{
	const struct rcumem_options opts = test_options();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(damaged); i++) {
		runtime_start(&opts);
		runtime_region()->ops[7] = damaged[i];
		/* What it may be about is busy. */
		assert_true(rcumem_pages_free(pages_get(1), page_sz) == 0 || rte_errno == EBUSY);
		assert_memory_equal(
			&runtime_region()->ops[7], &damaged[i], sizeof(struct op_record));
		runtime_stop();
	}
}

static void sound_region_is_recovered(void **state)
{
	char *page = pages_get(1);

	(void)state;
	writer_dies();
	assert_true(intent_sound(runtime_region()));
	pages_put(page, 1);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		BARE_CASE(damaged_intent_is_an_error_and_no_crash),
		BARE_CASE(damaged_record_is_an_error_and_no_crash),
		BARE_CASE(damaged_record_is_left_alone_by_writers),
		CASE(sound_region_is_recovered),
	};

	return RUN_CASES("what a dead writer left", cases);
}
