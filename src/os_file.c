/* SPDX-License-Identifier: BSD-3-Clause */
/* Reading a sparse file without filling its holes. */

#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os.h"

int os_file_len(int fd, uint64_t *len)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*len = (uint64_t)st.st_size;
	return 0;
}

int os_file_held(int fd, uint64_t *len)
{
	struct stat st;

	if (fstat(fd, &st))
		return -errno;
	*len = (uint64_t)st.st_blocks * 512;
	return 0;
}

int os_file_read(int fd, void *buffer, uint64_t len, uint64_t off)
{
	char *to = buffer;

	while (len) {
		ssize_t n = pread(fd, to, len, (off_t)off);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? -errno : -ENODATA;
		to += n;
		off += (uint64_t)n;
		len -= (uint64_t)n;
	}
	return 0;
}

int os_file_data(int fd, uint64_t from, uint64_t *begin, uint64_t *end)
{
	off_t data = lseek(fd, (off_t)from, SEEK_DATA);
	off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);

	if (hole < 0) /* No data, or none any more. */
		return errno == ENXIO ? -ENOENT : -errno;
	*begin = (uint64_t)data;
	*end = (uint64_t)hole;
	return 0;
}
