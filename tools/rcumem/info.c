/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem info: what this machine offers the runtime.  Starts none.
 */

#include <getopt.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include <rcumem.h>

#include "machine.h"
#include "observe.h"
#include "session.h"
#include "tool.h"

static const char help[] =
	"Usage: rcumem info [--json] [PREFIX]\n"
	"\n"
	"Show what the kernel, the hugepage pools and the limits of this process offer\n"
	"the runtime; or, of the runtime called PREFIX, the processes and the statistics.\n"
	"Starts no runtime and changes nothing.\n"
	"\n"
	"  -j, --json  print JSON\n"
	"  -h, --help  print this text\n";

static void print_feature(const char *name, bool present, const char *yes, const char *no)
{
	printf("  %-12s %-4s %s\n", name, present ? "yes" : "no", present ? yes : no);
}

static void print_features(const struct rcumem_features *features)
{
	const char *separator = "";
	char text[SIZE_TEXT_LEN];

	printf("Features\n");
	print_feature("userfaultfd", features->userfaultfd, "stray accesses to free pages fault",
		"stray accesses to free pages take memory");
	print_feature("membarrier", features->membarrier,
		"read sections need no fence in a process that is alone",
		"each read section costs a fence");
	print_feature("pagemap", features->phys_addrs, "IOVA mode pa is possible",
		"IOVA mode va only (physical addresses need CAP_SYS_ADMIN)");
	print_feature("hugepages", features->hugepages_usable, "at least one is free",
		"none is free: 4 KiB pages only");
	printf("  %-12s %d\n", "NUMA nodes", features->numa_nodes);
	printf("  %-12s", "page sizes");
	for (unsigned int shift = 0; shift < 64; shift++) {
		if (features->page_sizes >> shift & 1) {
			printf("%s %s", separator, size_text((uint64_t)1 << shift, text));
			separator = ",";
		}
	}
	putchar('\n');
}

static void print_pools(const struct machine *machine)
{
	char text[SIZE_TEXT_LEN];

	printf("\nHugepages\n");
	if (!machine->pool_cnt)
		printf("  the kernel has none\n");
	else
		printf("  %-10s %5s %10s %10s %10s\n", "size", "node", "total", "free", "surplus");
	for (unsigned int i = 0; i < machine->pool_cnt; i++) {
		const struct machine_pool *pool = &machine->pools[i];

		printf("  %-10s %5d %10" PRIu64 " %10" PRIu64 " %10" PRIu64 "\n",
			size_text(pool->page_sz, text), pool->node, pool->total, pool->free,
			pool->surplus);
	}
}

static const char *limit_text(uint64_t bytes, char text[SIZE_TEXT_LEN])
{
	return bytes == MACHINE_NO_LIMIT ? "unlimited" : size_text(bytes, text);
}

static void print_limits(const struct machine *machine)
{
	static const char *const overcommit[] = {"heuristic", "always", "never"};
	char soft[SIZE_TEXT_LEN];
	char hard[SIZE_TEXT_LEN];

	printf("\nLimits\n");
	printf("  %-15s %" PRIu64 " MiB, %" PRIu64 " MiB available\n", "memory",
		machine->mem_total >> 20, machine->mem_available >> 20);
	printf("  %-15s %s (hard: %s)\n", "RLIMIT_MEMLOCK", limit_text(machine->memlock_soft, soft),
		limit_text(machine->memlock_hard, hard));
	printf("  %-15s %s", "memory cgroup", limit_text(machine->cgroup_limit, soft));
	if (machine->cgroup_where[0])
		printf(" (%s)", machine->cgroup_where);
	putchar('\n');
	if (machine->overcommit < 0 || machine->overcommit > 2)
		printf("  %-15s unknown\n", "overcommit");
	else
		printf("  %-15s %d (%s)\n", "overcommit", machine->overcommit,
			overcommit[machine->overcommit]);
}

static void print_text(const struct machine *machine)
{
	printf("rcumem %s on Linux %s, %s\n\n", rcumem_version(), machine->kernel, machine->arch);
	print_features(&machine->features);
	print_pools(machine);
	print_limits(machine);
}

static json_t *pools_json(const struct machine *machine)
{
	json_t *pools = json_array();

	for (unsigned int i = 0; i < machine->pool_cnt; i++) {
		const struct machine_pool *pool = &machine->pools[i];

		json_array_append_new(
			pools, json_pack("{s:I, s:i, s:I, s:I, s:I}", "page_size",
				       (json_int_t)pool->page_sz, "node", pool->node, "total",
				       (json_int_t)pool->total, "free", (json_int_t)pool->free,
				       "surplus", (json_int_t)pool->surplus));
	}
	return pools;
}

static json_t *features_json(const struct rcumem_features *features)
{
	json_t *sizes = json_array();

	for (unsigned int shift = 0; shift < 63; shift++) {
		if (features->page_sizes >> shift & 1)
			json_array_append_new(sizes, json_integer((json_int_t)1 << shift));
	}
	return json_pack("{s:b, s:b, s:b, s:b, s:i, s:o}", "userfaultfd", features->userfaultfd,
		"membarrier", features->membarrier, "pagemap", features->phys_addrs, "hugepages",
		features->hugepages_usable, "numa_nodes", features->numa_nodes, "page_sizes",
		sizes);
}

/* A limit in bytes, or null for none. */
static json_t *limit_json(uint64_t bytes)
{
	return bytes == MACHINE_NO_LIMIT ? json_null() : json_integer((json_int_t)bytes);
}

static json_t *limits_json(const struct machine *machine)
{
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:i}", "memory", (json_int_t)machine->mem_total,
		"memory_available", (json_int_t)machine->mem_available, "memlock_soft",
		limit_json(machine->memlock_soft), "memlock_hard",
		limit_json(machine->memlock_hard), "memory_cgroup",
		limit_json(machine->cgroup_limit), "overcommit_memory", machine->overcommit);
}

static int print_json(const struct machine *machine)
{
	json_t *root = json_pack("{s:s, s:s, s:s, s:o, s:o, s:o}", "version", rcumem_version(),
		"kernel", machine->kernel, "architecture", machine->arch, "features",
		features_json(&machine->features), "hugepages", pools_json(machine), "limits",
		limits_json(machine));

	return tool_json_print(root, 0);
}

int info_command(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	static struct machine machine;
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
			return tool_usage("info ");
		}
	}
	if (optind + 1 < argc) {
		tool_error("info takes one name: '%s'", argv[optind + 1]);
		return tool_usage("info ");
	}
	if (optind < argc)
		return observe_info(argv[optind], json);
	if (machine_read(&machine))
		return tool_api_error("cannot detect the features");
	if (json)
		return print_json(&machine);
	print_text(&machine);
	return TOOL_OK;
}
