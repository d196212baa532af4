/* SPDX-License-Identifier: BSD-3-Clause */
/* Operations as text: `rte_extmem_attach from=0 va=0x200000000000 len=0x1000`. */

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "op.h"

const char *const function_names[FUNCTION_CNT] = {
#define FUNCTION_NAME(name, weight, args) #name,
	FUNCTIONS(FUNCTION_NAME)};

const unsigned int function_weights[FUNCTION_CNT] = {
#define FUNCTION_WEIGHT(name, weight, args) weight,
	FUNCTIONS(FUNCTION_WEIGHT)};

static const char *const function_args[FUNCTION_CNT] = {
#define FUNCTION_ARGS(name, weight, args) args,
	FUNCTIONS(FUNCTION_ARGS)};

void op_print(const struct op *op, FILE *file)
{
	const char *arg = function_args[op->fn];

	fputs(function_names[op->fn], file);
	for (int i = 0; *arg; i++) {
		int len = (int)strcspn(arg, " ");

		fprintf(file, " %.*s=%#" PRIx64, len, arg, op->arg[i]);
		arg += len + (arg[len] == ' ');
	}
}

bool op_parse(const char *line, struct op *op)
{
	size_t len = strcspn(line, " \n");

	*op = (struct op){0};
	while (op->fn < FUNCTION_CNT && (strlen(function_names[op->fn]) != len ||
						strncmp(function_names[op->fn], line, len)))
		op->fn++;
	if (op->fn == FUNCTION_CNT)
		return false;
	for (int i = 0; i < OP_ARGS && (line = strchr(line, '=')); i++)
		op->arg[i] = strtoull(++line, NULL, 0);
	return true;
}
