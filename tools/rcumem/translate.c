/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * rcumem translate: what the index answers for an address.
 *
 * The addresses are those of a private runtime that this command starts, fills
 * and leaves; offsets count from the beginning of the memory it allocates.
 */

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include <rte_fbarray.h>

#include "dump.h"
#include "session.h"
#include "tool.h"

#define TRANSLATE_DEFAULT_MEM     (4u << 20)
#define TRANSLATE_DEFAULT_MEM_STR "4M"

enum query_kind { QUERY_OFFSET, QUERY_VA, QUERY_IOVA };

struct query {
	enum query_kind kind;
	uint64_t value;
};

struct answer {
	const void *va; /* NULL: in no segment in use. */
	rte_iova_t iova;
	uint64_t len; /* Contiguous from here on, in both kinds of address. */
	unsigned int list_no;
	int page;
};

static void print_help(void)
{
	printf("Usage: rcumem translate [OPTION]... [OFFSET]...\n"
	       "\n"
	       "Start a private runtime, allocate memory in it, and translate addresses: for\n"
	       "each the virtual and IO address, the list, the page, and how many bytes stay\n"
	       "contiguous.  An OFFSET counts from the beginning of the memory; without any\n"
	       "address its first byte is translated.\n"
	       "\n"
	       "  -v, --va ADDRESS       translate a virtual address\n"
	       "  -o, --iova ADDRESS     translate an IO address\n" SESSION_HELP
	       "  -j, --json             print JSON\n"
	       "  -h, --help             print this text\n"
	       "\n"
	       "Exit status: 1 when an address is in no segment in use.\n",
		TRANSLATE_DEFAULT_MEM_STR);
}

/* Contiguous length at a virtual address; without an IO address it ends with the page. */
static rte_iova_t translate_va(const void *va, uint64_t *len)
{
	rte_iova_t iova = rcumem_virt2iova(NULL, va, len);
	const struct rte_memseg *ms;

	if (iova != RTE_BAD_IOVA)
		return iova;
	ms = rte_mem_virt2memseg(va, NULL);
	*len = ms && ms->addr ? ms->addr_64 + ms->len - (uintptr_t)va : 0;
	return RTE_BAD_IOVA;
}

static struct answer ask(const struct query *query, const struct session *session)
{
	struct answer answer = {.len = session->real_len};
	const struct rte_memseg_list *msl;
	const void *va;

	if (query->kind == QUERY_IOVA)
		va = rcumem_iova2virt(NULL, query->value, NULL);
	else if (query->kind == QUERY_VA)
		va = (const void *)(uintptr_t)query->value;
	else
		va = (const void *)((uintptr_t)session->mem + query->value);
	answer.iova = translate_va(va, &answer.len);
	msl = rte_mem_virt2memseg_list(va);
	if (!msl || !answer.len)
		return answer;
	answer.va = va;
	answer.list_no = dump_list_no(NULL, msl->addr_64);
	answer.page = rte_fbarray_find_idx(&msl->memseg_arr, rte_mem_virt2memseg(va, msl));
	return answer;
}

static const char *kind_text(enum query_kind kind)
{
	static const char *const names[] = {"offset", "va", "iova"};

	return names[kind];
}

static void print_answer(const struct query *query, const struct answer *answer)
{
	char len[SIZE_TEXT_LEN];

	printf("%-6s 0x%-14" PRIx64 " ", kind_text(query->kind), query->value);
	if (!answer->va) {
		printf("in no segment in use\n");
		return;
	}
	printf("va 0x%" PRIx64 "  ", (uint64_t)(uintptr_t)answer->va);
	if (answer->iova == RTE_BAD_IOVA)
		printf("iova none  ");
	else
		printf("iova 0x%" PRIx64 "  ", answer->iova);
	printf("list %u page %d  contiguous %s\n", answer->list_no, answer->page,
		size_text(answer->len, len));
}

static json_t *answer_json(const struct query *query, const struct answer *answer)
{
	json_t *object = json_pack("{s:s, s:o, s:b}", "kind", kind_text(query->kind), "value",
		json_sprintf("0x%" PRIx64, query->value), "found", answer->va != NULL);

	if (!object || !answer->va)
		return object;
	json_object_set_new(
		object, "va", json_sprintf("0x%" PRIx64, (uint64_t)(uintptr_t)answer->va));
	json_object_set_new(object, "iova",
		answer->iova == RTE_BAD_IOVA ? json_null()
					     : json_sprintf("0x%" PRIx64, answer->iova));
	json_object_set_new(object, "list", json_integer(answer->list_no));
	json_object_set_new(object, "page", json_integer(answer->page));
	json_object_set_new(object, "contiguous", json_integer((json_int_t)answer->len));
	return object;
}

/* Answer all: TOOL_FAILED when an address was not found. */
static int run(const struct session *session, const struct query *queries, int n, bool json)
{
	json_t *answers = json_array();
	int status = TOOL_OK;

	for (int i = 0; i < n; i++) {
		struct answer answer = ask(&queries[i], session);

		if (!answer.va)
			status = TOOL_FAILED;
		if (json)
			json_array_append_new(answers, answer_json(&queries[i], &answer));
		else
			print_answer(&queries[i], &answer);
	}
	if (json) {
		json_dumpf(answers, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(answers);
	return status;
}

static int add_query(struct query *queries, int *n, enum query_kind kind, const char *text)
{
	queries[*n].kind = kind;
	if (parse_size(text, &queries[*n].value)) {
		tool_error("'%s' is not an address", text);
		return -1;
	}
	(*n)++;
	return 0;
}

/* Fill `queries` from the command line: -1 to go on, else the exit status. */
static int parse(
	int argc, char **argv, struct session *session, struct query *queries, int *n, bool *json)
{
	static const struct option longs[] = {
		{"va", required_argument, NULL, 'v'},
		{"iova", required_argument, NULL, 'o'},
		{"json", no_argument, NULL, 'j'},
		{"help", no_argument, NULL, 'h'},
		{NULL, 0, NULL, 0},
	};
	int option;

	while ((option = session_getopt(session, argc, argv, "v:o:jh", longs)) != -1) {
		if (option == 'h') {
			print_help();
			return TOOL_OK;
		}
		if (option == 'j')
			*json = true;
		else if (option == '?' ||
			 add_query(queries, n, option == 'v' ? QUERY_VA : QUERY_IOVA, optarg))
			return tool_usage("translate ");
	}
	for (; optind < argc; optind++) {
		if (add_query(queries, n, QUERY_OFFSET, argv[optind]))
			return tool_usage("translate ");
	}
	if (*n == 0)
		queries[(*n)++] = (struct query){.kind = QUERY_OFFSET};
	return -1;
}

int translate_command(int argc, char **argv)
{
	struct session session = {.mem_len = TRANSLATE_DEFAULT_MEM, .socket_id = SOCKET_ID_ANY};
	/* At most one query for each argument, and one when there is none. */
	struct query *queries = calloc((size_t)argc + 1, sizeof(*queries));
	bool json = false;
	int status;
	int end;
	int n = 0;

	if (!queries) {
		tool_error("out of memory");
		return TOOL_FAILED;
	}
	status = parse(argc, argv, &session, queries, &n, &json);
	if (status == -1)
		status = session_start(&session);
	else
		n = 0;
	if (n && status == TOOL_OK) {
		status = run(&session, queries, n, json);
		end = session_end(&session);
		status = status != TOOL_OK ? status : end;
	}
	free(queries);
	return status;
}
