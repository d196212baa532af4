/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef OPTIONS_H
#define OPTIONS_H

#include <stdbool.h>

#include <rcumem.h>

/*
 * Complete options: what the caller gave, else the environment, else the
 * default.  Returns 0, -EINVAL or -E2BIG; strings are not copied.
 */
int options_read(const struct rcumem_options *given, struct rcumem_options *opts);

/* True for what can be the name of a runtime. */
bool options_prefix_ok(const char *prefix);

#endif /* OPTIONS_H */
