/* SPDX-License-Identifier: BSD-3-Clause */
/* The library's own threads. */

#include "os.h"
#include "support.h"

/* More than the stack of such a thread; the C library puts it there. */
static __thread char large[1 << 20];

static void *fill(void *arg)
{
	memset(large, 1, sizeof(large));
	return arg;
}

static void a_thread_starts_beside_large_thread_local_memory(void **state)
{
	pthread_t thread;
	void *ret = NULL;

	(void)state;
	assert_int_equal(os_thread_start(&thread, fill, &thread), 0);
	assert_int_equal(pthread_join(thread, &ret), 0);
	assert_ptr_equal(ret, &thread);
}

int main(void)
{
	static const struct CMUnitTest cases[] = {
		CASE(a_thread_starts_beside_large_thread_local_memory),
	};

	return RUN_CASES("os_wait", cases);
}
