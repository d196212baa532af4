/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef REGION_CHECK_H
#define REGION_CHECK_H

/*
 * Whether a file is a control region that this build can work with, before
 * anything in it is believed.
 *
 * Reads sizeof(struct region) bytes, at any address: pointers are compared as
 * numbers with what the layout says.  A caller that maps a file which others
 * may write passes a private copy of the header, so that nothing changes
 * between the check and its use.
 */

#include <stdint.h>

#include "region_layout.h"

/*
 * 0; -EPROTO: a region of another build; -EBADMSG: damaged, or none at all.
 * `file_len` is the length of its file.  A refusal logs one message.
 */
int region_check_header(const struct region *region, uint64_t file_len);

/* The same of a file, through a private copy: its layout with the shape that it was made from, and
 * the address it belongs to. */
int region_check_file(
	int fd, struct region_layout *layout, struct region_shape *shape, uint64_t *base);

/* What is wrong, as words, with *err as above; NULL when nothing is. */
const char *region_header_fault(const struct region *region, uint64_t file_len, int *err);

#endif /* REGION_CHECK_H */
