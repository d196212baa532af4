/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SESSION_H
#define SESSION_H

/*
 * A private runtime with some memory in it, for the commands that show one,
 * and the options that shape it.
 */

#include <getopt.h>
#include <stdint.h>

#include <rcumem.h>

struct session {
	/* Set by options. */
	uint64_t mem_len; /* Bytes to allocate; 0: none. */
	uint64_t page_sz; /* 0: the library chooses. */
	int socket_id;
	enum rcumem_iova_mode iova_mode;
	uint64_t base_va; /* 0: the library's default. */
	/* Set by session_start(). */
	void *mem;         /* The memory, NULL when none was asked for. */
	uint64_t real_len; /* mem_len rounded up to whole pages. */
};

/*
 * getopt_long() for a command that takes the options of a session beside its
 * own: takes the former, returns the latter, -1 at the end, and '?' for what is
 * unknown or has a bad value (said so on stderr).  `longs` ends with zeros.
 */
int session_getopt(struct session *session, int argc, char **argv, const char *letters,
	const struct option *longs);

/* Their part of a command's help. */
#define SESSION_HELP                                                                               \
	"  -m, --mem SIZE         bytes to allocate; K, M, G, T may follow (default %s)\n"         \
	"  -p, --page-size SIZE   4K, 2M, 1G ... (default: the largest that serves)\n"             \
	"  -s, --socket N         NUMA node (default: the caller's, then the others)\n"            \
	"  -i, --iova-mode MODE   va or pa (default: RCUMEM_IOVA_MODE, else va)\n"                 \
	"  -b, --base-va ADDRESS  lowest virtual address (default: RCUMEM_BASE_VA, else 4 GiB)\n"

/* Start the runtime and allocate: TOOL_OK, or TOOL_FAILED with the reason on stderr. */
int session_start(struct session *session);

/* Free and leave: TOOL_OK or TOOL_FAILED. */
int session_end(struct session *session);

/* Parse "64M", "4096", "0x1000"; 0 or -1.  The whole text must be a number with one suffix at most.
 */
int parse_size(const char *text, uint64_t *value);

/* "2 MiB", "4 KiB", "100 B": exact, in the largest unit that divides.  Returns `text`. */
#define SIZE_TEXT_LEN 32
const char *size_text(uint64_t bytes, char text[SIZE_TEXT_LEN]);

#endif /* SESSION_H */
