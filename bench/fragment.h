/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FRAGMENT_H
#define FRAGMENT_H

/* Have so many pages of 4 KiB in use, each with a hole of one page before it, and nothing else; 0:
 * an empty list.  NULL, or why that cannot be. */
const char *fragment_set(unsigned int segments);

#endif /* FRAGMENT_H */
