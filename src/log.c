/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "log.h"

static const char *const level_names[] = {"error", "warn", "info", "debug"};
static enum log_level level_now = LOG_WARN;

int log_set_level(const char *name)
{
	for (unsigned int i = 0; i < sizeof(level_names) / sizeof(level_names[0]); i++) {
		if (strcmp(name, level_names[i]) == 0) {
			level_now = (enum log_level)i;
			return 0;
		}
	}
	return -EINVAL;
}

void log_message(enum log_level level, const char *format, ...)
{
	char line[512];
	va_list args;

	if (level > level_now)
		return;
	va_start(args, format);
	vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	fprintf(stderr, "rcumem: %s: %s\n", level_names[level], line);
}
