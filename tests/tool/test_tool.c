/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem as a user runs it: the command line, info and demo.
 */

#include "support_tool.h"

/* ---- The command line ---- */

static void help_is_printed_for_the_tool_and_every_command(void **state)
{
	static const char *const commands[] = {"info", "dump", "check", "translate", "demo"};

	assert_int_equal(tool("--help 2>/dev/null"), OK);
	for (size_t i = 0; i < 4; i++)
		assert_output_has(commands[i]);
	for (size_t i = 0; i < 4; i++) {
		char usage[64];

		assert_int_equal(tool("%s --help 2>/dev/null", commands[i]), OK);
		snprintf(usage, sizeof(usage), "Usage: rcumem %s", commands[i]);
		assert_output_has(usage);
	}
}

static void version_is_three_numbers(void **state)
{
	unsigned int version[3];

	assert_int_equal(tool("--version"), OK);
	assert_int_equal(
		sscanf(output, "rcumem %u.%u.%u\n", &version[0], &version[1], &version[2]), 3);
}

static void wrong_usage_is_status_2_and_says_so_on_stderr(void **state)
{
	static const char *const lines[] = {"", "nothing", "--nothing", "info --nothing",
		"info a surplus", "dump a surplus", "check a surplus", "dump --nothing",
		"translate --nothing", "translate nowhere", "translate 1 2 x", "demo surplus",
		"demo --json"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(tool("%s 2>&1 >/dev/null", lines[i]), USAGE);
		assert_output_has("elp");
		assert_int_equal(tool("%s 2>/dev/null", lines[i]), USAGE);
		assert_string_equal(output, "");
	}
}

static void bad_values_of_options_are_wrong_usage(void **state)
{
	static const char *const values[] = {"--mem=", "--mem=x", "--mem=-1", "--mem=' 1'",
		"--mem=4KB", "--mem=1.5M", "--mem=0x", "--mem=99999999T",
		"--mem=18446744073709551616", "--page-size=K", "--socket=-1", "--socket=32",
		"--iova-mode=dc", "--iova-mode=", "--base-va=here", "--mem"};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		if (tool("dump %s 2>/dev/null", values[i]) != USAGE)
			fail_msg("taken: %s", values[i]);
		assert_string_equal(output, "");
	}
}

static void output_that_cannot_be_written_is_a_failure(void **state)
{
	static const char *const lines[] = {"--help", "--version", "info", "info --json",
		"dump -p 4K", "dump -p 4K --json", "translate -p 4K"};

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		assert_int_equal(tool("%s 2>&1 >/dev/full", lines[i]), FAILED);
		assert_output_has("cannot write");
	}
}

/* ---- info ---- */

static void info_names_every_feature_and_limit(void **state)
{
	static const char *const words[] = {"userfaultfd", "membarrier", "pagemap", "hugepages",
		"NUMA nodes", "4 KiB", "RLIMIT_MEMLOCK", "memory cgroup", "overcommit"};

	assert_int_equal(tool("info"), OK);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_output_has(words[i]);
}

static void info_json_shows_the_limits_of_its_caller(void **state)
{
	json_t *limits;
	json_t *root;

	assert_int_equal(tool("info --json 2>&1"), OK);
	root = output_json();
	limits = json_object_get(root, "limits");
	assert_true(number_of(limits, "memory") > 0);
	assert_int_equal(number_of(limits, "overcommit_memory"),
		file_number("/proc/sys/vm/overcommit_memory"));
	json_decref(root);

	/* The shell's limit is the command's. */
	assert_int_equal(shell("ulimit -S -l 64; \"$RCUMEM_TOOL\" info --json"), OK);
	root = output_json();
	assert_int_equal(number_of(json_object_get(root, "limits"), "memlock_soft"), 64 << 10);
	json_decref(root);
}

static void info_json_counts_the_hugepages_of_the_kernel(void **state)
{
	uint64_t total = 0;
	json_t *root;
	json_t *pool;
	size_t i;

	assert_int_equal(tool("info --json"), OK);
	root = output_json();
	json_array_foreach(json_object_get(root, "hugepages"), i, pool)
	{
		if (number_of(pool, "page_size") == 2 << 20)
			total += number_of(pool, "total");
	}
	json_decref(root);
	assert_int_equal(
		total, file_number("/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"));
}

/* ---- demo ---- */

static void demo_runs_to_its_last_sentence(void **state)
{
	char number[8];

	assert_int_equal(tool("demo -m 1M 2>&1"), OK);
	for (unsigned int i = 1; i <= 5; i++) {
		snprintf(number, sizeof(number), "%u. ", i);
		assert_int_equal(count_lines(number), 1);
	}
	assert_output_has("and 0 times what it read was wrong");
	assert_output_has("without a lock");
}

int main(void)
{
	const struct CMUnitTest cases[] = {
		cmocka_unit_test(help_is_printed_for_the_tool_and_every_command),
		cmocka_unit_test(version_is_three_numbers),
		cmocka_unit_test(wrong_usage_is_status_2_and_says_so_on_stderr),
		cmocka_unit_test(bad_values_of_options_are_wrong_usage),
		cmocka_unit_test(output_that_cannot_be_written_is_a_failure),
		cmocka_unit_test(info_names_every_feature_and_limit),
		cmocka_unit_test(info_json_shows_the_limits_of_its_caller),
		cmocka_unit_test(info_json_counts_the_hugepages_of_the_kernel),
		cmocka_unit_test(demo_runs_to_its_last_sentence),
	};

	return RUN_TOOL_CASES(cases);
}
