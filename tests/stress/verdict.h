/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_VERDICT_H
#define STRESS_VERDICT_H

/* A line of a report: whether something is as it must be, and what it is. */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

/* Returns 1 when it is not. */
static inline int verdict(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline int verdict(bool good, const char *format, ...)
{
	va_list args;

	printf("%s", good ? "ok      " : "FAILED  ");
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
	return !good;
}

#endif /* STRESS_VERDICT_H */
