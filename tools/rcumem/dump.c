/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem dump: the lists, segments and statistics of a runtime.
 *
 * That of a name is looked at from outside; without one the command starts a
 * runtime of its own, as large as asked for, and shows that.
 */

#include <stdio.h>

#include "dump.h"
#include "observe.h"
#include "session.h"
#include "tool.h"

#define DUMP_DEFAULT_MEM     (2u << 20)
#define DUMP_DEFAULT_MEM_STR "2M"

static void print_help(void)
{
	printf("Usage: rcumem dump [OPTION]... [PREFIX]\n"
	       "\n"
	       "Show the lists, the segments in use and the statistics of the runtime called\n"
	       "PREFIX, without attaching to it.  Without a PREFIX, start a private runtime and\n"
	       "allocate memory in it, as the options say, and show that.\n"
	       "\n" SESSION_HELP "  -a, --all              one line for every page\n"
	       "  -j, --json             print JSON, every page by itself\n"
	       "  -h, --help             print this text\n",
		DUMP_DEFAULT_MEM_STR);
}

static int run(struct session *session, bool each_page, bool json)
{
	int status = session_start(session);
	int end;

	if (status != TOOL_OK)
		return status;
	status = json ? dump_json(NULL) : dump_text(NULL, each_page);
	end = session_end(session);
	return status != TOOL_OK ? status : end;
}

static int run_observed(const char *prefix, bool each_page, bool json)
{
	struct rcumem_observer *observer = observe(prefix);
	int status;

	if (observer == NULL)
		return TOOL_FAILED;
	status = json ? dump_json(observer) : dump_text(observer, each_page);
	rcumem_observer_close(observer);
	return status;
}

int dump_command(int argc, char **argv)
{
	static const struct option longs[] = {
		{"all", no_argument, NULL, 'a'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	struct session session = {.mem_len = DUMP_DEFAULT_MEM, .socket_id = SOCKET_ID_ANY};
	bool each_page = false;
	bool json = false;
	int option;

	while ((option = session_getopt(&session, argc, argv, "ajh", longs)) != -1) {
		switch (option) {
		case 'a':
			each_page = true;
			break;
		case 'j':
			json = true;
			break;
		case 'h':
			print_help();
			return TOOL_OK;
		default:
			return tool_usage("dump ");
		}
	}
	if (optind + 1 < argc) {
		tool_error("dump takes one name: '%s'", argv[optind + 1]);
		return tool_usage("dump ");
	}
	return optind < argc ? run_observed(argv[optind], each_page, json)
			     : run(&session, each_page, json);
}
