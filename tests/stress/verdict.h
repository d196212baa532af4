/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef STRESS_VERDICT_H
#define STRESS_VERDICT_H

/*
 * A line of a report: whether something is as it must be, and what it is.
 *
 * A count that is too small when the time is over may be the machine's doing, which had
 * other things to do: the run goes on, up to ROUNDS times as long, until a report that
 * nobody reads has nothing to say.  No count is ever dropped.
 */

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#define ROUNDS 10u

/* Returns 1 when it is not.  Without a file it says nothing. */
static inline int verdict(FILE *to, bool good, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static inline int verdict(FILE *to, bool good, const char *format, ...)
{
	va_list args;

	if (!to)
		return !good;
	fprintf(to, "%s", good ? "ok      " : "FAILED  ");
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fprintf(to, "\n");
	return !good;
}

#endif /* STRESS_VERDICT_H */
