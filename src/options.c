/* SPDX-License-Identifier: BSD-3-Clause */
/* Options and environment of rcumem_init(): reading and checking. */

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "options.h"
#include "os.h"
#include "region.h"

#define PAGE_SHIFT_MAX 34 /* 16 GiB */

/* Copy what both sides know; what only the caller knows must be zero. */
static int copy_given(const struct rcumem_options *given, struct rcumem_options *opts)
{
	const unsigned char *bytes = (const unsigned char *)given;

	*opts = (struct rcumem_options){.sz = sizeof(*opts)};
	if (given == NULL)
		return 0;
	if (given->sz < sizeof(given->sz))
		return -EINVAL;
	if (given->sz > OS_PAGE)
		return -E2BIG;
	for (size_t i = sizeof(*opts); i < given->sz; i++)
		if (bytes[i])
			return -E2BIG;
	memcpy(opts, given, given->sz < sizeof(*opts) ? given->sz : sizeof(*opts));
	opts->sz = sizeof(*opts);
	return 0;
}

static int read_environment(struct rcumem_options *opts)
{
	const char *log = getenv("RCUMEM_LOG");
	const char *mode = getenv("RCUMEM_IOVA_MODE");
	const char *base = getenv("RCUMEM_BASE_VA");
	char *end;

	if (log && log_set_level(log))
		return -EINVAL;
	if (opts->prefix == NULL)
		opts->prefix = getenv("RCUMEM_PREFIX");
	if (opts->iova_mode == RCUMEM_IOVA_DEFAULT && mode) {
		if (strcmp(mode, "pa") && strcmp(mode, "va"))
			return -EINVAL;
		opts->iova_mode = mode[0] == 'p' ? RCUMEM_IOVA_PA : RCUMEM_IOVA_VA;
	}
	if (opts->base_va == 0 && base) {
		errno = 0;
		opts->base_va = strtoull(base, &end, 0);
		if (errno || end == base || *end || opts->base_va == 0)
			return -EINVAL;
	}
	return 0;
}

bool options_prefix_ok(const char *prefix)
{
	static const char allowed[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
	size_t len = strlen(prefix);

	return len >= 1 && len <= 63 && prefix[0] != '.' && strspn(prefix, allowed) == len;
}

static void set_default(unsigned int *value, unsigned int fallback)
{
	if (*value == 0)
		*value = fallback;
}

static int check(const struct rcumem_options *opts)
{
	const uint64_t va_end = 1ull << 47;

	if (opts->prefix && !options_prefix_ok(opts->prefix))
		return -EINVAL;
	if ((unsigned int)opts->attach > RCUMEM_ATTACH_JOIN ||
		(opts->attach == RCUMEM_ATTACH_JOIN && opts->prefix == NULL))
		return -EINVAL;
	if (opts->iova_mode != RCUMEM_IOVA_PA && opts->iova_mode != RCUMEM_IOVA_VA)
		return -EINVAL;
	if (opts->base_va % REGION_ALIGN || opts->base_va >= va_end || opts->list_len > va_end)
		return -EINVAL;
	if (opts->page_sizes & ~os_page_sizes() || opts->page_sizes >> (PAGE_SHIFT_MAX + 1))
		return -EINVAL;
	/* A list has at most INT_MAX pages, as an fbarray has elements. */
	if (opts->list_len / (opts->page_sizes & -opts->page_sizes) >
		INT_MAX - REGION_ALIGN / OS_PAGE)
		return -EINVAL;
	if (opts->dma_mask_bits > 63 || opts->nrank > 16)
		return -EINVAL;
	if (opts->max_lists > REGION_LISTS_MAX || opts->max_readers > 1u << 20 ||
		opts->max_nodes > 1u << 24)
		return -EINVAL;
	return 0;
}

int options_read(const struct rcumem_options *given, struct rcumem_options *opts)
{
	int err = copy_given(given, opts);

	if (!err)
		err = read_environment(opts);
	if (err)
		return err;
	if (opts->iova_mode == RCUMEM_IOVA_DEFAULT)
		opts->iova_mode = RCUMEM_IOVA_VA;
	if (opts->page_sizes == 0) {
		opts->page_sizes = os_page_sizes();
		opts->page_sizes &= (REGION_ALIGN << 1) - 1;
	}
	set_default(&opts->max_lists, 512);
	set_default(&opts->max_readers, 1024);
	set_default(&opts->max_nodes, 65536);
	set_default(&opts->free_timeout_ms, 1000);
	set_default(&opts->lock_timeout_ms, 5000);
	set_default(&opts->event_timeout_ms, 5000);
	return check(opts);
}
