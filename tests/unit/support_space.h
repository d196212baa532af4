/* SPDX-License-Identifier: BSD-3-Clause */
#ifndef SUPPORT_SPACE_H
#define SUPPORT_SPACE_H

/* Files and regions for address spaces, and a thread that can be told to be inside a section. */

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "support.h"
#include "support_actor.h"

/* Address space without memory, for regions that are only translated. */
static char *const nowhere = (char *)(1ull << 46);

/* A memfd of `pages` pages of this run. */
static inline int file_new(size_t pages)
{
	unsigned int flags = MFD_CLOEXEC | (page_sz == RTE_PGSIZE_2M ? MFD_HUGETLB : 0);
	int fd = memfd_create("space", flags);

	if (fd < 0 || ftruncate(fd, (off_t)(pages * page_sz)))
		fail_msg("memfd of %zu pages: %s", pages, strerror(errno));
	return fd;
}

/* What file_stamp() writes at an offset, a multiple of 8. */
static inline uint64_t stamp_at(uint64_t tag, uint64_t off)
{
	return tag << 48 | off;
}

static inline void file_stamp(int fd, size_t pages, uint64_t tag)
{
	uint64_t *words = mmap(NULL, pages * page_sz, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (words == MAP_FAILED)
		fail_msg("mmap: %s", strerror(errno));
	for (uint64_t off = 0; off < pages * page_sz; off += 8)
		words[off / 8] = stamp_at(tag, off);
	munmap(words, pages * page_sz);
}

static inline struct rcumem_region region_va(uint64_t iova, uint64_t len, void *va)
{
	return (struct rcumem_region){.iova = iova, .len = len, .va = va, .fd = -1};
}

static inline struct rcumem_region region_fd(uint64_t iova, uint64_t len, int fd, uint64_t off)
{
	return (struct rcumem_region){.iova = iova, .len = len, .fd = fd, .fd_off = off};
}

static inline struct rcumem_space *space_new(void)
{
	struct rcumem_space *space = rcumem_space_create();

	if (space == NULL)
		fail_msg("rcumem_space_create: %s", strerror(rte_errno));
	return space;
}

#define assert_works(call)                                                                         \
	do {                                                                                       \
		if ((call) != 0)                                                                   \
			fail_msg(#call ": %s", strerror(rte_errno));                               \
	} while (0)

static inline void add_va(struct rcumem_space *space, uint64_t iova, uint64_t len, void *va)
{
	struct rcumem_region region = region_va(iova, len, va);

	assert_works(rcumem_space_register(space, &region));
}

static inline void add_fd(
	struct rcumem_space *space, uint64_t iova, uint64_t len, int fd, uint64_t off)
{
	struct rcumem_region region = region_fd(iova, len, fd, off);

	assert_works(rcumem_space_register(space, &region));
}

/* Translate one byte inside a section of its own. */
static inline char *virt_of(const struct rcumem_space *space, uint64_t iova)
{
	char *va;

	assert_works(rcumem_read_lock());
	va = rcumem_iova2virt(space, iova, NULL);
	rcumem_read_unlock();
	return va;
}

/* Translate `want` bytes: the address, and how many are contiguous. */
static inline char *virt_len_of(const struct rcumem_space *space, uint64_t iova, uint64_t *len)
{
	char *va;

	assert_works(rcumem_read_lock());
	va = rcumem_iova2virt(space, iova, len);
	rcumem_read_unlock();
	return va;
}

static inline unsigned int count_of(const struct rcumem_space *space)
{
	unsigned int count;

	assert_works(rcumem_read_lock());
	count = rcumem_map_count(rcumem_space_map(space));
	rcumem_read_unlock();
	return count;
}

static inline void *user_of(const struct rcumem_space *space)
{
	void *user;

	assert_works(rcumem_read_lock());
	user = rcumem_map_user(rcumem_space_map(space));
	rcumem_read_unlock();
	return user;
}

/* Pages of the file behind `fd` that are mapped in this process; mappings side by side look like
 * one. */
static inline uint64_t mapped_pages(int fd)
{
	FILE *maps = fopen("/proc/self/maps", "re");
	unsigned long long begin, end, ino;
	uint64_t bytes = 0;
	char line[512];
	struct stat st;

	if (maps == NULL || fstat(fd, &st))
		fail_msg("maps or fstat: %s", strerror(errno));
	while (fgets(line, sizeof(line), maps))
		if (sscanf(line, "%llx-%llx %*s %*s %*s %llu", &begin, &end, &ino) == 3 &&
			ino == st.st_ino && strstr(line, "memfd:space"))
			bytes += end - begin;
	fclose(maps);
	return bytes / page_sz;
}

/* What an actor may be told to do. */
static inline int do_lock(void *arg)
{
	(void)arg;
	return rcumem_read_lock();
}

static inline int do_unlock(void *arg)
{
	(void)arg;
	rcumem_read_unlock();
	return 0;
}

static inline int do_register(void *arg)
{
	(void)arg;
	return rcumem_reader_register();
}

static inline int do_quiescent(void *arg)
{
	(void)arg;
	rcumem_reader_quiescent();
	return 0;
}

#endif /* SUPPORT_SPACE_H */
