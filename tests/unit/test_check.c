/* SPDX-License-Identifier: BSD-3-Clause */
/* The checker: a sound runtime has no finding, whatever state it is in. */

#include <time.h>

#include "support_check.h"

static void empty(void **state)
{
	struct timespec a, b;

	assert_sound();
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < 100; i++)
		assert_sound();
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%.3f ms each\n", ((b.tv_sec - a.tv_sec) * 1e9 + (b.tv_nsec - a.tv_nsec)) / 1e8);
	pages_get(3);
	rcumem_pages_alloc(5 * 4096, 4096, SOCKET_ID_ANY, 0);
	assert_sound();
}

int main(void)
{
	const struct CMUnitTest tests[] = {CASE(empty)};

	return RUN_CASES("check", tests);
}
