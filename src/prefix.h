/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef PREFIX_H
#define PREFIX_H

/*
 * Names of runtimes.  Claim a name for this process: an fd that holds it
 * until it is closed, or -EBUSY when another process has it, or -errno.
 * The name dies with the process: it is an abstract socket's, and leaves no file.
 */
int prefix_claim(const char *prefix);

#endif /* PREFIX_H */
