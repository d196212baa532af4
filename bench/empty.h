/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef EMPTY_H
#define EMPTY_H

/*
 * The floor under every figure of a shared library: a call that does nothing.
 */

/* Return `addr`.  The second argument is there because rte_mem_virt2memseg() has two. */
__attribute__((visibility("default"))) const void *bench_empty_call(
	const void *addr, const void *unused);

#endif /* EMPTY_H */
