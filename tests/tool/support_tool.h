/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_TOOL_H
#define SUPPORT_TOOL_H

/*
 * Running the rcumem command as a user does, and reading what it prints.
 *
 * RCUMEM_TOOL names the command.  It is run by a shell, so that redirections
 * can be part of a case.
 */

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jansson.h>

#define OUTPUT_LEN (1u << 20)

enum { OK = 0, FAILED = 1, USAGE = 2 };

/* Output of the last run, both streams unless the case redirects one. */
static char output[OUTPUT_LEN];

/* Run a line by the shell: its exit status. */
static inline int shell(const char *line)
{
	FILE *pipe = popen(line, "re");
	size_t len;
	int status;

	assert_non_null(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	status = pclose(pipe);
	if (!WIFEXITED(status))
		fail_msg("%s: ended by a signal, status %d", line, status);
	return WEXITSTATUS(status);
}

static inline int tool(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Run the command with these arguments: its exit status. */
static inline int tool(const char *format, ...)
{
	char args[512];
	char line[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(args, sizeof(args), format, list);
	va_end(list);
	snprintf(line, sizeof(line), "'%s' %s", getenv("RCUMEM_TOOL"), args);
	return shell(line);
}

static inline void assert_output_has(const char *text)
{
	if (!strstr(output, text))
		fail_msg("'%s' is not in:\n%s", text, output);
}

/* The output as JSON; the caller releases it. */
static inline json_t *output_json(void)
{
	json_error_t error;
	json_t *root = json_loads(output, 0, &error);

	if (!root)
		fail_msg("line %d: %s in:\n%s", error.line, error.text, output);
	return root;
}

static inline uint64_t number_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_integer(value))
		fail_msg("no number '%s'", key);
	return (uint64_t)json_integer_value(value);
}

static inline uint64_t address_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	char *end;
	uint64_t value;

	if (!text || strncmp(text, "0x", 2) != 0)
		fail_msg("no address '%s'", key);
	value = strtoull(text, &end, 16);
	assert_int_equal(*end, '\0');
	return value;
}

static inline unsigned int count_lines(const char *prefix)
{
	unsigned int n = 0;

	for (char *line = output; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		n += strncmp(line, prefix, strlen(prefix)) == 0;
	}
	return n;
}

static inline uint64_t file_number(const char *path)
{
	FILE *f = fopen(path, "re");
	uint64_t value = 0;

	if (f) {
		if (fscanf(f, "%" SCNu64, &value) != 1)
			value = 0;
		fclose(f);
	}
	return value;
}

/* Run the cases, if there is a command to run. */
#define RUN_TOOL_CASES(cases)                                                                      \
	(getenv("RCUMEM_TOOL") ? cmocka_run_group_tests(cases, NULL, NULL)                         \
			       : (fputs("RCUMEM_TOOL must name the command\n", stderr), 1))

#endif /* SUPPORT_TOOL_H */
