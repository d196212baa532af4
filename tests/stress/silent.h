/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_SILENT_H
#define STRESS_SILENT_H

/*
 * Readers under watch: between begin and end a system call of the thread is a
 * signal instead (syscall user dispatch, Linux 5.11), and a failure.
 */

#include <stdbool.h>
#include <stdint.h>

/* Whether the kernel can do it, this machine reads clocks without a call, and nobody else's
 * instrumentation makes any. */
bool silent_possible(void);

/* First act of a thread that is to be watched. */
void silent_prepare(void);

/* Most rounds are watched; the others may yield. */
void silent_begin(uint64_t *random);
void silent_end(void);
bool silent_now(void);

#endif /* STRESS_SILENT_H */
