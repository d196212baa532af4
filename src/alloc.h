/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef ALLOC_H
#define ALLOC_H

#include <stddef.h>

#include <rcumem.h>

/* Memory at start: pages flagged do-not-free; no validator, limit or event.  0 or -errno. */
int alloc_initial(size_t len, int socket_id);

#endif /* ALLOC_H */
