/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef API_H
#define API_H

/*
 * The edge of the API: inside, functions return 0 or -errno; outside, -1 or
 * NULL with rte_errno.  rte_errno is set here and nowhere else.
 */

#include <stddef.h>

#include <rte_errno.h>

/* What rte_errno stands for.  Written directly: rcumem_errno_location() is exported, and a call of
 * it would leave the library through its PLT, from readers too. */
extern _Thread_local int api_errno __attribute__((tls_model("initial-exec"), visibility("hidden")));

/* 0 or a positive answer as it is; -errno becomes -1 and rte_errno. */
static inline int api_result(int result)
{
	if (result >= 0)
		return result;
	api_errno = -result;
	return -1;
}

/* NULL and rte_errno. */
static inline void *api_null(int err)
{
	api_errno = -err;
	return NULL;
}

#endif /* API_H */
