/* SPDX-License-Identifier: BSD-3-Clause */
/* An empty function in a shared library of its own, so that nothing can inline the call. */
#include "empty.h"

const void *bench_empty_call(const void *addr, const void *unused)
{
	(void)unused;
	return addr;
}
