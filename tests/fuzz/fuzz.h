/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef FUZZ_H
#define FUZZ_H

/*
 * What the fuzz targets share: taking an input apart, and saying what is wrong.
 *
 * An input that has ended goes on with zeros, so that each target decides by
 * fuzz_left() when it is done; no input is refused.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

struct fuzz_input {
	const uint8_t *at;
	size_t left;
};

static inline size_t fuzz_left(const struct fuzz_input *input)
{
	return input->left;
}

static inline void fuzz_bytes(struct fuzz_input *input, void *to, size_t len)
{
	size_t n = len < input->left ? len : input->left;

	memset(to, 0, len);
	if (n) {
		memcpy(to, input->at, n);
		input->at += n;
		input->left -= n;
	}
}

static inline uint8_t fuzz_u8(struct fuzz_input *input)
{
	uint8_t value;

	fuzz_bytes(input, &value, sizeof(value));
	return value;
}

static inline uint32_t fuzz_u32(struct fuzz_input *input)
{
	uint32_t value;

	fuzz_bytes(input, &value, sizeof(value));
	return value;
}

static inline uint64_t fuzz_u64(struct fuzz_input *input)
{
	uint64_t value;

	fuzz_bytes(input, &value, sizeof(value));
	return value;
}

/* Where failures are told: tests/fuzz/run has the library's own messages thrown away. */
static int fuzz_stderr = STDERR_FILENO;

__attribute__((constructor)) static void fuzz_keep_stderr(void)
{
	fuzz_stderr = dup(STDERR_FILENO);
}

/* A failure that libFuzzer reports, with its input. */
#define FUZZ_ASSERT(condition, ...)                                                                \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			dprintf(fuzz_stderr, "FUZZ %s:%d: %s: ", __FILE__, __LINE__, #condition);  \
			dprintf(fuzz_stderr, __VA_ARGS__);                                         \
			dprintf(fuzz_stderr, "\n");                                                \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

/* A new directory for runtimes, in TMPDIR: who runs the target removes it. */
static inline const char *fuzz_directory(void)
{
	static char dir[64];
	const char *tmp = getenv("TMPDIR");

	snprintf(dir, sizeof(dir), "%s/fuzz-XXXXXX", tmp ? tmp : "/tmp");
	FUZZ_ASSERT(mkdtemp(dir), "%s cannot be made", dir);
	setenv("RCUMEM_RUNTIME_DIR", dir, 1);
	return dir;
}

#endif /* FUZZ_H */
