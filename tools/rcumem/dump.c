/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem dump: the lists, segments and statistics of a runtime.
 *
 * A runtime belongs to one process so far, so the command starts one of its
 * own, as large as asked for, and shows that.
 */

#include <stdio.h>

#include "dump.h"
#include "session.h"
#include "tool.h"

#define DUMP_DEFAULT_MEM     (2u << 20)
#define DUMP_DEFAULT_MEM_STR "2M"

static void print_help(void)
{
	printf("Usage: rcumem dump [OPTION]...\n"
	       "\n"
	       "Start a private runtime, allocate memory in it, and show its lists, the\n"
	       "segments in use and the statistics.\n"
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
	status = json ? dump_json() : dump_text(each_page);
	end = session_end(session);
	return status != TOOL_OK ? status : end;
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
	if (optind < argc) {
		tool_error("dump takes no argument: '%s'", argv[optind]);
		return tool_usage("dump ");
	}
	return run(&session, each_page, json);
}
