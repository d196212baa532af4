/* SPDX-License-Identifier: BSD-3-Clause */
/* Physical addresses from /proc/self/pagemap. */

#include <fcntl.h>
#include <unistd.h>

#include "os.h"

#define PAGEMAP_PRESENT (1ull << 63)
#define PAGEMAP_PFN     ((1ull << 55) - 1)

uint64_t os_virt2phys(const void *virt)
{
	uint64_t va = (uint64_t)(uintptr_t)virt;
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t entry = 0;
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return OS_BAD_PHYS;
	got = pread(fd, &entry, sizeof(entry), (off_t)(va / page * sizeof(entry)));
	close(fd);
	/* Without CAP_SYS_ADMIN the frame number reads as 0; a page that is swapped out has none.
	 */
	if (got != sizeof(entry) || !(entry & PAGEMAP_PRESENT) || !(entry & PAGEMAP_PFN))
		return OS_BAD_PHYS;
	return (entry & PAGEMAP_PFN) * page + va % page;
}
