/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef LOG_H
#define LOG_H

/* Messages to stderr, from RCUMEM_LOG's level up; the default is "warn". */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_message(enum log_level level, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Set the level by name: 0, or -EINVAL for a name that is none. */
int log_set_level(const char *name);

#endif /* LOG_H */
