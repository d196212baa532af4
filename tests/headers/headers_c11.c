/* SPDX-License-Identifier: BSD-3-Clause */
/* Compiled, never run: the layouts and signatures in strict C11. */

#include <assert.h>
#include <stdalign.h>

#include "layout.h"
#include "signatures.h"

int use_headers(void);

/* What programs do with the types: initializers, both names of a union, rte_errno on both sides. */
int use_headers(void)
{
	struct rte_memseg ms = {.iova = RTE_BAD_IOVA, .addr = NULL, .len = RTE_PGSIZE_4K};
	struct rte_memseg_list msl = {.base_va = NULL, .socket_id = SOCKET_ID_ANY};
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};

	rte_errno = 0;
	return ms.addr_64 == msl.addr_64 && opts.sz != 0 && rte_errno == 0 && rte_errno != -1;
}
