/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem: shows what the memory runtime finds on this machine and what it does
 * there.  This file picks the command; it uses nothing but the public API.
 */

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "tool.h"

struct tool_command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

static const struct tool_command commands[] = {
	{"info", "what kernel, hugepages and limits offer, or a runtime", info_command},
	{"dump", "lists, segments and statistics of a runtime", dump_command},
	{"check", "whether a runtime is sound", check_command},
	{"translate", "translate addresses of a fresh runtime", translate_command},
	{"demo", "a guided tour of the library", demo_command},
};

void tool_error(const char *format, ...)
{
	va_list args;

	fputs("rcumem: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

int tool_api_error(const char *what)
{
	tool_error("%s: %s", what, strerror(rte_errno));
	return TOOL_FAILED;
}

int tool_json_print(json_t *root, int err)
{
	if (!err)
		err = root ? json_dumpf(root, stdout, JSON_INDENT(2)) : -1;
	json_decref(root);
	putchar('\n');
	if (!err)
		return TOOL_OK;
	tool_error("cannot make the JSON");
	return TOOL_FAILED;
}

int tool_usage(const char *command)
{
	fprintf(stderr, "Try 'rcumem %s--help'.\n", command);
	return TOOL_USAGE;
}

static void print_help(FILE *f)
{
	fputs("Usage: rcumem COMMAND [OPTION]...\n"
	      "       rcumem --help | --version\n"
	      "\n"
	      "Show what the rcumem memory runtime finds and does on this machine.\n"
	      "\n"
	      "Commands:\n",
		f);
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		fprintf(f, "  %-10s  %s\n", commands[i].name, commands[i].summary);
	fputs("\n"
	      "'rcumem COMMAND --help' explains a command.\n"
	      "Exit status: 0 done, 1 failed or not found, 2 wrong usage or nothing to check.\n",
		f);
}

/* Output that never arrived is a failure: `rcumem dump >/dev/full` must not end with 0. */
static int flush_output(int status)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return status;
	tool_error("cannot write the output");
	return status == TOOL_OK ? TOOL_FAILED : status;
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "";

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_help(stdout);
		return flush_output(TOOL_OK);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		printf("rcumem %s\n", rcumem_version());
		return flush_output(TOOL_OK);
	}
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return flush_output(commands[i].run(argc - 1, argv + 1));
	}
	if (argc < 2)
		print_help(stderr);
	else
		tool_error("unknown command '%s'", name);
	return argc < 2 ? TOOL_USAGE : tool_usage("");
}
