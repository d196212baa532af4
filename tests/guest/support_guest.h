/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_GUEST_H
#define SUPPORT_GUEST_H

/* Cases with every page size that the guest has. */

#include "support.h"

/*
 * All cases with each page size of which `there` finds pages (of page_sz).
 * Which sizes these must be the machine tells (GUEST_PAGES, in KiB): one that
 * the kernel could not reserve would else be left out, and all would pass.
 */
static inline int run_sizes(
	const char *name, bool (*there)(void), const struct CMUnitTest *cases, size_t n)
{
	static const uint64_t sizes[] = {RTE_PGSIZE_4K, RTE_PGSIZE_2M, RTE_PGSIZE_1G};
	const char *want = getenv("GUEST_PAGES");
	char found[64] = "", *end = found;
	int failed = 0;

	setenv("RCUMEM_LOG", "error", 0);
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		page_sz = sizes[i];
		if (!there())
			continue;
		end += sprintf(
			end, "%s%llu", end == found ? "" : ",", (unsigned long long)page_sz >> 10);
		failed += run_group(name, page_sz, true, cases, n);
	}
	if (!want || strcmp(found, want) != 0) {
		printf("not ok 1 - %s: pages of %s KiB, not of %s\n", name, found, want);
		failed++;
	}
	return failed != 0;
}

#endif /* SUPPORT_GUEST_H */
