/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef CONDITIONS_H
#define CONDITIONS_H

/* What the tests of real conditions share: a runtime directory, and a use of a runtime. */

#include <sys/stat.h>

#include "support_call.h"
#include "support_walk.h"

static char directory[] = "/tmp/rcumem-conditions-XXXXXX";

static inline struct rcumem_options shared_options(void)
{
	struct rcumem_options opts = test_options();

	opts.prefix = "conditions";
	return opts;
}

/* Plug, write, free, beside a section before and after it. */
static inline int use_pages(void)
{
	char *page = rcumem_pages_alloc(4 * page_sz, page_sz, SOCKET_ID_ANY, 0);

	CHILD_CHECK(page && page[0] == 0);
	memset(page, 1, 4 * page_sz);
	CHILD_CHECK(rcumem_read_lock() == 0);
	CHILD_CHECK(rte_mem_iova2virt((uintptr_t)page) == page);
	rcumem_read_unlock();
	CHILD_CHECK(rcumem_pages_free(page, 4 * page_sz) == 0);
	CHILD_CHECK(segs_now() == 0);
	return 0;
}

static inline int start_and_use(void)
{
	struct rcumem_options opts = shared_options();
	int line;

	CHILD_CHECK(rcumem_init(&opts) == 0);
	line = use_pages();
	CHILD_CHECK(rcumem_fini() == 0);
	return line;
}

static inline int run_conditions(const char *name, const struct CMUnitTest *cases, size_t n)
{
	int failed;

	if (!mkdtemp(directory) || setenv("RCUMEM_RUNTIME_DIR", directory, 1))
		return 1;
	setenv("RCUMEM_LOG", "error", 1);
	failed = run_cases(name, cases, n);
	return rmdir(directory) != 0 || failed;
}

#endif /* CONDITIONS_H */
