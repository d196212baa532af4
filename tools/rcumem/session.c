/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A private runtime for one command: options, start, end.
 */

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_errno.h>

#include "planted.h"
#include "session.h"
#include "tool.h"

int parse_size(const char *text, uint64_t *value)
{
	static const char suffixes[] = "KMGT";
	const char *suffix;
	unsigned int shift = 0;
	char *end;

	/* strtoull() would take blanks and a sign. */
	if (!isdigit((unsigned char)text[0]))
		return -1;
	errno = 0;
	*value = strtoull(text, &end, 0);
	if (errno)
		return -1;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end));
		if (!suffix || end[1])
			return -1;
		shift = 10 * (unsigned int)(suffix - suffixes + 1);
	}
	if (*value > UINT64_MAX >> shift && !PLANTED(SIZE_OVERFLOW))
		return -1;
	*value <<= shift;
	return 0;
}

const char *size_text(uint64_t bytes, char text[SIZE_TEXT_LEN])
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	unsigned int unit = 0;

	while (bytes && bytes % 1024 == 0 && unit < 4) {
		bytes /= 1024;
		unit++;
	}
	snprintf(text, SIZE_TEXT_LEN, "%" PRIu64 " %s", bytes, units[unit]);
	return text;
}

static int parse_socket(const char *text, int *socket_id)
{
	uint64_t value;

	if (parse_size(text, &value) || value >= RCUMEM_MAX_SOCKETS)
		return -1;
	*socket_id = (int)value;
	return 0;
}

static int parse_iova_mode(const char *text, enum rcumem_iova_mode *mode)
{
	if (strcmp(text, "va") == 0)
		*mode = RCUMEM_IOVA_VA;
	else if (strcmp(text, "pa") == 0)
		*mode = RCUMEM_IOVA_PA;
	else
		return -1;
	return 0;
}

/* Take one option: 1 taken, 0 not one of a session's, -1 bad value. */
static int take_option(struct session *session, int option, const char *value)
{
	int err;

	switch (option) {
	case 'm':
		err = parse_size(value, &session->mem_len);
		break;
	case 'p':
		err = parse_size(value, &session->page_sz);
		break;
	case 's':
		err = parse_socket(value, &session->socket_id);
		break;
	case 'i':
		err = parse_iova_mode(value, &session->iova_mode);
		break;
	case 'b':
		err = parse_size(value, &session->base_va);
		break;
	default:
		return 0;
	}
	if (err)
		tool_error("option -%c: '%s' is not a valid value", option, value);
	return err ? -1 : 1;
}

int session_getopt(struct session *session, int argc, char **argv, const char *letters,
	const struct option *longs)
{
	struct option options[16] = {
		{"mem", required_argument, NULL, 'm'},
		{"page-size", required_argument, NULL, 'p'},
		{"socket", required_argument, NULL, 's'},
		{"iova-mode", required_argument, NULL, 'i'},
		{"base-va", required_argument, NULL, 'b'},
	};
	char all_letters[32];
	int option;

	/* The last entry stays zero, as getopt_long() wants it. */
	for (int i = 5; longs->name && i < 15; i++)
		options[i] = *longs++;
	snprintf(all_letters, sizeof(all_letters), "m:p:s:i:b:%s", letters);
	while ((option = getopt_long(argc, argv, all_letters, options, NULL)) != -1) {
		int taken = take_option(session, option, optarg);

		if (taken < 0)
			return '?';
		if (!taken)
			return option;
	}
	return -1;
}

/* The pages are as large as the list's that the memory came from. */
static uint64_t round_to_pages(const struct session *session)
{
	uint64_t page_sz = rte_mem_virt2memseg_list(session->mem)->page_sz;

	return (session->mem_len + page_sz - 1) / page_sz * page_sz;
}

int session_start(struct session *session)
{
	struct rcumem_options options = {
		.sz = sizeof(options),
		.iova_mode = session->iova_mode,
		.base_va = session->base_va,
	};
	int err;

	/* A look at the library must not enter a runtime that others use. */
	unsetenv("RCUMEM_PREFIX");
	if (rcumem_init(&options))
		return tool_api_error("cannot start the runtime");
	if (!session->mem_len)
		return TOOL_OK;
	session->mem = rcumem_pages_alloc(
		session->mem_len, session->page_sz, session->socket_id, RCUMEM_ALLOC_STRICT_SOCKET);
	if (!session->mem) {
		err = tool_api_error("cannot allocate the memory");
		if (rte_errno == ENOMEM && session->page_sz > 4096)
			tool_error("'rcumem info' shows how many hugepages are free");
		rcumem_fini();
		return err;
	}
	session->real_len = round_to_pages(session);
	return TOOL_OK;
}

int session_end(struct session *session)
{
	int status = TOOL_OK;

	if (session->mem && rcumem_pages_free(session->mem, session->real_len))
		status = tool_api_error("cannot free the memory");
	session->mem = NULL;
	if (rcumem_fini())
		status = tool_api_error("cannot end the runtime");
	return status;
}
