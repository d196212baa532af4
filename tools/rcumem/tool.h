/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef TOOL_H
#define TOOL_H

/*
 * What the files of the rcumem command share: exit codes, its commands, and
 * the way to say what went wrong.
 */

#include <jansson.h>

enum tool_exit {
	TOOL_OK = 0,     /* Everything asked for was done. */
	TOOL_FAILED = 1, /* The runtime refused, an address was not found, or check found something.
			  */
	TOOL_USAGE =
		2, /* The command line was wrong, or there is nothing to check: nothing done. */
};

int info_command(int argc, char **argv);
int dump_command(int argc, char **argv);
int translate_command(int argc, char **argv);
int check_command(int argc, char **argv);
int demo_command(int argc, char **argv);

/* Print "rcumem: <message>" to stderr. */
void tool_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Print "rcumem: <what>: <text of rte_errno>" to stderr; returns TOOL_FAILED. */
int tool_api_error(const char *what);

/*
 * Print what a command has to say and drop it; NULL, or with `err`, when it is
 * not complete: then only the error.  TOOL_OK or TOOL_FAILED.
 */
int tool_json_print(json_t *root, int err);

/* Point to the help of a command; returns TOOL_USAGE. */
int tool_usage(const char *command);

#endif /* TOOL_H */
