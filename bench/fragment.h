/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FRAGMENT_H
#define FRAGMENT_H

/* Put `segments` pages of 4 KiB in use in the empty runtime, with a hole of one page before each:
 * NULL, or why that cannot be. */
const char *fragment_build(unsigned int segments);

#endif /* FRAGMENT_H */
