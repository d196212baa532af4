/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OBSERVE_H
#define OBSERVE_H

/* Runtimes of other processes, looked at from outside. */

#include <stdbool.h>

#include <rcumem.h>

/* An observer with a picture, or NULL with the reason on stderr. */
struct rcumem_observer *observe(const char *prefix);

/* The processes and figures of a runtime, as `rcumem info` shows them: TOOL_OK or TOOL_FAILED. */
int observe_info(const char *prefix, bool json);

#endif /* OBSERVE_H */
