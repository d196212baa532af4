/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The error number of the compatible API: one int for each thread, which only
 * the edge of the API writes (api.h).
 */

#include <errno.h>
#include <string.h>

#include "api.h"

/* Room for "unknown error" and a number, in any language. */
#define WORDS_LEN 128

_Thread_local int api_errno;
static _Thread_local char thread_words[WORDS_LEN];

int *rcumem_errno_location(void)
{
	return &api_errno;
}

/*
 * glibc's strerror_r() returns its own string for a number that it knows, and
 * fills the buffer only for one that it does not; either lasts long enough.
 */
const char *rte_strerror(int errnum)
{
	int saved = errno;
	const char *words = strerror_r(errnum, thread_words, sizeof(thread_words));

	errno = saved;
	return words;
}
