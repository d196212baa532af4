/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One side of the differential test.  Compiled twice, with DPDK and with rcumem: both draw the
 * same operations from a seed, or read the same text, and write what came of each to stdout.
 */

#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "execute.h"
#include "generate.h"
#include "side.h"

static struct {
	uint64_t seed, ops;
	const char *replay;
	const char *violate;
	const char *huge;
	bool print; /* Operations instead of what comes of them. */
	bool text;  /* Records as text. */
} options;

static struct {
	struct record record[1024];
	unsigned int cnt;
} out;

static void flush(void)
{
	const char *at = (const char *)out.record, *end = (const char *)(out.record + out.cnt);
	ssize_t done;

	for (; at < end; at += done) {
		done = write(STDOUT_FILENO, at, (size_t)(end - at));
		if (done <= 0)
			_exit(2); /* The comparer has seen enough. */
	}
	out.cnt = 0;
}

/* What came before it must be seen. */
static void on_fault(int sig)
{
	flush();
	_exit(128 + sig);
}

static void record_print(const struct op *op, const struct record *rec)
{
	static const char *const rows[] = {
#define ROW_NAME(id, name, pattern) name,
		ROWS(ROW_NAME)};

	op_print(op, stdout);
	printf(" -> %s ret=%lld errno=%d callbacks=%u seen=%016llx\n", rows[rec->row],
		(long long)rec->ret, rec->err, rec->cnt, (unsigned long long)rec->seen);
	fflush(stdout);
}

/* Functions and rows, for the comparer. */
static void print_tables(void)
{
	for (int i = 0; i < FUNCTION_CNT; i++)
		printf("function %s\n", function_names[i]);
#define ROW_PRINT(id, name, pattern) printf("row %s %s\n", name, pattern);
	ROWS(ROW_PRINT)
	side_violations();
}

static bool next_op(FILE *file, struct op *op)
{
	char line[512];

	if (!file) {
		if (options.ops-- == 0)
			return false;
		generate(op);
		return true;
	}
	while (fgets(line, sizeof(line), file))
		if (op_parse(line, op))
			return true;
	return false;
}

static void run(FILE *file)
{
	struct op op;

	while (next_op(file, &op)) {
		struct record *rec = &out.record[out.cnt];

		if (options.print) {
			op_print(&op, stdout);
			putchar('\n');
			model_apply(&op, model_row(&op));
			continue;
		}
		execute(&op, rec);
		if (options.text)
			record_print(&op, rec);
		else if (++out.cnt == sizeof(out.record) / sizeof(out.record[0]))
			flush();
	}
	flush();
}

/* The first record tells what the other side must agree to. */
static const char *start(void)
{
	const char *why = side_start(model.capacity, options.huge);

	if (why)
		return why;
	if (!execute_begin())
		return "the library's own memory is not where it should be";
	if (world.n_internal + model.capacity != side_lists)
		return "the library has another number of lists of its own; on several NUMA nodes?";
	if (options.violate && !side_violate(options.violate))
		return "no such violation";
	out.record[out.cnt++] = (struct record){.fn = UINT16_MAX, .ret = model.bits};
	signal(SIGSEGV, on_fault);
	signal(SIGBUS, on_fault);
	signal(SIGABRT, on_fault);
	return NULL;
}

static const struct option longs[] = {{"seed", required_argument, NULL, 's'},
	{"ops", required_argument, NULL, 'n'}, {"replay", required_argument, NULL, 'r'},
	{"print", no_argument, NULL, 'p'}, {"text", no_argument, NULL, 't'},
	{"violate", required_argument, NULL, 'v'}, {"huge", required_argument, NULL, 'h'},
	{"tables", no_argument, NULL, 'l'}, {NULL, 0, NULL, 0}};

/* False when there is nothing more to do. */
static bool parse(int argc, char **argv)
{
	for (int opt; (opt = getopt_long(argc, argv, "", longs, NULL)) != -1;) {
		if (opt == 's')
			options.seed = strtoull(optarg, NULL, 0);
		else if (opt == 'n')
			options.ops = strtoull(optarg, NULL, 0);
		else if (opt == 'r')
			options.replay = optarg;
		else if (opt == 'p')
			options.print = true;
		else if (opt == 't')
			options.text = true;
		else if (opt == 'l')
			return print_tables(), false;
		else if (opt == 'h')
			options.huge = optarg;
		else if (opt == 'v')
			options.violate = optarg;
		else
			exit(2);
	}
	return true;
}

int main(int argc, char **argv)
{
	const char *why = NULL;
	FILE *file = NULL;

	if (!parse(argc, argv))
		return 0;
	/* Without hugepages DPDK has one list of its own, with them four. */
	model.capacity = options.huge ? 124 : 127;
	model.legacy = !options.huge;
	if (options.replay && !(file = fopen(options.replay, "r")))
		why = "cannot read the operations";
	else if (!options.print)
		why = start();
	if (why) {
		fprintf(stderr, "%s: %s\n", argv[0], why);
		return 1;
	}
	generate_begin(options.seed);
	if (options.text)
		out.cnt = 0;
	run(file);
	if (!options.print)
		side_end();
	if (file)
		fclose(file);
	return 0;
}
