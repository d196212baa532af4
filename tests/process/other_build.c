/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A program with a library of another layout.  Joins, or with the argument
 * "hold" creates and stays until its input ends; prints the errno.  The environment tells the
 * prefix.
 */

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rcumem.h>
#include <rte_errno.h>

int main(int argc, char **argv)
{
	bool hold = argc > 1 && strcmp(argv[1], "hold") == 0;
	struct rcumem_options opts = {
		.sz = sizeof(opts),
		.page_sizes = RTE_PGSIZE_4K,
		.list_len = 1ull << 30,
		.attach = hold ? RCUMEM_ATTACH_CREATE : RCUMEM_ATTACH_JOIN,
	};
	char byte;
	int err = rcumem_init(&opts) ? rte_errno : 0;

	printf("%d\n", err);
	fflush(stdout);
	if (err || !hold)
		return 0;
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return rcumem_fini() ? 1 : 0;
}
