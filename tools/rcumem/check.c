/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem check: whether the runtime of a name is sound.
 */

#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "tool.h"

static const char help[] =
	"Usage: rcumem check [--json] [PREFIX]\n"
	"\n"
	"Check the shared state of the runtime called PREFIX (default: RCUMEM_PREFIX)\n"
	"without attaching to it or changing anything, and print what is wrong, a line\n"
	"each.  Exit status: 0 sound, 1 not, 2 it cannot be looked at.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this text\n";

static void add_finding(const char *finding, void *arg)
{
	json_array_append_new(arg, json_string(finding));
}

static void print_text(const char *prefix, const json_t *findings, int cnt)
{
	for (size_t i = 0; i < json_array_size(findings); i++)
		printf("%s\n", json_string_value(json_array_get(findings, i)));
	if (cnt)
		printf("%s: %d finding%s\n", prefix, cnt, cnt == 1 ? "" : "s");
	else
		printf("%s: sound\n", prefix);
}

static int print_json(const char *prefix, json_t *findings, int cnt)
{
	json_t *root = json_pack("{s:s, s:b, s:i, s:O}", "prefix", prefix, "sound", cnt == 0,
		"count", cnt, "findings", findings);

	return tool_json_print(root, 0) == TOOL_OK ? TOOL_OK : TOOL_USAGE;
}

static int check(const char *prefix, bool json)
{
	struct rcumem_observer *observer = rcumem_observe(prefix);
	json_t *findings = json_array();
	int status = TOOL_OK;
	int cnt = -1;

	if (observer)
		cnt = rcumem_observer_check(observer, add_finding, findings);
	if (cnt < 0) {
		tool_error("cannot look at '%s': %s", prefix, strerror(rte_errno));
		status = TOOL_USAGE;
	} else if (json) {
		status = print_json(prefix, findings, cnt);
	} else {
		print_text(prefix, findings, cnt);
	}
	rcumem_observer_close(observer);
	json_decref(findings);
	return status != TOOL_OK ? status : cnt ? TOOL_FAILED : TOOL_OK;
}

int check_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	const char *prefix;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			fputs(help, stdout);
			return TOOL_OK;
		default:
			return tool_usage("check ");
		}
	}
	if (optind + 1 < argc) {
		tool_error("check takes one name: '%s'", argv[optind + 1]);
		return tool_usage("check ");
	}
	prefix = optind < argc ? argv[optind] : getenv("RCUMEM_PREFIX");
	if (prefix)
		return check(prefix, json);
	tool_error("no runtime is named");
	return tool_usage("check ");
}
