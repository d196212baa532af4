/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The command line of `rcumem`: the input, cut at its zero bytes, is its
 * arguments, and those in front that read RCUMEM_...=... its environment.
 *
 * Whatever they are, the command ends with one of its three statuses, leaves no
 * runtime and no descriptor behind, and takes a number for what it is.  Its
 * memory is limited: what would be more than a few pages is refused, as if the
 * machine had no more.
 */

/* Here it is itself; in the files of the command meson.build gives it another name, and main(). */
#undef rcumem_pages_alloc

#include <errno.h>
#include <getopt.h>

#include <rcumem.h>
#include <rte_errno.h>

#include "fuzz.h"
#include "session.h"
#include "support_baseline.h"
#include "tool.h"

#define ARGS_MAX   12u
#define MEMORY_MAX (256u << 10)

int tool_main(int argc, char **argv);
void *fuzz_pages_alloc(size_t len, uint64_t size, int socket_id, unsigned int flags);

static const char *const variables[] = {
	"RCUMEM_PREFIX", "RCUMEM_LOG", "RCUMEM_IOVA_MODE", "RCUMEM_BASE_VA"};
#define VARIABLES (sizeof(variables) / sizeof(variables[0]))

void *fuzz_pages_alloc(size_t len, uint64_t size, int socket_id, unsigned int flags)
{
	if (len > MEMORY_MAX || size > MEMORY_MAX) {
		rte_errno = ENOMEM;
		return NULL;
	}
	/* Pages of 4 KiB, for hugepages may be there or not. */
	return rcumem_pages_alloc(len, size ? size : RTE_PGSIZE_4K, socket_id, flags);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_directory();
	return 0;
}

/* ---- Numbers ---- */

/* What a text of that grammar stands for, by wider arithmetic: false when it is none. */
static bool number_is(const char *text, uint64_t *value)
{
	static const char suffixes[] = "kmgt";
	unsigned int radix = 10;
	unsigned __int128 sum = 0;
	const char *digit, *digits = "0123456789abcdef", *begin;

	if (text[0] < '0' || text[0] > '9')
		return false;
	if (text[0] == '0' && (text[1] | 32) == 'x' && text[2] &&
		memchr(digits, text[2] | 32, 16)) {
		radix = 16;
		text += 2;
	} else if (text[0] == '0') {
		radix = 8;
	}
	for (begin = text;
		*text && (digit = memchr(digits, *text >= 'A' ? *text | 32 : *text, radix)) != NULL;
		text++)
		if (sum >> 64 == 0)
			sum = sum * radix + (unsigned int)(digit - digits);
	if (text == begin)
		return false;
	if (*text) {
		const char *suffix = strchr(suffixes, *text | 32);

		if (suffix == NULL || *suffix == 0 || text[1] || *text < 'A')
			return false;
		if (sum >> 64 == 0)
			sum <<= 10 * (suffix - suffixes + 1);
	}
	*value = (uint64_t)sum;
	return sum >> 64 == 0;
}

static void check_number(const char *text)
{
	uint64_t value = 0, want = 0;
	bool is = number_is(text, &want);

	FUZZ_ASSERT((parse_size(text, &value) == 0) == is, "'%s' is %sa number", text,
		is ? "" : "not ");
	FUZZ_ASSERT(!is || value == want, "'%s' is %llu", text, (unsigned long long)want);
}

/* ---- The command ---- */

static void set_environment(const char *text)
{
	for (unsigned int i = 0; i < VARIABLES; i++) {
		size_t len = strlen(variables[i]);

		if (strncmp(text, variables[i], len) == 0 && text[len] == '=')
			setenv(variables[i], text + len + 1, 1);
	}
}

static void run(int argc, char **argv)
{
	int fds = open_fds(), maps = memfd_maps(), status;

	optind = 0; /* As a new process has it. */
	status = tool_main(argc, argv);
	FUZZ_ASSERT(status >= TOOL_OK && status <= TOOL_USAGE, "status %d", status);
	FUZZ_ASSERT(rcumem_fini() == -1 && rte_errno == ENODEV, "it left a runtime");
	FUZZ_ASSERT(open_fds() == fds && memfd_maps() == maps, "it left %d descriptors, %d maps",
		open_fds() - fds, memfd_maps() - maps);
	FUZZ_ASSERT(fflush(stdout) == 0 || status != TOOL_OK, "output is lost");
	clearerr(stdout);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = malloc(len + 2), *argv[ARGS_MAX + 2] = {"rcumem"}, *at = text;
	int argc = 1;

	memcpy(text, data, len);
	text[len] = text[len + 1] = 0;
	for (unsigned int i = 0; i < VARIABLES; i++)
		unsetenv(variables[i]);
	for (; at < text + len && argc <= (int)ARGS_MAX; at += strlen(at) + 1) {
		check_number(at);
		if (argc == 1 && strncmp(at, "RCUMEM_", 7) == 0)
			set_environment(at);
		else
			argv[argc++] = at;
	}
	run(argc, argv);
	free(text);
	return 0;
}
