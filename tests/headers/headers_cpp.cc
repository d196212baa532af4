/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled, never run: the layouts and signatures in strict C++17. */

#include <cassert>

#include "layout.h"
#include "signatures.h"

/* What programs do with the types: copies, references, both names of a union, lambdas as callbacks.
 */
int use_headers();

int use_headers()
{
	rte_memseg ms = {};
	rte_memseg_list msl = {};
	rcumem_options opts = {};
	rte_memseg_walk_t count = [](const rte_memseg_list *, const rte_memseg *, void *arg) {
		++*static_cast<int *>(arg);
		return 0;
	};
	int n = 0;

	ms.addr = &n;
	opts.sz = sizeof(opts);
	rte_errno = 0;
	return count(&msl, &ms, &n) == 0 && ms.addr_64 != msl.addr_64 && opts.sz != 0 &&
	       rte_errno == 0;
}
