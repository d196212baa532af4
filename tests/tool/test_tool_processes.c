/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tools/bench-processes as a user without root runs it: ours alone, with 4 KiB
 * pages and few processes.  What it times is not judged here, but that it
 * measures every row and leaves nothing behind.
 */

#include <unistd.h>

#include "support_tool.h"

static char scratch[64];

/* A directory for everything that a run makes, known to be empty before. */
static int setup(void **state)
{
	(void)state;
	strcpy(scratch, "/tmp/test-XXXXXX");
	if (!mkdtemp(scratch) || setenv("TMPDIR", scratch, 1))
		return -1;
	unsetenv("RCUMEM_PREFIX");
	return 0;
}

/* Fails unless the run has taken away all that it made there. */
static int teardown(void **state)
{
	(void)state;
	unsetenv("TMPDIR");
	return rmdir(scratch);
}

static const json_t *row_of(const json_t *root, const char *what)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(root, "rows"), i, row)
	{
		if (strcmp(json_string_value(json_object_get(row, "what")), what) == 0)
			return row;
	}
	fail_msg("no row '%s'", what);
	return NULL;
}

static double ours_us(const json_t *row)
{
	return json_number_value(json_object_get(row, "ours_us"));
}

static void small_run_measures_every_row_and_judges_none(void **state)
{
	static const char *const rows[] = {"alloc, 0 others", "alloc, 1 other", "alloc, 2 others",
		"alloc, 2 others, callbacks in all", "alloc, 2 others, one of them stopped",
		"free, 0 others", "free, 1 other", "free, 2 others",
		"free, 2 others, callbacks in all", "free, 2 others, one of them stopped",
		"free, 1 other, stopped inside a section",
		"attach, 1 MiB plugged in pages of 4 KiB",
		"attach, 16 MiB plugged in pages of 4 KiB"};
	const size_t n = sizeof(rows) / sizeof(rows[0]);
	json_t *root;

	(void)state;
	assert_int_equal(tool("--build '%s' --small --rounds 2 --json", getenv("BUILD")), OK);
	root = output_json();
	assert_int_equal(json_array_size(json_object_get(root, "rows")), n);
	for (size_t i = 0; i < n; i++) {
		const json_t *row = row_of(root, rows[i]);

		assert_true(ours_us(row) > 0.1);
		assert_null(json_object_get(row, "verdict"));
	}
	assert_int_equal(number_of(root, "short"), 0);
	json_decref(root);
}

/* The call returns at the timeout of this runtime, not before and not much later. */
static void free_beside_a_process_stopped_in_a_section_takes_the_timeout(void **state)
{
	json_t *root;
	double us;

	(void)state;
	assert_int_equal(tool("--build '%s' --small --rounds 1 --json", getenv("BUILD")), OK);
	root = output_json();
	us = ours_us(row_of(root, "free, 1 other, stopped inside a section"));
	assert_in_range((uint64_t)us, 20000, 500000);
	json_decref(root);
}

static void save_writes_what_is_printed(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line),
		"cd %s && \"$RCUMEM_TOOL\" --build '%s' --small --rounds 1 --save saved >printed "
		"&& "
		"cmp saved printed && rm saved printed",
		scratch, getenv("BUILD"));
	assert_int_equal(shell(line), OK);
}

/* In the middle of its rounds, with processes running and stopped. */
static void interrupted_run_ends_its_processes_and_leaves_nothing(void **state)
{
	char line[512];

	(void)state;
	snprintf(line, sizeof(line),
		"timeout --preserve-status -s INT 1 \"$RCUMEM_TOOL\" --build '%s' --small --rounds "
		"10000 2>&1",
		getenv("BUILD"));
	assert_int_equal(shell(line), USAGE);
	assert_output_has("interrupted");
	/* Processes that end meanwhile are no matter. */
	snprintf(
		line, sizeof(line), "grep -ls RCUMEM_RUNTIME_DIR=%s /proc/[0-9]*/environ", scratch);
	shell(line);
	assert_string_equal(output, "");
}

static void what_cannot_be_measured_is_status_2_and_says_why(void **state)
{
	(void)state;
	assert_int_equal(tool("--build /nowhere --small 2>&1 >/dev/null"), USAGE);
	assert_output_has("there is no procs-rcumem in /nowhere");
	assert_int_equal(tool("--rounds many 2>&1 >/dev/null"), USAGE);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest cases[] = {
		CASE(small_run_measures_every_row_and_judges_none),
		CASE(free_beside_a_process_stopped_in_a_section_takes_the_timeout),
		CASE(save_writes_what_is_printed),
		CASE(interrupted_run_ends_its_processes_and_leaves_nothing),
		CASE(what_cannot_be_measured_is_status_2_and_says_why),
	};

	return RUN_TOOL_CASES(cases);
}
