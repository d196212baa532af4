// SPDX-License-Identifier: BSD-3-Clause
/* The front end's memory: regions that come and go, and buffers in them. */

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "peer.h"

/* A file that nobody can shrink: what a careful front end hands over. */
static int sealed_file(uint64_t len, bool huge)
{
	int fd = memfd_create(
		"vhost-peer", MFD_CLOEXEC | MFD_ALLOW_SEALING | (huge ? MFD_HUGETLB : 0));

	if (fd < 0)
		return -errno;
	if (ftruncate(fd, (off_t)len) == 0 &&
		fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0)
		return fd;
	int err = -errno;

	close(fd);
	return err;
}

static uint32_t first_region(const struct peer_memory *memory, uint32_t buffer)
{
	return (uint32_t)(peer_buffer_gpa(buffer) / memory->region_len);
}

static uint32_t last_region(const struct peer_memory *memory, uint32_t buffer)
{
	return (uint32_t)((peer_buffer_gpa(buffer) + PEER_BUFFER - 1) / memory->region_len);
}

/* Over what is mapped there: regions stay side by side, so that a buffer may lie in two. */
static int map_file(void *va, uint64_t len, int fd)
{
	void *got =
		mmap(va, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED | MAP_POPULATE, fd, 0);

	return got == MAP_FAILED ? -errno : 0;
}

int peer_region_map(struct peer_memory *memory, unsigned int i)
{
	int fd = sealed_file(memory->region_len, memory->huge);
	int err =
		fd < 0 ? fd : map_file(memory->va + i * memory->region_len, memory->region_len, fd);

	if (err && fd >= 0)
		close(fd);
	if (!err)
		memory->regions[i].fd = fd;
	return err;
}

void peer_region_unmap(struct peer_memory *memory, unsigned int i)
{
	mmap(memory->va + i * memory->region_len, memory->region_len, PROT_NONE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
	close(memory->regions[i].fd);
	memory->regions[i].fd = -1;
}

/* Reserve a stretch for all regions, aligned for huge pages. */
static char *reserve(uint64_t len)
{
	const uint64_t align = 1u << 21;
	char *va = mmap(
		NULL, len + align, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return va == MAP_FAILED ? NULL : (char *)(((uintptr_t)va + align - 1) & -align);
}

static int add_buffers(struct peer_memory *memory)
{
	uint64_t end = memory->region_len * memory->cnt;
	size_t most = memory->region_len / PEER_BUFFER + 2;

	for (unsigned int i = 0; i < memory->cnt; i++) {
		memory->regions[i].free_list = calloc(most, sizeof(uint32_t));
		if (!memory->regions[i].free_list)
			return -ENOMEM;
	}
	for (uint32_t buffer = 0; peer_buffer_gpa(buffer) + PEER_BUFFER <= end; buffer++) {
		struct peer_region *region = &memory->regions[first_region(memory, buffer)];

		region->free_list[region->free_cnt++] = buffer;
	}
	return 0;
}

int peer_memory_init(struct peer_memory *memory, const struct peer_options *options)
{
	int err = 0;

	memset(memory, 0, sizeof(*memory));
	memory->huge = options->huge;
	memory->cnt = options->regions;
	memory->region_len = (uint64_t)options->region_kb << 10;
	memory->rings_len = options->huge ? 2u << 20 : PEER_RINGS * PEER_RING_SPAN;
	memory->va = reserve(memory->region_len * memory->cnt);
	memory->rings = reserve(memory->rings_len);
	if (!memory->va || !memory->rings)
		return -ENOMEM;
	memory->rings_fd = sealed_file(memory->rings_len, options->huge);
	if (memory->rings_fd < 0)
		return memory->rings_fd;
	err = map_file(memory->rings, memory->rings_len, memory->rings_fd);
	for (unsigned int i = 0; i < memory->cnt && !err; i++)
		err = peer_region_map(memory, i);
	return err ? err : add_buffers(memory);
}

void peer_memory_fini(struct peer_memory *memory)
{
	/* The process ends: the kernel unmaps and closes. */
	for (unsigned int i = 0; i < memory->cnt; i++)
		free(memory->regions[i].free_list);
}

struct vhost_region peer_region_wire(const struct peer_memory *memory, unsigned int i)
{
	return (struct vhost_region){
		.gpa = i * memory->region_len,
		.len = memory->region_len,
		.uaddr = (uint64_t)(uintptr_t)memory->va + i * memory->region_len,
	};
}

struct vhost_region peer_rings_wire(const struct peer_memory *memory)
{
	return (struct vhost_region){
		.gpa = memory->cnt * memory->region_len,
		.len = memory->rings_len,
		.uaddr = (uint64_t)(uintptr_t)memory->rings,
	};
}

uint32_t peer_buffer_get(struct peer_memory *memory)
{
	for (unsigned int tried = 0; tried < memory->cnt; tried++) {
		struct peer_region *region = &memory->regions[memory->next];
		uint32_t buffer, last;

		memory->next = (memory->next + 1) % memory->cnt;
		if (region->state != REGION_ACTIVE || !region->free_cnt)
			continue;
		/* From the old end, so that all buffers come to their turn. */
		buffer = region->free_list[0];
		last = last_region(memory, buffer);
		memmove(region->free_list, region->free_list + 1,
			--region->free_cnt * sizeof(*region->free_list));
		if (memory->regions[last].state != REGION_ACTIVE) {
			region->free_list[region->free_cnt++] = buffer;
			continue;
		}
		region->busy++;
		if (last != first_region(memory, buffer))
			memory->regions[last].busy++;
		return buffer;
	}
	return UINT32_MAX;
}

void peer_buffer_put(struct peer_memory *memory, uint32_t buffer)
{
	uint32_t first = first_region(memory, buffer), last = last_region(memory, buffer);
	struct peer_region *region = &memory->regions[first];

	region->free_list[region->free_cnt++] = buffer;
	region->busy--;
	if (last != first)
		memory->regions[last].busy--;
}
