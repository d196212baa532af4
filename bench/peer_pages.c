/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What rcumem_pages_alloc() and rcumem_pages_free() cost beside the kernel work
 * that they cannot avoid: the same pages by a bare fallocate() and a bare
 * punched hole.  Usage: peer-pages PAGES ROUNDS.
 *
 * Prints a line for each round: microseconds of our alloc and touch, the bare
 * alloc and touch, our free, the bare punch; then whether another program
 * preempted our free, and the bare punch (0 or 1).  Both sides of a round run on the
 * same CPU and take turns to be first; either gives its pages back before the
 * other starts, so both draw from the same pool.
 */
#include <fcntl.h>
#include <linux/memfd.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <rcumem.h>
#include <rte_errno.h>

#define PAGE_SZ  (2u << 20)
#define WARM_CNT 2 /* Rounds not printed: page tables and the pool settle. */

struct cost {
	double alloc_us, free_us;
	bool preempted; /* During the free, which is short enough to go without. */
};

/* The bare side: a file like the one behind a memseg list, mapped once. */
static int bare_fd;
static char *bare_va;

static double now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e6 + (double)ts.tv_nsec / 1e3;
}

static long preemptions(void)
{
	struct rusage usage;

	getrusage(RUSAGE_THREAD, &usage);
	return usage.ru_nivcsw;
}

static void touch(char *va, size_t len)
{
	for (size_t off = 0; off < len; off += PAGE_SZ)
		*(volatile char *)(va + off) = 1;
}

static int bare_prepare(size_t len)
{
	bare_fd = memfd_create("bare", MFD_CLOEXEC | MFD_HUGETLB | MFD_HUGE_2MB);
	if (bare_fd < 0 || ftruncate(bare_fd, (off_t)len)) {
		perror("peer-pages: memfd");
		return -1;
	}
	bare_va = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_NORESERVE, bare_fd, 0);
	if (bare_va == MAP_FAILED) {
		perror("peer-pages: mmap");
		return -1;
	}
	return 0;
}

static int bare_round(size_t len, struct cost *cost)
{
	double t0 = now_us(), t1, t2;
	long before;

	if (fallocate(bare_fd, 0, 0, (off_t)len)) {
		perror("peer-pages: fallocate");
		return -1;
	}
	touch(bare_va, len);
	before = preemptions();
	t1 = now_us();
	if (fallocate(bare_fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, (off_t)len)) {
		perror("peer-pages: punch");
		return -1;
	}
	t2 = now_us();
	*cost = (struct cost){
		.alloc_us = t1 - t0, .free_us = t2 - t1, .preempted = preemptions() != before};
	return 0;
}

static int our_round(size_t len, struct cost *cost)
{
	double t0 = now_us(), t1, t2;
	char *va = rcumem_pages_alloc(len, PAGE_SZ, SOCKET_ID_ANY, 0);
	long before;

	if (!va) {
		fprintf(stderr, "peer-pages: alloc: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	touch(va, len);
	before = preemptions();
	t1 = now_us();
	if (rcumem_pages_free(va, len)) {
		fprintf(stderr, "peer-pages: free: %s\n", rte_strerror(rte_errno));
		return -1;
	}
	t2 = now_us();
	*cost = (struct cost){
		.alloc_us = t1 - t0, .free_us = t2 - t1, .preempted = preemptions() != before};
	return 0;
}

/* Pin the thread to the `index`-th of the CPUs it may use, round robin. */
static void pin(const cpu_set_t *allowed, unsigned int index)
{
	unsigned int left = index % (unsigned int)CPU_COUNT(allowed);
	cpu_set_t set;

	CPU_ZERO(&set);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, allowed) && left-- == 0) {
			CPU_SET(cpu, &set);
			break;
		}
	}
	sched_setaffinity(0, sizeof(set), &set);
}

static int run(size_t len, unsigned int rounds)
{
	struct cost ours, bare;
	cpu_set_t allowed;

	sched_getaffinity(0, sizeof(allowed), &allowed);
	for (unsigned int i = 0; i < rounds + WARM_CNT; i++) {
		bool bare_first = i / 2 % 2;

		pin(&allowed, i);
		if ((bare_first && bare_round(len, &bare)) || our_round(len, &ours) ||
			(!bare_first && bare_round(len, &bare)))
			return -1;
		if (i >= WARM_CNT)
			printf("%.1f %.1f %.1f %.1f %d %d\n", ours.alloc_us, bare.alloc_us,
				ours.free_us, bare.free_us, ours.preempted, bare.preempted);
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct rcumem_options opts = {.sz = sizeof(opts), .iova_mode = RCUMEM_IOVA_VA};
	size_t len;
	int err;

	if (argc != 3) {
		fprintf(stderr, "usage: peer-pages PAGES ROUNDS\n");
		return 2;
	}
	len = strtoul(argv[1], NULL, 10) * PAGE_SZ;
	if (rcumem_init(&opts)) {
		fprintf(stderr, "peer-pages: rcumem does not start: %s\n", rte_strerror(rte_errno));
		return 1;
	}
	err = bare_prepare(len) || run(len, (unsigned int)strtoul(argv[2], NULL, 10));
	rcumem_fini();
	return err ? 1 : 0;
}
