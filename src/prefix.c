/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "prefix.h"

int prefix_claim(const char *prefix)
{
	struct sockaddr_un addr = {.sun_family = AF_UNIX};
	int len = snprintf(
		addr.sun_path + 1, sizeof(addr.sun_path) - 1, "rcumem/%u/%s", geteuid(), prefix);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&addr,
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (unsigned int)len))) {
		err = errno == EADDRINUSE ? -EBUSY : -errno;
		close(fd);
		return err;
	}
	return fd;
}
